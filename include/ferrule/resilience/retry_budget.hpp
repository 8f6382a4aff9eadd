#pragma once
/// @file
/// How many retries a client may make of all its calls, so that retrying cannot multiply the load
/// on a service in trouble.
///
/// ```cpp
/// ferrule::mono_time now{};
/// ferrule::retry_budget budget({.share = 0.2, .per_second_min = 10}, now);
/// budget.deposit(now);                            // for each call, not for its retries
/// const bool may_retry = budget.try_withdraw(now);  // for each retry
/// ```
///
/// Source: Finagle's RetryBudget and its leaky TokenBucket,
/// https://twitter.github.io/finagle/guide/Clients.html#retries.

#include <chrono>
#include <cstdint>

#include "ferrule/resilience/sliding_window.hpp"

namespace ferrule {

/// Defaults as Finagle's.
struct retry_budget_settings {
  /// Retries a call earns: 0.2 is one for every five calls. From 0 to 1,000.
  double share = 0.2;
  /// Retries a second that need no calls to earn them, so that a client with few calls, or one that
  /// has just begun, retries too. Up to 1,000,000.
  std::uint32_t per_second_min = 10;
  /// How long deposits and withdrawals count. What was not used by then is lost, so that an hour of
  /// peace does not pay for a storm. From 1 to 60 s.
  std::chrono::nanoseconds window = std::chrono::seconds(10);
};

/// What a budget holds, for people and JSON.
struct retry_budget_snapshot {
  std::int64_t balance = 0;  ///< retries that could be made now
  std::uint64_t deposits = 0;
  std::uint64_t withdrawals = 0;
  std::uint64_t refusals = 0;
};

/// A token bucket whose tokens expire. The window moves in ten slices; at each retry, those made in
/// it are at most `share` of the calls in it and `per_second_min` for each second of `window`.
/// Memory: ten slices. Cost: O(1) an event. Thread rule: belongs to one thread; a reactor's budget
/// bounds that reactor's retries.
class retry_budget {
 public:
  /// Settings outside their range are taken as the nearest in it.
  retry_budget(const retry_budget_settings& settings, mono_time now);

  /// A call was begun; its retries do not count.
  void deposit(mono_time now) noexcept;
  /// Takes one retry, if there is one.
  bool try_withdraw(mono_time now) noexcept;
  /// How many retries could be made now; never negative.
  std::int64_t balance(mono_time now) noexcept;
  retry_budget_snapshot snapshot(mono_time now) noexcept;

 private:
  std::int64_t earned_by_call_;  // in thousandths of a retry, since sums of doubles drift
  std::int64_t reserve_;
  sliding_window<std::int64_t> flow_;
  std::uint64_t deposits_ = 0;
  std::uint64_t withdrawals_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace ferrule
