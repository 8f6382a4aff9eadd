#pragma once
/// @file
/// Waiting for time to pass without holding a thread.
///
/// ```cpp
/// ferrule::task<int> slowly() {
///   co_await ferrule::sleep(std::chrono::milliseconds(1));
///   co_return 42;
/// }
/// ```

#include <chrono>
#include <coroutine>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/parked.hpp"

namespace ferrule {

namespace detail {

/// Suspends until a moment, or unwinds when stopped.
class [[nodiscard]] sleep_awaiter : parked, timer {
 public:
  /// `wait` counts from the time at which it is awaited.
  explicit sleep_awaiter(mono_time::duration wait) noexcept
      : parked(on_abandoned), timer(on_expired), wait_(wait) {}
  explicit sleep_awaiter(mono_time until) noexcept
      : parked(on_abandoned), timer(on_expired), wait_(0), until_(until) {}
  ~sleep_awaiter() {
    FERRULE_DEBUG_ASSERT(!armed(), "a frame was destroyed while it slept: stop it first");
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    executor& loop = *self.promise().env().loop;
    loop.arm(*this, until_ != mono_time::min() ? until_ : saturating_add(loop.now(), wait_));
    park(self);
  }
  void await_resume() const noexcept {}

 private:
  static void on_abandoned(parked& p) noexcept {
    auto& self = static_cast<sleep_awaiter&>(p);
    self.env().loop->disarm(self);
  }
  static void on_expired(timer& t) noexcept { static_cast<sleep_awaiter&>(t).resume(); }

  mono_time::duration wait_;
  mono_time until_ = mono_time::min();
};

}  // namespace detail

/// Suspends for at least `wait` (zero, less or NaN: until the loop's next batch).
/// Resumes on the same thread. Cancellation: ends the sleep at once and unwinds. No errors.
template <class Rep, class Period>
[[nodiscard]] detail::sleep_awaiter sleep(std::chrono::duration<Rep, Period> wait) noexcept {
  return detail::sleep_awaiter(saturating_add(mono_time{}, wait) - mono_time{});
}

/// Suspends until `until`; as `sleep`.
[[nodiscard]] inline detail::sleep_awaiter sleep_until(mono_time until) noexcept {
  return detail::sleep_awaiter(until);
}

}  // namespace ferrule
