#pragma once
/// @file
/// A function that blocks, run where it blocks nobody: on a worker thread, while the coroutine
/// that asked for it waits.
///
/// ```cpp
/// int slow_sum(int a, int b);  // a library that reads files, say
/// ferrule::task<int> sum(int a, int b) {
///   co_return co_await ferrule::run_blocking([a, b] { return slow_sum(a, b); });
/// }
/// ```

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/io/awaitable.hpp"

namespace ferrule {
namespace detail {

template <class F>
class [[nodiscard]] blocking_awaiter : io::awaited_operation {
 public:
  using value_type = std::invoke_result_t<F&>;

  explicit blocking_awaiter(F work) noexcept(std::is_nothrow_move_constructible_v<F>)
      : work_(std::move(work)) {}

  using awaited_operation::await_ready;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    suspend(self, [this](io::backend& io) { io.offload(*this, run); });
  }
  value_type await_resume() {
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    if constexpr (!std::is_void_v<value_type>) return std::move(*value_);
  }

 private:
  static void run(io::operation& op) noexcept {
    auto& self = static_cast<blocking_awaiter&>(op);
    try {
      if constexpr (std::is_void_v<value_type>) {
        self.work_();
      } else {
        self.value_.emplace(self.work_());
      }
    } catch (...) {
      self.thrown_ = std::current_exception();
    }
  }

  F work_;
  std::optional<std::conditional_t<std::is_void_v<value_type>, std::monostate, value_type>> value_;
  std::exception_ptr thrown_;
};

}  // namespace detail

/// `co_await run_blocking(work)` calls `work()` on a worker thread of the reactor (there are four)
/// and gives what it returns, or throws what it throws. `work` must be a plain function, not a
/// coroutine, must not touch what belongs to the reactor, and what it refers to must be safe to
/// use from another thread. In the simulated world it runs inline after a virtual delay.
/// Resumes on the awaiting thread. Cancellation: when `work` has not begun it never does, and the
/// task unwinds; once begun it cannot be interrupted: its end is awaited and its result given. A
/// service that ends does not wait for it beyond `forced_end_after` (app/run_service.hpp).
template <std::invocable F>
detail::blocking_awaiter<F> run_blocking(F work) {
  return detail::blocking_awaiter<F>(std::move(work));
}

}  // namespace ferrule
