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

/// `start + wait`, or `no_deadline` where that would overflow. `wait` may be any duration.
template <class Rep, class Period>
constexpr mono_time saturating_add(mono_time start,
                                   std::chrono::duration<Rep, Period> wait) noexcept {
  using std::chrono::duration;
  // Compared in floating seconds because converting hours::max() to nanoseconds overflows.
  const duration<double> room = mono_time::max() - start;
  if (duration<double>(wait) >= room) return no_deadline;
  return start + std::chrono::duration_cast<mono_time::duration>(wait);
}

}  // namespace ferrule
