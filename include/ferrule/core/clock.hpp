#pragma once
/// @file
/// The two kinds of time, and who tells them: library code never asks the system for the time, so
/// that a whole fleet can run on a virtual clock.
///
/// ```cpp
/// bool is_due(ferrule::mono_time now, ferrule::mono_time at) { return at <= now; }
/// ```

#include <chrono>

namespace ferrule {

/// Time that never goes back: deadlines, timers, latencies (CLOCK_MONOTONIC).
using mono_time = std::chrono::steady_clock::time_point;
/// Time of day: dates in answers, log lines, tokens (CLOCK_REALTIME).
using wall_time = std::chrono::system_clock::time_point;

/// The deadline of work that has none.
inline constexpr mono_time no_deadline = mono_time::max();

/// `start + wait`, or where that would overflow the end that it is beyond: `no_deadline` or
/// `mono_time::min()`. `wait` may be any duration; one of NaN is none.
template <class Rep, class Period>
constexpr mono_time saturating_add(mono_time start,
                                   std::chrono::duration<Rep, Period> wait) noexcept {
  using span = mono_time::duration;
  // Compared in floating seconds because converting hours::max() to nanoseconds overflows.
  const auto seconds = std::chrono::duration<double>(wait).count();
  constexpr auto limit = std::chrono::duration<double>(span::max()).count();
  if (seconds != seconds) return start;
  if (seconds >= limit) return no_deadline;
  if (seconds <= -limit) return mono_time::min();
  span::rep sum = 0;
  if (__builtin_add_overflow(start.time_since_epoch().count(),
                             std::chrono::duration_cast<span>(wait).count(), &sum)) {
    return seconds > 0 ? no_deadline : mono_time::min();
  }
  return mono_time(span(sum));
}

}  // namespace ferrule
