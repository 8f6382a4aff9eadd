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
#include "ferrule/core/task.hpp"

namespace ferrule {

namespace detail {

/// Suspends until a moment, or unwinds when stopped.
class [[nodiscard]] sleep_awaiter : timer, ready, stop_callback {
 public:
  /// `wait` counts from the time at which it is awaited.
  explicit sleep_awaiter(mono_time::duration wait) noexcept
      : timer(on_expired), ready(on_stopped_later), stop_callback(on_stop), wait_(wait) {}
  /// Sleeps until `until`.
  explicit sleep_awaiter(mono_time until) noexcept : sleep_awaiter(mono_time::duration{}) {
    until_ = until;
  }

  ~sleep_awaiter() {
    FERRULE_DEBUG_ASSERT(!armed() && !queued,
                         "a frame was destroyed while it slept: stop it first");
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    waiting_ = self;
    promise_ = &self.promise();
    begin();
  }
  void await_resume() noexcept {}

 private:
  void begin() noexcept;
  static void on_expired(timer& t) noexcept;
  static void on_stop(stop_callback& callback) noexcept;
  static void on_stopped_later(ready& r) noexcept;

  mono_time::duration wait_;
  mono_time until_ = mono_time::min();
  std::coroutine_handle<> waiting_;
  promise_base* promise_ = nullptr;
};

}  // namespace detail

/// Suspends for at least `wait` (zero or less: until the loop's next batch).
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
