#pragma once
/// @file
/// The common part of `when_all`, `race`, `with_deadline` and `scope`: children that run under a
/// stop of their own and are all awaited before their parent goes on.
///
/// ```cpp
/// bool was_asked_to_stop(ferrule::detail::child_group& group) {
///   return group.stop().stop_requested();
/// }
/// ```

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/core/task.hpp"

namespace ferrule::detail {

/// Counts children and continues or unwinds their parent when the last one ended.
/// It lives in the parent's frame. Thread rule: the loop's own thread.
class child_group {
 public:
  child_group() = default;
  child_group(const child_group&) = delete;
  child_group& operator=(const child_group&) = delete;
  ~child_group() {
    FERRULE_ASSERT(running_ == 0, "a scope was destroyed while its tasks still ran: join it");
  }

  /// For `await_suspend`: children started from now on run in the parent's environment with this
  /// group's stop, which hears the parent's. Until `opened` is called the group cannot end.
  template <class Promise>
  void open(std::coroutine_handle<Promise> parent) noexcept {
    parent_ = parent;
    promise_ = &parent.promise();
    inherit(promise_->env());
    running_ = 1;
  }
  /// Takes the environment without a parent to continue, for a scope that is no awaitable.
  void inherit(const environment& env) noexcept {
    env_ = env;
    link_.emplace(*env.stop, stop_);
    env_.stop = &stop_;
  }
  /// All first children were started. Returns true when the parent stays suspended.
  bool opened() noexcept {
    if (--running_ != 0) return true;
    if (unwinds()) {
      promise_->unwind();  // destroys this
      return true;
    }
    return false;
  }

  void child_started() noexcept {
    ++running_;
    env_.loop->take_await();  // thousands of children are no single step of a turn
  }
  /// Call it last: it may destroy the group.
  void child_ended() noexcept {
    if (--running_ != 0 || promise_ == nullptr) return;
    if (unwinds()) {
      promise_->unwind();
    } else {
      parent_.resume();
    }
  }

  /// A child threw: its siblings stop, and the parent will be resumed to rethrow.
  void fail() noexcept {
    failed_ = true;
    stop_.request_stop();
  }
  /// Whether the parent unwinds, rather than goes on, when all have ended and none threw.
  void unwind_parent(bool unwind) noexcept { unwind_ = unwind; }

  /// Whether it is the parent that was asked to stop, rather than this group on its own.
  bool parent_stopped() const noexcept {
    return promise_ != nullptr && promise_->env().stop->stop_requested();
  }

  environment& env() noexcept { return env_; }
  stop_source& stop() noexcept { return stop_; }
  std::size_t running() const noexcept { return running_; }

 private:
  bool unwinds() const noexcept { return unwind_ && !failed_; }

  environment env_;
  stop_source stop_;
  std::optional<stop_link> link_;
  std::size_t running_ = 0;
  bool failed_ = false;
  bool unwind_ = false;
  std::coroutine_handle<> parent_;
  promise_base* promise_ = nullptr;  // null: there is no parent to continue
};

/// How a child ended.
enum class child_end : unsigned char { returned, threw, stopped };

/// One child of a group, with its task.
template <class T>
class child : receiver {
 public:
  /// Called when the child ended; it tells the group what follows and may destroy the child.
  using end_hook = void (*)(child&, child_group&, child_end) noexcept;

  explicit child(task<T>&& work) noexcept
      : receiver{on_completed, on_stopped}, work_(std::move(work)) {}

  void start(child_group& group, end_hook hook) {
    group_ = &group;
    hook_ = hook;
    group.child_started();
    work_->start(group.env(), *this);
  }
  /// What it threw; null when it returned, was stopped or still runs.
  std::exception_ptr failure() const noexcept { return work_ ? work_->failure() : nullptr; }
  void rethrow_failure() const {
    if (std::exception_ptr failed = failure()) std::rethrow_exception(failed);
  }
  /// What it returned; throws what it threw. Only when it was not stopped.
  T take() { return work_->take(); }

 private:
  static void on_completed(receiver& r) noexcept {
    auto& self = static_cast<child&>(r);
    self.end(self.work_->failure() ? child_end::threw : child_end::returned);
  }
  static void on_stopped(receiver& r) noexcept {
    auto& self = static_cast<child&>(r);
    self.work_.reset();  // its locals go as soon as it is stopped
    self.end(child_end::stopped);
  }
  void end(child_end how) noexcept {
    child_group& group = *group_;
    hook_(*this, group, how);
    group.child_ended();
  }

  std::optional<task<T>> work_;
  child_group* group_ = nullptr;
  end_hook hook_ = nullptr;
};

/// What stands for a child's value in a tuple or variant, since void cannot.
template <class T>
using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// `from.take()`, of a child or a task, with void made a value.
template <class T, template <class> class From>
value_or_monostate<T> take_value(From<T>& from) {
  if constexpr (std::is_void_v<T>) {
    from.take();
    return {};
  } else {
    return from.take();
  }
}

/// The owner of a root task that only notes how it ended.
struct noted_end : receiver {
  noted_end() noexcept
      : receiver{[](receiver& r) noexcept { static_cast<noted_end&>(r).completed = true; },
                 [](receiver& r) noexcept { static_cast<noted_end&>(r).stopped = true; }} {}
  bool any() const noexcept { return completed || stopped; }

  bool completed = false;
  bool stopped = false;
};

}  // namespace ferrule::detail
