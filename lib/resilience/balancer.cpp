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
// What a failure adds to the running calls of an endpoint, and to how many at the most.
constexpr double penalty_calls = 10;
constexpr double penalty_calls_max = 100;

balancer_settings in_range(balancer_settings settings) {
  settings.decay = std::max<nanoseconds>(settings.decay, std::chrono::milliseconds(1));
  settings.failure_cost = std::max(settings.failure_cost, nanoseconds(1));
  return settings;
}

/// The first turn of an endpoint lies half-way to its second, so that turns spread evenly.
double turn_after(double round, std::uint32_t weight, double parts = 1) {
  return round + 1 / (parts * std::max<std::uint32_t>(weight, 1));
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
    turns_.reserve(endpoints_.capacity());
  }
  *place = {.weight = std::min(weight, weight_max), .is_known = true};
  place->turn = turn_after(round_, place->weight, 2);
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
  endpoint_state& state = state_of(endpoint);
  state.weight = std::min(weight, weight_max);
  state.turn = turn_after(round_, state.weight, 2);  // what other weights earned is forgotten
  find_ready();
}

void balancer::set_available(std::uint32_t endpoint, bool is_available) noexcept {
  endpoint_state& state = state_of(endpoint);
  if (state.is_available == is_available) return;
  state.is_available = is_available;
  // What it missed is not made up for.
  if (is_available) state.turn = std::max(state.turn, round_);
  find_ready();
}

void balancer::find_ready() noexcept {
  ready_.clear();
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    const endpoint_state& state = endpoints_[i];
    if (state.is_known && state.is_available && state.weight != 0) {
      ready_.push_back({i, sum += state.weight});
    }
  }
  if (settings_.algorithm == balancing::round_robin) line_up();
}

/// Whether the turn of `one` comes after that of `other`; in one round they go on from a random
/// one.
bool balancer::is_later(std::uint32_t one, std::uint32_t other) const noexcept {
  const endpoint_state& a = endpoints_[one];
  const endpoint_state& b = endpoints_[other];
  if (a.turn != b.turn) return a.turn > b.turn;
  const auto all = static_cast<std::uint64_t>(endpoints_.size());
  const auto place = [&](std::uint64_t endpoint) {
    return (endpoint + all - first_turn_ % all) % all;
  };
  return place(one) > place(other);
}

void balancer::line_up() noexcept {
  turns_.clear();
  for (const ready_endpoint& each : ready_) turns_.push_back(each.endpoint);
  std::make_heap(turns_.begin(), turns_.end(),
                 [this](auto one, auto other) { return is_later(one, other); });
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
    case balancing::least_request:
      better_of_two(pick, now, random);
      break;
    case balancing::round_robin:
      next_in_turn(pick);
      break;
  }
  return take(pick);
}

std::optional<std::uint32_t> balancer::pick(mono_time now, rng& random,
                                            const pick_scope& among) noexcept {
  pick_decision pick{.at_ns = nanoseconds_of(now),
                     .ready = static_cast<std::uint32_t>(ready_.size())};
  if (cheapest(pick, now, random, among)) return take(pick);
  ++none_ready_;
  return std::nullopt;
}

std::uint32_t balancer::take(const pick_decision& pick) noexcept {
  log_.add(pick);
  endpoint_state& picked = endpoints_[pick.picked];
  ++picked.running;
  ++picked.picks;
  return pick.picked;
}

double balancer::decayed(double value, mono_time since, mono_time now) const noexcept {
  const std::chrono::duration<double> passed = std::max(now - since, mono_time::duration(0));
  return value * std::exp(-(passed / std::chrono::duration<double>(settings_.decay)));
}

void balancer::observe(endpoint_state& state, mono_time now, double latency_ns) noexcept {
  const double kept = decayed(1, state.seen, now);
  state.latency_ns = std::max(latency_ns, state.latency_ns * kept + latency_ns * (1 - kept));
  state.seen = std::max(state.seen, now);
}

double balancer::mean_weight() const noexcept {
  return ready_.empty() ? 1 : static_cast<double>(weights()) / static_cast<double>(ready_.size());
}

double balancer::latency_cost(endpoint_state& state, mono_time now) noexcept {
  observe(state, now, 0);
  if (state.latency_ns == 0 && state.running != 0) return unknown_latency_ns + state.running;
  // By weights in proportion to each other, so that 100 and 200 do as 1 and 2.
  return state.latency_ns * (1 + state.running * mean_weight() / state.weight);
}

double balancer::cost(endpoint_state& state, mono_time now) noexcept {
  const bool is_by_latency = settings_.algorithm == balancing::peak_ewma;
  return is_by_latency ? latency_cost(state, now) : load_cost(state, now);
}

double balancer::load_cost(const endpoint_state& state, mono_time now) const noexcept {
  const double penalty = state.penalty == 0 ? 0 : decayed(state.penalty, state.penalised, now);
  return (state.running + 1 + penalty) / state.weight;
}

void balancer::better_of_two(pick_decision& pick, mono_time now, rng& random) noexcept {
  const std::size_t first = ready_at(random.below(weights()));
  pick.picked = ready_[first].endpoint;
  endpoint_state& state = endpoints_[pick.picked];
  pick.picked_cost = cost(state, now);
  if (ready_.size() == 1) return;

  // The second is drawn from all weights without those of the first.
  std::uint64_t at = random.below(weights() - state.weight);
  if (at >= ready_[first].weights_end - state.weight) at += state.weight;
  pick.other = ready_[ready_at(at)].endpoint;
  pick.other_cost = cost(endpoints_[*pick.other], now);
  if (pick.other_cost < pick.picked_cost) {
    std::swap(pick.picked, *pick.other);
    std::swap(pick.picked_cost, pick.other_cost);
  }
}

bool balancer::cheapest(pick_decision& pick, mono_time now, rng& random,
                        const pick_scope& among) noexcept {
  std::uint64_t equals = 0;
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    endpoint_state& state = endpoints_[i];
    if (!state.is_known || state.weight == 0) continue;
    if (!state.is_available && !among.takes_unavailable) continue;
    if (std::ranges::binary_search(among.avoided, i)) continue;
    const double costs = cost(state, now);
    if (equals == 0 || costs < pick.picked_cost) {
      equals = 0;
    } else if (costs > pick.picked_cost) {
      continue;
    }
    // Each of the equals so far is as likely to be the one.
    if (random.below(++equals) == 0) {
      pick.picked = i;
      pick.picked_cost = costs;
    }
  }
  return equals != 0;
}

void balancer::next_in_turn(pick_decision& pick) noexcept {
  const auto later = [this](auto one, auto other) { return is_later(one, other); };
  std::pop_heap(turns_.begin(), turns_.end(), later);
  pick.picked = turns_.back();
  endpoint_state& state = endpoints_[pick.picked];
  pick.picked_cost = round_ = state.turn;
  state.turn = turn_after(state.turn, state.weight);
  std::push_heap(turns_.begin(), turns_.end(), later);
}

void balancer::end(std::uint32_t endpoint, mono_time now, nanoseconds took,
                   latency_signal said) noexcept {
  cancel(endpoint);
  if (said == latency_signal::none) return;
  endpoint_state& state = endpoints_[endpoint];
  // A call of no measurable length still is one: 0 stands for what is not known.
  nanoseconds counted = std::max(took, nanoseconds(1));
  const bool is_unknown = state.latency_ns == 0;
  if (said == latency_signal::penalised || (said == latency_signal::at_least && is_unknown)) {
    counted = std::max(counted, settings_.failure_cost);
  }
  auto latency_ns = static_cast<double>(counted.count());
  if (said == latency_signal::at_least) latency_ns = std::max(latency_ns, state.latency_ns);
  observe(state, now, latency_ns);
  if (said != latency_signal::penalised) return;
  const double before = decayed(state.penalty, state.penalised, now);
  state.penalty = std::min(before + penalty_calls, penalty_calls_max);
  state.penalised = now;
}

void balancer::forget(std::uint32_t endpoint) noexcept {
  endpoint_state& state = state_of(endpoint);
  state.latency_ns = state.penalty = 0;
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
