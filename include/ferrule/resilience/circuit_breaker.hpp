#pragma once
/// @file
/// Stops calling a service that fails or crawls, and finds out carefully when it is well again.
///
/// ```cpp
/// ferrule::mono_time now{};
/// ferrule::rng random(1);
/// ferrule::circuit_breaker breaker({.calls_min = 20, .failure_rate = 0.5}, now);
/// if (const auto permit = breaker.try_acquire(now, random)) {
///   const ferrule::call_end end{ferrule::call_result::failed, std::chrono::milliseconds(3)};
///   breaker.record(*permit, now + end.took, random, end);
/// }  // else: what to answer instead is the caller's choice
/// ```
///
/// ```text
///            failures or slow calls                  all trials in: too many failed or slow, or
///   closed ------------------------> open <--------- not in within half_open_wait_max
///     ^                               | first call after the wait                 |
///     |   all trials in: few enough   v                                           |
///     +---------------------------- half_open ------------------------------------+
///
///   any state --force_open--> forced_open      any state --disable--> disabled
///   any state --force_closed--> forced_closed  any state --reset--> closed
/// ```
///
/// Source: resilience4j's CircuitBreaker, https://resilience4j.readme.io/docs/circuitbreaker.
/// Unlike it, a result counts only in the state in which its call began, and half-open ends as soon
/// as enough trials have failed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/resilience/decision_log.hpp"
#include "ferrule/resilience/outcome.hpp"
#include "ferrule/resilience/sliding_window.hpp"

namespace ferrule {

enum class circuit_state : std::uint8_t {
  closed,         ///< calls pass and are judged
  open,           ///< no call passes until the wait is over
  half_open,      ///< a number of trials passes
  forced_open,    ///< no call passes, until someone says otherwise
  forced_closed,  ///< calls pass and are counted, but not judged
  disabled,       ///< calls pass and are not counted
};

/// What the rates are taken over.
enum class circuit_window : std::uint8_t { calls, time };

/// Numbers outside their range are taken as the nearest in it.
struct circuit_breaker_settings {
  circuit_window window = circuit_window::calls;
  std::uint32_t window_calls = 100;  ///< the last so many calls; from 1 to 10,000
  /// The calls of the last so much time, in ten slices; at least 10 ms.
  std::chrono::nanoseconds window_time = std::chrono::seconds(10);
  /// With fewer calls in the window nothing is judged. In a window of calls, at most its size.
  std::uint32_t calls_min = 20;
  double failure_rate = 0.5;  ///< opens at this share of failed calls; above 1: never
  double slow_rate = 0.8;     ///< opens at this share of slow calls; above 1: never
  /// A call that took longer, whether it failed or not, is slow. 0: what suits the calls, which an
  /// `upstream` knows by their deadline; else 2 s.
  std::chrono::nanoseconds slow_after{0};
  /// The wait when it opens; it doubles with each opening that follows without closing.
  std::chrono::nanoseconds open_wait = std::chrono::seconds(5);
  std::chrono::nanoseconds open_wait_max = std::chrono::seconds(60);
  /// The share of the wait that chance may take off, so that clients that opened together do not
  /// try together. From 0 to 1.
  double jitter = 0.2;
  std::uint32_t half_open_calls = 10;  ///< trials; at least 1
  /// When the trials have not ended by then, it opens again: a trial may never be recorded. 0: as
  /// with `slow_after`; else 30 s.
  std::chrono::nanoseconds half_open_wait_max{0};
  std::size_t decisions_max = 32;  ///< that are kept in the log
};

struct call_end {
  call_result result = call_result::succeeded;
  std::chrono::nanoseconds took{0};
};

/// Calls of a window or of half-open.
struct call_tally {
  std::uint32_t calls = 0;
  std::uint32_t failed = 0;
  std::uint32_t slow = 0;

  constexpr call_tally& operator+=(const call_tally& other) noexcept {
    calls += other.calls, failed += other.failed, slow += other.slow;
    return *this;
  }
  constexpr call_tally& operator-=(const call_tally& other) noexcept {
    calls -= other.calls, failed -= other.failed, slow -= other.slow;
    return *this;
  }
  constexpr bool operator==(const call_tally&) const = default;
};

/// Why the state changed.
enum class circuit_cause : std::uint8_t {
  failures,         ///< `failure_rate` was reached
  slow_calls,       ///< `slow_rate` was reached
  waited,           ///< the wait is over
  trials_passed,    ///< few enough failed and were slow
  trials_too_late,  ///< `half_open_wait_max` is over
  asked,            ///< by the program
};

/// A change of state with its inputs.
struct circuit_decision {
  std::int64_t at_ns = 0;
  circuit_state from = circuit_state::closed;
  circuit_state to = circuit_state::closed;
  circuit_cause cause = circuit_cause::asked;
  call_tally tally{};        ///< of the window, or of the trials
  std::int64_t wait_ns = 0;  ///< when it opened: for how long
};

/// What a breaker looks like, for people and JSON.
struct circuit_snapshot {
  circuit_state state = circuit_state::closed;
  call_tally tally{};  ///< of the window, or of the trials when half-open
  std::uint32_t trials_running = 0;
  std::uint32_t openings = 0;       ///< that followed each other without closing
  std::int64_t opens_again_ns = 0;  ///< when open: the rest of the wait
  std::uint64_t permitted = 0;
  std::uint64_t refused = 0;
};

/// The right to make one call, which `record` takes back.
struct circuit_permit {
  std::uint32_t era = 0;  ///< which stay in which state it belongs to
};

/// Memory: 12 bytes a call of a window of calls, 120 bytes for one of time, and the log. Cost: O(1)
/// an event, but for changes of state, which empty the window, and up to ten slices of time.
/// Nothing happens by itself: an open breaker becomes half-open when it is next asked.
/// Thread rule: belongs to one thread.
class circuit_breaker {
 public:
  circuit_breaker(const circuit_breaker_settings& settings, mono_time now);

  /// Asks to make a call. Empty: do not; the caller decides what to do instead.
  std::optional<circuit_permit> try_acquire(mono_time now, rng& random) noexcept;
  /// The call ended. Each permit is recorded once, whatever became of its call.
  void record(circuit_permit permit, mono_time now, rng& random, const call_end& end) noexcept;

  /// From any state; left by another of these alone.
  void force_open(mono_time now) noexcept;
  void force_closed(mono_time now) noexcept;
  void disable(mono_time now) noexcept;
  /// Closed and without memory, as at first.
  void reset(mono_time now) noexcept;

  circuit_state state() const noexcept { return state_; }
  circuit_snapshot snapshot(mono_time now) noexcept;
  const decision_log<circuit_decision>& decisions() const noexcept { return log_; }

 private:
  void count(mono_time now, const call_tally& one) noexcept;
  void judge(mono_time now, rng& random) noexcept;
  void judge_trials(mono_time now, rng& random) noexcept;
  std::optional<circuit_cause> fault_in(const call_tally& tally, std::uint32_t of) const noexcept;
  void open(mono_time now, rng& random, circuit_cause cause) noexcept;
  void enter(circuit_state next, mono_time now, circuit_cause cause) noexcept;
  call_tally tally_at(mono_time now) noexcept;

  circuit_breaker_settings settings_;
  circuit_state state_ = circuit_state::closed;
  std::uint32_t era_ = 0;
  std::uint32_t openings_ = 0;
  std::uint32_t trials_begun_ = 0;
  call_tally trials_{};
  sliding_window<call_tally> window_;
  mono_time until_{};  // open: when the wait is over; half-open: when the trials are too late
  std::uint64_t permitted_ = 0;
  std::uint64_t refused_ = 0;
  decision_log<circuit_decision> log_;
};

}  // namespace ferrule
