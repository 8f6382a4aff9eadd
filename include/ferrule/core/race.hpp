#pragma once
/// @file
/// The first of several tasks to end, and work that must end by a deadline. Losers are stopped and
/// awaited, so nothing runs on behind the winner's back.
///
/// ```cpp
/// ferrule::task<int> slow() { co_await ferrule::sleep(std::chrono::hours(1)); co_return 1; }
/// ferrule::task<int> patient() {
///   auto answer = co_await ferrule::with_deadline(std::chrono::seconds(2), slow());
///   co_return answer.value_or(0);
/// }
/// ```

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include "ferrule/core/child_group.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {

/// The error of work that was not done by its deadline.
struct deadline_exceeded {
  friend constexpr bool operator==(deadline_exceeded, deadline_exceeded) = default;
};

namespace detail {

template <class... T>
class [[nodiscard]] race_awaiter {
 public:
  using winner = std::variant<value_or_monostate<T>...>;

  explicit race_awaiter(task<T>&&... tasks) noexcept : children_(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    group_.open(self);
    group_.unwind_parent(true);
    std::apply([this](auto&... each) { (each.start(group_, end_one<T>), ...); }, children_);
    return group_.opened();
  }
  winner await_resume() { return take(std::index_sequence_for<T...>{}); }

 private:
  struct racing_group : child_group {
    const void* first = nullptr;  // the child that returned or threw first
  };

  template <class U>
  static void end_one(child<U>& ended, child_group& group, child_end how) noexcept {
    auto& racing = static_cast<racing_group&>(group);
    if (how == child_end::stopped || racing.first != nullptr) return;
    racing.first = &ended;
    racing.unwind_parent(false);
    racing.stop().request_stop();
  }
  template <std::size_t... I>
  winner take(std::index_sequence<I...>) {
    std::optional<winner> won;
    const auto take_if_first = [&]<std::size_t Index>(std::in_place_index_t<Index> at) {
      auto& each = std::get<Index>(children_);
      if (group_.first == &each) won.emplace(at, take_value(each));
    };
    (take_if_first(std::in_place_index<I>), ...);
    return std::move(*won);
  }

  racing_group group_;
  std::tuple<child<T>...> children_;
};

template <class T>
class [[nodiscard]] with_deadline_awaiter : timer {
 public:
  /// By `until`, and at the latest `wait` after it is awaited.
  with_deadline_awaiter(mono_time until, mono_time::duration wait, task<T>&& work) noexcept
      : timer(on_expired), until_(until), wait_(wait), child_(std::move(work)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    group_.open(self);
    group_.owner = this;
    environment& env = group_.env();
    until_ = std::min(until_, saturating_add(env.loop->now(), wait_));
    env.deadline = std::min(until_, env.deadline);
    if (until_ != no_deadline) env.loop->arm(*this, until_);
    child_.start(group_, [](child<T>&, child_group& group, child_end how) noexcept {
      with_deadline_awaiter& timed = *static_cast<timed_group&>(group).owner;
      group.env().loop->disarm(timed);
      timed.stopped_ = how == child_end::stopped;
      group.unwind_parent(timed.stopped_ && !timed.expired_);
    });
    return group_.opened();
  }
  result<T, deadline_exceeded> await_resume() {
    if (stopped_) return fail(deadline_exceeded{});
    if constexpr (std::is_void_v<T>) {
      child_.take();
      return {};
    } else {
      return child_.take();
    }
  }

 private:
  struct timed_group : child_group {
    with_deadline_awaiter* owner = nullptr;
  };

  static void on_expired(timer& t) noexcept {
    auto& self = static_cast<with_deadline_awaiter&>(t);
    self.expired_ = true;
    self.group_.stop().request_stop(stop_reason::deadline);
  }

  mono_time until_;
  mono_time::duration wait_;
  bool expired_ = false;
  bool stopped_ = false;
  timed_group group_;
  child<T> child_;
};

}  // namespace detail

/// Runs all tasks concurrently and gives the value of the first to return, as a variant whose
/// index tells which (std::monostate for void), or throws what the first to end threw. The others
/// are stopped and awaited before. Cancellation stops all, awaits all, then unwinds, unless one
/// had already won. Resumes on the same thread.
template <class... T>
  requires(sizeof...(T) > 0)
detail::race_awaiter<T...> race(task<T>... tasks FERRULE_CORO_KEPT) noexcept {
  return detail::race_awaiter<T...>(std::move(tasks)...);
}

/// Gives what `work` returns, or `deadline_exceeded` when it was not done `wait` after the await
/// and could be stopped; what completes in spite of the stop counts. `work` sees the earlier of
/// this deadline and its parent's in its environment. Cancellation stops the work, awaits it, then
/// unwinds. Throws what the work throws. Resumes on the same thread.
template <class Rep, class Period, class T>
detail::with_deadline_awaiter<T> with_deadline(std::chrono::duration<Rep, Period> wait,
                                               task<T> work FERRULE_CORO_KEPT) noexcept {
  return {no_deadline, saturating_add(mono_time{}, wait) - mono_time{}, std::move(work)};
}

/// The same by a moment.
template <class T>
detail::with_deadline_awaiter<T> with_deadline(mono_time until,
                                               task<T> work FERRULE_CORO_KEPT) noexcept {
  return {until, mono_time::duration::max(), std::move(work)};
}

}  // namespace ferrule
