#pragma once
/// @file
/// Tasks started one by one and never left behind: whoever opens a scope waits for everything
/// started in it.
///
/// ```cpp
/// ferrule::task<> greet(int& greeted) { ++greeted; co_return; }
/// ferrule::task<> greet_twice(ferrule::scope& children, int& greeted) {
///   children.spawn(greet(greeted));
///   children.spawn(greet(greeted));
///   co_return;
/// }
/// ferrule::task<int> party() {
///   int greeted = 0;
///   co_await ferrule::with_scope(greet_twice, std::ref(greeted));
///   co_return greeted;
/// }
/// ```

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/core/child_group.hpp"

namespace ferrule {

/// Where tasks of unknown number run. When one throws, the others are asked to stop and the first
/// exception is kept. Destroying a scope in which tasks still run ends the process.
/// Thread rule: the loop's own thread.
class scope {
 public:
  /// A scope for code that is no coroutine: its owner asks it to stop and runs the loop until it
  /// is `empty()`. In coroutines use `with_scope`. `env` must outlive it.
  explicit scope(const environment& env) noexcept { group_.inherit(env); }

  /// Starts `work` now; it may end before this returns.
  void spawn(task<> work);
  /// Asks every task to stop. They end when what they wait for was cancelled.
  void request_stop(stop_reason reason = stop_reason::cancelled) noexcept {
    group_.stop().request_stop(reason);
  }
  bool empty() const noexcept { return size() == 0; }
  /// How many spawned tasks still run.
  std::size_t size() const noexcept { return spawned_; }
  /// What the first task that failed threw; null when none did.
  std::exception_ptr failure() const noexcept { return failure_; }

 protected:
  scope() = default;

  /// Keeps the exception if it is the first, and asks the rest to stop.
  void fail(std::exception_ptr thrown) noexcept {
    if (failure_ == nullptr) failure_ = std::move(thrown);
    group_.fail();
  }

  detail::child_group group_;

 private:
  struct spawned_task;

  std::size_t spawned_ = 0;
  std::exception_ptr failure_;
};

namespace detail {

template <class F, class... Args>
class [[nodiscard]] with_scope_awaiter : scope {
 public:
  using task_type = std::invoke_result_t<F, scope&, Args...>;
  using value_type = typename task_type::value_type;

  with_scope_awaiter(F body, Args... args)
      : body_function_(std::move(body)), args_(std::move(args)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    group_.open(self);
    try {
      std::apply(
          [this](Args&... args) { body_.emplace(body_function_(*this, std::move(args)...)); },
          args_);
    } catch (...) {  // there is no body, but it may have spawned
      fail(std::current_exception());
      return group_.opened();
    }
    body_->start(group_, [](child<value_type>&, child_group& group, child_end how) noexcept {
      if (how == child_end::threw) group.fail();
      if (how == child_end::stopped) group.unwind_parent(true);
    });
    return group_.opened();
  }
  value_type await_resume() {
    if (body_) body_->rethrow_failure();
    if (failure() != nullptr) std::rethrow_exception(failure());
    return body_->take();
  }

 private:
  F body_function_;
  std::tuple<Args...> args_;
  std::optional<child<value_type>> body_;
};

}  // namespace detail

/// `co_await with_scope(body, args…)` runs the task `body(scope, args…)` and gives its value when
/// it and everything spawned in the scope have ended. When the body or a spawned task throws, the
/// rest is stopped, awaited, and the exception rethrown; so it is when the call of the body throws.
/// Cancellation stops all, awaits all, then unwinds. `body` must be a function or a lambda without
/// captures, for a coroutine's frame does not keep a lambda's captures alive; `args` are moved into
/// the call.
template <class F, class... Args>
detail::with_scope_awaiter<F, Args...> with_scope(F body, Args... args) {
  static_assert(std::is_empty_v<F> || std::is_pointer_v<F>,
                "with_scope: the body captures; hand what it needs as arguments");
  return {std::move(body), std::move(args)...};
}

}  // namespace ferrule
