#pragma once
/// @file
/// A `rate_limiter` for all threads of a process: a client has its rate once, however many of its
/// connections are on which reactor.
///
/// ```cpp
/// ferrule::shared_rate_limiter logins({.per_second = 1, .burst = 5});
/// bool may_log_in(std::string_view name, ferrule::mono_time now) {
///   return logins.ask(name, now).admitted;
/// }
/// ```

#include <mutex>
#include <string_view>

#include "ferrule/resilience/rate_limiter.hpp"

namespace ferrule {

/// Thread rule: any thread. Cost: that of a `rate_limiter`, under a mutex.
class shared_rate_limiter {
 public:
  static constexpr bool thread_safe = true;

  /// The kernel gives the hash its secret.
  explicit shared_rate_limiter(const rate_limit_settings& settings);

  /// Takes one of the key's tokens, or none. The times that threads give may differ by a little, as
  /// those of reactors do.
  rate_verdict ask(std::string_view key, mono_time now) noexcept {
    const std::lock_guard lock(mutex_);
    return limiter_.ask(key, now);
  }
  rate_limit_snapshot snapshot() const noexcept {
    const std::lock_guard lock(mutex_);
    return limiter_.snapshot();
  }

 private:
  mutable std::mutex mutex_;
  rate_limiter limiter_;
};

}  // namespace ferrule
