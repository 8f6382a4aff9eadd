#pragma once
/// @file
/// Several tasks at once, on one thread, all awaited.
///
/// ```cpp
/// ferrule::task<int> one() { co_return 1; }
/// ferrule::task<int> two() { co_return 2; }
/// ferrule::task<int> both() {
///   auto [a, b] = co_await ferrule::when_all(one(), two());
///   co_return a + b;
/// }
/// ```

#include <coroutine>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "ferrule/core/child_group.hpp"

namespace ferrule {

namespace detail {

/// A failure stops the siblings; a stopped child unwinds the parent unless another failed.
template <class T>
void end_one_of_all(child<T>&, child_group& group, child_end how) noexcept {
  if (how == child_end::threw) group.fail();
  if (how == child_end::stopped) {
    group.unwind_parent(true);
    group.stop().request_stop();
  }
}

template <class... T>
class [[nodiscard]] when_all_awaiter {
 public:
  explicit when_all_awaiter(task<T>&&... tasks) noexcept : children_(std::move(tasks)...) {}

  bool await_ready() const noexcept { return sizeof...(T) == 0; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    group_.open(self);
    std::apply([this](auto&... each) { (each.start(group_, end_one_of_all<T>), ...); }, children_);
    return group_.opened();
  }
  std::tuple<value_or_monostate<T>...> await_resume() {
    rethrow_first_failure();
    return std::apply(
        [](auto&... each) { return std::tuple<value_or_monostate<T>...>{take_value(each)...}; },
        children_);
  }

 private:
  // Siblings stopped because of a failure have no value to take.
  void rethrow_first_failure() {
    std::apply([](auto&... each) { (each.rethrow_failure(), ...); }, children_);
  }

  std::tuple<child<T>...> children_;
  child_group group_;
};

template <class T>
class [[nodiscard]] when_all_vector_awaiter {
 public:
  explicit when_all_vector_awaiter(std::vector<task<T>>&& tasks) : tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return tasks_.empty(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    children_.reserve(tasks_.size());  // children must not move once started
    for (task<T>& t : tasks_) children_.emplace_back(std::move(t));
    group_.open(self);
    for (child<T>& each : children_) each.start(group_, end_one_of_all<T>);
    return group_.opened();
  }
  std::vector<value_or_monostate<T>> await_resume() {
    for (child<T>& each : children_) each.rethrow_failure();
    std::vector<value_or_monostate<T>> values;
    values.reserve(children_.size());
    for (child<T>& each : children_) values.push_back(take_value(each));
    return values;
  }

 private:
  std::vector<task<T>> tasks_;
  std::vector<child<T>> children_;
  child_group group_;
};

}  // namespace detail

/// Runs all tasks concurrently and gives a tuple of their values (std::monostate for void), in
/// order. When one throws, the others are stopped and awaited, and the first exception in the
/// order of the arguments is rethrown. Cancellation stops all, awaits all, then unwinds; so does a
/// child that unwinds on its own. Resumes on the same thread.
template <class... T>
detail::when_all_awaiter<T...> when_all(task<T>... tasks FERRULE_CORO_KEPT) noexcept {
  return detail::when_all_awaiter<T...>(std::move(tasks)...);
}

/// The same for any number of tasks of one type; gives a vector.
template <class T>
detail::when_all_vector_awaiter<T> when_all(std::vector<task<T>> tasks) {
  return detail::when_all_vector_awaiter<T>(std::move(tasks));
}

}  // namespace ferrule
