#include "ferrule/resilience/balancer.hpp"

#include <algorithm>
#include <cmath>

#include "ferrule/core/assert.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

// What an endpoint costs whose first call has not ended: more than any latency, so that it gets one
// call to show itself and no second one. Finagle's number, about 39 hours.
constexpr double unknown_latency_ns = 140737488355327;

balancer_settings in_range(balancer_settings settings) {
  settings.decay = std::max<nanoseconds>(settings.decay, std::chrono::milliseconds(1));
  return settings;
}

}  // namespace

balancer::balancer(const balancer_settings& settings, rng& random)
    : settings_(in_range(settings)), first_turn_(random()), log_(settings.decisions_max) {}

std::optional<std::uint32_t> balancer::add(std::uint32_t weight) {
  const auto is_free = [](const endpoint_state& s) { return !s.is_known && s.running == 0; };
  auto place = std::find_if(endpoints_.begin(), endpoints_.end(), is_free);
  if (place == endpoints_.end()) {
    if (endpoints_.size() >= settings_.endpoints_max) return std::nullopt;
    place = endpoints_.emplace(place);
    ready_.reserve(endpoints_.capacity());  // so that no later change allocates
  }
  *place = {.weight = std::min(weight, weight_max), .is_known = true};
  find_ready();
  return static_cast<std::uint32_t>(place - endpoints_.begin());
}

balancer::endpoint_state& balancer::state_of(std::uint32_t endpoint) noexcept {
  FERRULE_ASSERT(endpoint < endpoints_.size(), "this balancer has no such endpoint");
  return endpoints_[endpoint];
}

void balancer::remove(std::uint32_t endpoint) noexcept {
  state_of(endpoint).is_known = false;
  find_ready();
}

void balancer::set_weight(std::uint32_t endpoint, std::uint32_t weight) noexcept {
  state_of(endpoint).weight = std::min(weight, weight_max);
  find_ready();
}

void balancer::set_available(std::uint32_t endpoint, bool is_available) noexcept {
  state_of(endpoint).is_available = is_available;
  find_ready();
}

void balancer::find_ready() noexcept {
  ready_.clear();
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    endpoint_state& state = endpoints_[i];
    state.turns = 0;  // what was earned by other weights could take long to pay back
    if (state.is_known && state.is_available && state.weight != 0) {
      ready_.push_back({i, sum += state.weight});
    }
  }
}

std::size_t balancer::ready_at(std::uint64_t weight) const noexcept {
  const auto is_before = [](std::uint64_t w, const ready_endpoint& r) { return w < r.weights_end; };
  return static_cast<std::size_t>(
      std::upper_bound(ready_.begin(), ready_.end(), weight, is_before) - ready_.begin());
}

std::optional<std::uint32_t> balancer::pick(mono_time now, rng& random) noexcept {
  if (ready_.empty()) {
    ++none_ready_;
    return std::nullopt;
  }
  pick_decision pick{.at_ns = nanoseconds_of(now),
                     .ready = static_cast<std::uint32_t>(ready_.size())};
  switch (settings_.algorithm) {
    case balancing::peak_ewma:
      better_of_two(pick, now, random);
      break;
    case balancing::least_request:
      least_requests(pick, random);
      break;
    case balancing::round_robin:
      next_in_turn(pick);
      break;
  }
  log_.add(pick);
  endpoint_state& picked = endpoints_[pick.picked];
  ++picked.running;
  ++picked.picks;
  return pick.picked;
}

void balancer::observe(endpoint_state& state, mono_time now, double latency_ns) noexcept {
  const std::chrono::duration<double> passed = std::max(now - state.seen, mono_time::duration(0));
  const double kept = std::exp(-(passed / std::chrono::duration<double>(settings_.decay)));
  state.latency_ns = std::max(latency_ns, state.latency_ns * kept + latency_ns * (1 - kept));
  state.seen = std::max(state.seen, now);
}

double balancer::cost_of(endpoint_state& state, mono_time now) noexcept {
  observe(state, now, 0);
  if (state.latency_ns == 0 && state.running != 0) return unknown_latency_ns + state.running;
  // By weights in proportion to each other, so that 100 and 200 do as 1 and 2.
  const double mean_weight = static_cast<double>(weights()) / static_cast<double>(ready_.size());
  return state.latency_ns * (1 + state.running * mean_weight / state.weight);
}

void balancer::better_of_two(pick_decision& pick, mono_time now, rng& random) noexcept {
  const std::size_t first = ready_at(random.below(weights()));
  pick.picked = ready_[first].endpoint;
  endpoint_state& state = endpoints_[pick.picked];
  pick.picked_cost = cost_of(state, now);
  if (ready_.size() == 1) return;

  // The second is drawn from all weights without those of the first.
  std::uint64_t at = random.below(weights() - state.weight);
  if (at >= ready_[first].weights_end - state.weight) at += state.weight;
  pick.other = ready_[ready_at(at)].endpoint;
  pick.other_cost = cost_of(endpoints_[*pick.other], now);
  if (pick.other_cost < pick.picked_cost) {
    std::swap(pick.picked, *pick.other);
    std::swap(pick.picked_cost, pick.other_cost);
  }
}

void balancer::least_requests(pick_decision& pick, rng& random) noexcept {
  std::uint64_t equals = 0;
  for (const ready_endpoint& ready : ready_) {
    const endpoint_state& state = endpoints_[ready.endpoint];
    const double cost = (state.running + 1.0) / state.weight;
    if (equals == 0 || cost < pick.picked_cost) {
      equals = 0;
    } else if (cost > pick.picked_cost) {
      continue;
    }
    // Each of the equals so far is as likely to be the one.
    if (random.below(++equals) == 0) {
      pick.picked = ready.endpoint;
      pick.picked_cost = cost;
    }
  }
}

void balancer::next_in_turn(pick_decision& pick) noexcept {
  std::optional<std::int64_t> most;
  for (std::size_t i = 0; i != ready_.size(); ++i) {
    const std::uint32_t endpoint =
        ready_[(first_turn_ % ready_.size() + i) % ready_.size()].endpoint;
    endpoint_state& state = endpoints_[endpoint];
    state.turns += state.weight;
    if (most && state.turns <= *most) continue;
    most = state.turns;
    pick.picked = endpoint;
  }
  pick.picked_cost = static_cast<double>(*most);
  endpoints_[pick.picked].turns -= static_cast<std::int64_t>(weights());
}

void balancer::end(std::uint32_t endpoint, mono_time now, nanoseconds took) noexcept {
  cancel(endpoint);
  // A call of no measurable length still is one: 0 stands for what is not known.
  observe(endpoints_[endpoint], now, static_cast<double>(std::max(took, nanoseconds(1)).count()));
}

void balancer::cancel(std::uint32_t endpoint) noexcept {
  endpoint_state& state = state_of(endpoint);
  FERRULE_ASSERT(state.running != 0, "no call of this endpoint has begun");
  --state.running;
}

balancer_snapshot balancer::snapshot() const {
  balancer_snapshot all{.algorithm = settings_.algorithm, .none_ready = none_ready_};
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    const endpoint_state& s = endpoints_[i];
    if (!s.is_known) continue;
    all.endpoints.push_back({i, s.weight, s.is_available, s.running, s.latency_ns, s.picks});
  }
  return all;
}

}  // namespace ferrule
