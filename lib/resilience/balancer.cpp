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
// What is added to the load of one that runs as many calls as it may while it is new: more than any
// load.
constexpr double full_load = 1e9;
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
    turns_.reserve(endpoints_.capacity());  // so that no later change allocates
  }
  // Those of the beginning are all new, and have to take what there is.
  const std::uint32_t running_max = has_picked_ ? 1 : 0;
  *place = {.weight = std::min(weight, weight_max), .is_known = true, .running_max = running_max};
  place->turn = turn_after(round_, place->weight, 2);
  const auto endpoint = static_cast<std::uint32_t>(place - endpoints_.begin());
  sort_in(endpoint);
  line_up();
  return endpoint;
}

balancer::endpoint_state& balancer::state_of(std::uint32_t endpoint) noexcept {
  FERRULE_ASSERT(endpoint < endpoints_.size(), "this balancer has no such endpoint");
  return endpoints_[endpoint];
}

void balancer::remove(std::uint32_t endpoint) noexcept {
  state_of(endpoint).is_known = false;
  sort_in(endpoint);
  line_up();
}

void balancer::set_weight(std::uint32_t endpoint, std::uint32_t weight) noexcept {
  endpoint_state& state = state_of(endpoint);
  state.weight = std::min(weight, weight_max);
  state.turn = turn_after(round_, state.weight, 2);  // what other weights earned is forgotten
  sort_in(endpoint);
  line_up();
}

void balancer::set_available(std::uint32_t endpoint, bool is_available) noexcept {
  endpoint_state& state = state_of(endpoint);
  if (state.is_available == is_available) return;
  state.is_available = is_available;
  // What it missed is not made up for.
  if (is_available) state.turn = std::max(state.turn, round_);
  sort_in(endpoint);
  line_up();
}

void balancer::set_doubted(std::uint32_t endpoint, bool is_doubted) noexcept {
  endpoint_state& state = state_of(endpoint);
  if (state.is_doubted == is_doubted) return;
  state.is_doubted = is_doubted;
  sort_in(endpoint);
}

const weighted_choice& balancer::choice(pick_from from) const noexcept {
  switch (from) {
    case pick_from::good:
      return good_;
    case pick_from::available:
      break;
    case pick_from::any:
      return any_;
  }
  return available_;
}

/// Puts an endpoint among those where it belongs now. Allocates for one that is new.
void balancer::sort_in(std::uint32_t endpoint) {
  const endpoint_state& state = endpoints_[endpoint];
  const std::uint32_t weight = state.is_known ? state.weight : 0;
  const std::uint32_t available = state.is_available ? weight : 0;
  if (available_.weight_of(endpoint) != 0) --ready_;
  if (available != 0) ++ready_;
  any_.set(endpoint, weight);
  available_.set(endpoint, available);
  good_.set(endpoint, state.is_doubted ? 0 : available);
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
  if (settings_.algorithm != balancing::round_robin) return;
  turns_.clear();
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    if (available_.weight_of(i) != 0) turns_.push_back(i);
  }
  std::make_heap(turns_.begin(), turns_.end(),
                 [this](auto one, auto other) { return is_later(one, other); });
}

std::optional<std::uint32_t> balancer::pick(mono_time now, rng& random) noexcept {
  if (settings_.algorithm != balancing::round_robin || ready_ == 0) return pick(now, random, {});
  pick_decision pick{.at_ns = nanoseconds_of(now), .ready = ready_};
  next_in_turn(pick);
  return take(pick);
}

std::optional<std::uint32_t> balancer::pick(mono_time now, rng& random,
                                            const pick_scope& among) noexcept {
  pick_decision pick{.at_ns = nanoseconds_of(now), .ready = ready_};
  if (better_of_two(pick, now, random, among)) return take(pick);
  ++none_ready_;
  return std::nullopt;
}

std::uint32_t balancer::take(const pick_decision& pick) noexcept {
  log_.add(pick);
  endpoint_state& picked = endpoints_[pick.picked];
  ++picked.running;
  ++running_;
  has_picked_ = true;
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
  return ready_ == 0 ? 1 : static_cast<double>(available_.total()) / ready_;
}

double balancer::latency_cost(endpoint_state& state, mono_time now) noexcept {
  observe(state, now, 0);
  const bool is_unknown = state.latency_ns == 0 && state.running != 0;
  if (is_unknown || is_full(state)) return unknown_latency_ns + state.running;
  // By weights in proportion to each other, so that 100 and 200 do as 1 and 2.
  return state.latency_ns * (1 + state.running * mean_weight() / state.weight);
}

double balancer::cost(endpoint_state& state, mono_time now) noexcept {
  const bool is_by_latency = settings_.algorithm == balancing::peak_ewma;
  return is_by_latency ? latency_cost(state, now) : load_cost(state, now);
}

double balancer::load_cost(const endpoint_state& state, mono_time now) const noexcept {
  const double penalty = state.penalty == 0 ? 0 : decayed(state.penalty, state.penalised, now);
  return (is_full(state) ? full_load : 0) + (state.running + penalty) / state.weight;
}

/// Whether it gets this call, for which it was drawn, without being compared. Of two different
/// endpoints that are drawn, one with more than half of the weight would get its part only if the
/// other lost most comparisons, which, of two that are idle, says nothing about them.
bool balancer::is_due(std::uint32_t endpoint, rng& random, const pick_scope& among) const noexcept {
  if (is_full(endpoints_[endpoint])) return false;
  const weighted_choice& all = choice(among.from);
  const std::uint64_t own = all.weight_of(endpoint);
  const std::uint64_t others = all.total_without(among.avoided) - own;
  // Drawn with the probability own / (own + others), so that this is (own - others) of all.
  return own > others && random.below(own) < own - others;
}

bool balancer::better_of_two(pick_decision& pick, mono_time now, rng& random,
                             const pick_scope& among) noexcept {
  const weighted_choice& all = choice(among.from);
  const auto first = all.draw(random, among.avoided);
  if (!first) return false;
  pick.picked = *first;
  pick.picked_cost = cost(endpoints_[*first], now);
  if (!is_due(*first, random, among)) pick.other = all.draw(random, among.avoided, first);
  if (!pick.other) return true;
  pick.other_cost = cost(endpoints_[*pick.other], now);
  if (pick.other_cost < pick.picked_cost) {
    std::swap(pick.picked, *pick.other);
    std::swap(pick.picked_cost, pick.other_cost);
  }
  return true;
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
  if (said == latency_signal::taken) grow(state);
  if (said != latency_signal::penalised) return;
  const double before = decayed(state.penalty, state.penalised, now);
  state.penalty = std::min(before + penalty_calls, penalty_calls_max);
  state.penalised = now;
}

/// An endpoint that is new may run one call more, or is new no longer.
void balancer::grow(endpoint_state& state) noexcept {
  if (state.running_max == 0) return;
  ++state.running_max;
  const std::uint64_t others = ready_ == 0 ? 0 : running_ / ready_;
  if (state.running_max > 2 * others) state.running_max = 0;
}

void balancer::forget(std::uint32_t endpoint) noexcept {
  endpoint_state& state = state_of(endpoint);
  state.latency_ns = state.penalty = 0;
  state.running_max = 1;
}

void balancer::cancel(std::uint32_t endpoint) noexcept {
  endpoint_state& state = state_of(endpoint);
  FERRULE_ASSERT(state.running != 0, "no call of this endpoint has begun");
  --state.running;
  --running_;
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
