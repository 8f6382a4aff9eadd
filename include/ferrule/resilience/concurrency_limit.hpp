#pragma once
/// @file
/// How many calls may run at once, found out from how long they take: the limit grows while latency
/// stays what it was, and shrinks when calls begin to queue.
///
/// ```cpp
/// ferrule::mono_time now{};
/// ferrule::concurrency_limit limit({}, now);
/// if (limit.try_acquire()) {
///   const auto took = std::chrono::milliseconds(7);
///   limit.release(now + took, took);
/// }  // else: answer 503, or call another endpoint
/// ```
///
/// Each window of calls gives a mean latency, compared with an exponential average over many:
///
/// ```text
/// gradient = clamp(tolerance * long / short, 0.5, 1)
/// limit    = (1 - smoothing) * limit + smoothing * (gradient * limit + queue)
/// ```
///
/// A window in which the service said that it had too many does not let the limit grow, and takes a
/// tenth off it.
///
/// Source: Netflix's concurrency-limits, Gradient2Limit and WindowedLimit,
/// https://github.com/Netflix/concurrency-limits. Chosen over Vegas, which compares with the lowest
/// latency ever seen: that of one cheap request keeps the limit low until a probe forgets it, and
/// its thresholds are numbers of calls that fit one service only.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ferrule/core/clock.hpp"
#include "ferrule/resilience/decision_log.hpp"

namespace ferrule {

/// Defaults as Netflix's where it has them, but for `limit_min` (there 20), which is of no use to a
/// service that can do less. Numbers outside their range are taken as the nearest in it.
struct concurrency_limit_settings {
  std::uint32_t limit_initial = 20;
  std::uint32_t limit_min = 4;  ///< at least 1
  std::uint32_t limit_max = 200;
  double smoothing = 0.2;            ///< how much of each new estimate is taken over; above 0 to 1
  double tolerance = 1.5;            ///< how much slower than usual is still as usual; at least 1
  std::uint32_t queue = 4;           ///< by how much the limit tries to grow
  std::uint32_t windows_long = 600;  ///< the long average's length in windows; at least 1
  /// A window ends when it has both lasted this long and seen that many calls.
  std::chrono::nanoseconds window_time = std::chrono::seconds(1);
  std::uint32_t window_calls = 10;  ///< at least 1
  std::size_t decisions_max = 64;   ///< that are kept in the log
};

/// A change of the limit with its inputs.
struct limit_decision {
  std::int64_t at_ns = 0;
  std::uint32_t before = 0;
  std::uint32_t after = 0;
  double short_ns = 0;  ///< mean latency of the window
  double long_ns = 0;   ///< and of many
  double gradient = 0;
  std::uint32_t running_most = 0;  ///< at once in the window
  std::uint32_t calls = 0;         ///< in the window
  std::uint32_t overloads = 0;     ///< in the window
};

/// For people and JSON.
struct concurrency_limit_snapshot {
  std::uint32_t limit = 0;
  std::uint32_t running = 0;
  double short_ns = 0;
  double long_ns = 0;
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
};

/// Memory: this object and its log. Cost: O(1) an event. Thread rule: belongs to one thread; each
/// reactor finds the limit of its own share.
class concurrency_limit {
 public:
  concurrency_limit(const concurrency_limit_settings& settings, mono_time now);

  /// Asks to run one more call; each that may is released once.
  bool try_acquire() noexcept;
  /// A call ended after `took`. One that timed out is released with all the time it took: that is
  /// how overload shows.
  void release(mono_time now, std::chrono::nanoseconds took) noexcept;
  /// A call was given up after `took`, and would have taken longer: how long is not known, so that
  /// it counts only if that is longer than usual. Who leaves at once makes no service quick.
  void release_given_up(mono_time now, std::chrono::nanoseconds took) noexcept;
  /// A call ended in a way that says nothing about latency: cancelled, or refused at once.
  void release_ignored() noexcept;
  /// The service had no room for the call.
  void release_overloaded(mono_time now) noexcept;

  std::uint32_t limit() const noexcept { return static_cast<std::uint32_t>(estimate_); }
  std::uint32_t running() const noexcept { return running_; }
  concurrency_limit_snapshot snapshot() const noexcept;
  const decision_log<limit_decision>& decisions() const noexcept { return log_; }

 private:
  void end_window_if_due(mono_time now) noexcept;
  void end_window(mono_time now) noexcept;
  double aim_at(double gradient) const noexcept;
  void add_to_long(double sample) noexcept;

  concurrency_limit_settings settings_;
  double estimate_;
  std::uint32_t running_ = 0;
  double long_ns_ = 0;
  double short_ns_ = 0;
  std::uint32_t windows_ = 0;  // that have ended, as far as the warm-up counts them

  mono_time window_ends_;
  std::uint32_t window_calls_ = 0;
  std::uint32_t window_overloads_ = 0;
  std::uint32_t window_running_most_ = 0;
  double window_sum_ns_ = 0;

  std::uint64_t admitted_ = 0;
  std::uint64_t refused_ = 0;
  decision_log<limit_decision> log_;
};

}  // namespace ferrule
