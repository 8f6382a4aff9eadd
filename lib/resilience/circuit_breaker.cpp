#include "ferrule/resilience/circuit_breaker.hpp"

#include <algorithm>

#include "ferrule/core/assert.hpp"

namespace ferrule {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t time_slices = 10;
// For whom nothing is known of the calls.
constexpr std::chrono::seconds slow_after_else{2};
constexpr std::chrono::seconds half_open_wait_else{30};

circuit_breaker_settings in_range(circuit_breaker_settings s) {
  s.window_calls = std::clamp<std::uint32_t>(s.window_calls, 1, 10'000);
  s.window_time = std::max<nanoseconds>(s.window_time, milliseconds(10));
  s.calls_min = std::max<std::uint32_t>(s.calls_min, 1);
  if (s.window == circuit_window::calls) s.calls_min = std::min(s.calls_min, s.window_calls);
  s.open_wait = std::max(s.open_wait, nanoseconds(0));
  s.open_wait_max = std::max(s.open_wait_max, s.open_wait);
  s.jitter = std::clamp(s.jitter, 0.0, 1.0);
  s.half_open_calls = std::max<std::uint32_t>(s.half_open_calls, 1);
  if (s.slow_after == nanoseconds(0)) s.slow_after = slow_after_else;
  if (s.half_open_wait_max <= nanoseconds(0)) s.half_open_wait_max = half_open_wait_else;
  return s;
}

sliding_window<call_tally> window_for(const circuit_breaker_settings& s, mono_time now) {
  if (s.window == circuit_window::calls) return {s.window_calls, nanoseconds(1), now};
  return {time_slices, s.window_time / time_slices, now};
}

// The wait of the n-th opening in a row, before chance takes its share.
nanoseconds longest_wait(const circuit_breaker_settings& s, std::uint32_t openings) {
  nanoseconds wait = s.open_wait;
  for (std::uint32_t i = 1; i < openings && wait.count() > 0; ++i) {
    if (wait > s.open_wait_max / 2) return s.open_wait_max;
    wait *= 2;
  }
  return wait;
}

double share(std::uint32_t part, std::uint32_t of) {
  return static_cast<double>(part) / static_cast<double>(of);
}

}  // namespace

circuit_breaker::circuit_breaker(const circuit_breaker_settings& settings, mono_time now)
    : settings_(in_range(settings)),
      window_(window_for(settings_, now)),
      log_(settings.decisions_max) {}

std::optional<circuit_permit> circuit_breaker::try_acquire(mono_time now, rng& random) noexcept {
  if (state_ == circuit_state::open && now >= until_) {
    enter(circuit_state::half_open, now, circuit_cause::waited);
    until_ = saturating_add(now, settings_.half_open_wait_max);
  } else if (state_ == circuit_state::half_open && now >= until_) {
    open(now, random, circuit_cause::trials_too_late);
  }
  const bool is_open = state_ == circuit_state::open || state_ == circuit_state::forced_open;
  const bool is_trial = state_ == circuit_state::half_open;
  if (is_open || (is_trial && trials_begun_ == settings_.half_open_calls)) {
    ++refused_;
    return std::nullopt;
  }
  if (is_trial) ++trials_begun_;
  ++permitted_;
  return circuit_permit{era_};
}

void circuit_breaker::record(circuit_permit permit, mono_time now, rng& random,
                             const call_end& end) noexcept {
  if (permit.era != era_ || state_ == circuit_state::disabled) return;
  FERRULE_ASSERT(state_ != circuit_state::half_open || trials_.calls < trials_begun_,
                 "a permit of a circuit_breaker was recorded twice");
  if (end.result == call_result::ignored) {
    if (state_ == circuit_state::half_open) --trials_begun_;  // another may try instead
    return;
  }
  const call_tally one{1, end.result == call_result::failed ? 1U : 0U,
                       end.took > settings_.slow_after ? 1U : 0U};
  if (state_ == circuit_state::half_open) {
    trials_ += one;
    return judge_trials(now, random);
  }
  count(now, one);
  if (state_ == circuit_state::closed) judge(now, random);
}

void circuit_breaker::count(mono_time now, const call_tally& one) noexcept {
  if (settings_.window == circuit_window::calls) return window_.push(one);
  window_.add(now, one);
}

std::optional<circuit_cause> circuit_breaker::fault_in(const call_tally& tally,
                                                       std::uint32_t of) const noexcept {
  if (share(tally.failed, of) >= settings_.failure_rate) return circuit_cause::failures;
  if (share(tally.slow, of) >= settings_.slow_rate) return circuit_cause::slow_calls;
  return std::nullopt;
}

void circuit_breaker::judge(mono_time now, rng& random) noexcept {
  const call_tally& tally = window_.total();
  if (tally.calls < settings_.calls_min) return;
  if (const auto fault = fault_in(tally, tally.calls)) open(now, random, *fault);
}

void circuit_breaker::judge_trials(mono_time now, rng& random) noexcept {
  // Taken of all trials, so that no later success could change a fault that was found.
  if (const auto fault = fault_in(trials_, settings_.half_open_calls)) {
    open(now, random, *fault);
  } else if (trials_.calls == settings_.half_open_calls) {
    enter(circuit_state::closed, now, circuit_cause::trials_passed);
    openings_ = 0;
  }
}

void circuit_breaker::open(mono_time now, rng& random, circuit_cause cause) noexcept {
  ++openings_;
  const nanoseconds longest = longest_wait(settings_, openings_);
  const double taken_off =
      static_cast<double>(longest.count()) * settings_.jitter * random.uniform();
  const nanoseconds wait = longest - nanoseconds(static_cast<std::int64_t>(taken_off));
  until_ = saturating_add(now, wait);
  enter(circuit_state::open, now, cause);
}

void circuit_breaker::enter(circuit_state next, mono_time now, circuit_cause cause) noexcept {
  const bool opens = next == circuit_state::open;
  log_.add({.at_ns = nanoseconds_of(now),
            .from = state_,
            .to = next,
            .cause = cause,
            .tally = tally_at(now),
            .wait_ns = opens ? nanoseconds(until_ - now).count() : 0});
  state_ = next;
  ++era_;
  trials_ = {};
  trials_begun_ = 0;
  window_.clear(now);
}

call_tally circuit_breaker::tally_at(mono_time now) noexcept {
  if (state_ == circuit_state::half_open) return trials_;
  return settings_.window == circuit_window::calls ? window_.total() : window_.total_at(now);
}

void circuit_breaker::force_open(mono_time now) noexcept {
  enter(circuit_state::forced_open, now, circuit_cause::asked);
}

void circuit_breaker::force_closed(mono_time now) noexcept {
  enter(circuit_state::forced_closed, now, circuit_cause::asked);
}

void circuit_breaker::disable(mono_time now) noexcept {
  enter(circuit_state::disabled, now, circuit_cause::asked);
}

void circuit_breaker::reset(mono_time now) noexcept {
  enter(circuit_state::closed, now, circuit_cause::asked);
  openings_ = 0;
}

circuit_snapshot circuit_breaker::snapshot(mono_time now) noexcept {
  const bool is_open = state_ == circuit_state::open;
  return {
      .state = state_,
      .tally = tally_at(now),
      .trials_running = trials_begun_ - trials_.calls,
      .openings = openings_,
      .opens_again_ns = is_open ? std::max<std::int64_t>(0, nanoseconds(until_ - now).count()) : 0,
      .permitted = permitted_,
      .refused = refused_};
}

}  // namespace ferrule
