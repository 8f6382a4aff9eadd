#pragma once
/// @file
/// The time, for coroutines: that of the loop they run on, which a test may have made virtual.
///
/// ```cpp
/// ferrule::task<bool> is_over(ferrule::wall_time end) {
///   co_return (co_await ferrule::now()).wall >= end;
/// }
/// ferrule::task<std::chrono::nanoseconds> time_taken() {
///   const ferrule::mono_time began = (co_await ferrule::now()).mono;
///   co_await ferrule::sleep(std::chrono::seconds(1));
///   co_return (co_await ferrule::now()).mono - began;
/// }
/// ```

#include <coroutine>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"

namespace ferrule {

/// One moment by both clocks.
struct moment {
  mono_time mono;  ///< for deadlines and for how long something took
  wall_time wall;  ///< the time of day
};

namespace detail {

struct [[nodiscard]] now_awaiter {
  moment read{};

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    const executor& loop = *self.promise().env().loop;
    read = {loop.now(), loop.date()};
    return false;
  }
  moment await_resume() const noexcept { return read; }
};

}  // namespace detail

/// `co_await now()`: the time as the loop read it when what runs now began, so that it stands still
/// until the coroutine has waited for something. Waits for nothing. No errors.
inline detail::now_awaiter now() noexcept { return {}; }

}  // namespace ferrule
