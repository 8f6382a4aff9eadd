#pragma once
/// @file
/// `task<T>`: a lazy coroutine that gives a `T`. It starts when awaited, runs on the awaiter's
/// thread, and inherits its environment.
///
/// ```cpp
/// ferrule::task<int> answer() { co_return 42; }
/// ferrule::task<int> twice() { co_return 2 * co_await answer(); }
/// ```
///
/// **Cancellation unwinds.** When an awaited operation is cancelled, `co_await` neither returns
/// nor throws: the chain of tasks above it is destroyed, innermost first, up to whatever started
/// it (`when_all`, `race`, `with_deadline`, a `scope`, a connection). Destructors run; nothing else
/// does. Clean-up that has to await belongs into a task of its own.
///
/// **No await keeps the others waiting for ever.** After `executor::awaits_per_turn_max` awaits
/// without a wait the next one, whatever it awaits, begins from the loop's queue, so that I/O and
/// timers have their turn; and if a stop was requested it does not begin, but unwinds. So a loop
/// over what is always there, such as a channel that is never empty, can be stopped as well.
///
/// Source: symmetric transfer after L. Baker, "C++ Coroutines: Understanding Symmetric Transfer";
/// the unwinding channel after P2300 (`set_stopped`).

#include <coroutine>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "ferrule/core/assert.hpp"
#include "ferrule/core/coroutine_checks.hpp"
#include "ferrule/core/environment.hpp"
#include "ferrule/core/frame_pool.hpp"

namespace ferrule {

template <class T>
class task;

namespace detail {

/// What a root task tells when it ends. Both functions may destroy the task.
struct receiver {
  void (*completed)(receiver&) noexcept;  ///< it returned or threw
  void (*stopped)(receiver&) noexcept;    ///< it was cancelled; its frame is still there
};

/// What stands between a coroutine and each thing that it awaits, so that no await lets it run for
/// ever: when the coroutine's turn is over, the await begins later, from the loop's queue. Nothing
/// was taken until then, so that it may as well unwind. `Awaiter` is a reference, or what
/// `operator co_await` gave.
template <class Awaiter>
class fair_awaiter;

/// The part of every promise that does not depend on the result's type.
class promise_base {
 public:
  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    frame_pool::deallocate(frame, bytes);
  }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      promise_base& promise = self.promise();
      if (promise.parent_ != nullptr) return promise.continuation_;
      promise.receiver_->completed(*promise.receiver_);  // may destroy the frame
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  /// Every `co_await` of every coroutine passes here, whatever it awaits.
  template <class Awaitable>
  auto await_transform(Awaitable&& awaited);

  const environment& env() const noexcept { return *env_; }

  /// For what a coroutine waited for: resumes it, from nothing but the loop.
  void resume_from_loop(std::coroutine_handle<> waiting) noexcept {
    env_->loop->begin_turn();
    waiting.resume();
  }

  /// Ends the chain of tasks that this one belongs to: its root's owner destroys it, this frame
  /// included. For awaitables whose operation was cancelled.
  void unwind() noexcept {
    promise_base* root = this;
    while (root->parent_ != nullptr) root = root->parent_;
    root->receiver_->stopped(*root->receiver_);
  }

  void start_under(promise_base& parent, std::coroutine_handle<> continuation) noexcept {
    env_ = parent.env_;
    parent_ = &parent;
    std::construct_at(&continuation_, continuation);
  }
  void start_as_root(const environment& env, receiver& owner) noexcept {
    env_ = &env;
    receiver_ = &owner;
  }

 protected:
  promise_base() noexcept {}
  ~promise_base() {
    FERRULE_DEBUG_ASSERT(!yielded_.goes_on, "a frame was destroyed while it was about to resume");
  }

 private:
  template <class Awaiter>
  friend class fair_awaiter;

  /// The await that lets others run first.
  struct yielded_await : yielded {
    void* awaiter = nullptr;
    std::coroutine_handle<> waiting;
  };

  const environment* env_ = nullptr;
  promise_base* parent_ = nullptr;  // null for a root
  union {
    std::coroutine_handle<> continuation_;  // of one that has a parent
    receiver* receiver_ = nullptr;          // of a root
  };
  yielded_await yielded_;
};

template <class Awaiter>
class [[nodiscard]] fair_awaiter {
 public:
  /// `make()` gives the awaiter; with `goes_on` the turn is not over yet.
  template <class Make>
  fair_awaiter(bool goes_on, Make&& make) : inner_(make()), goes_on_(goes_on) {}

  bool await_ready() { return goes_on_ && inner_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> self) {
    using suspended = decltype(inner_.await_suspend(self));
    if (!goes_on_) yield(self);
    if constexpr (std::is_void_v<suspended>) {
      if (goes_on_) inner_.await_suspend(self);  // may destroy this
    } else if constexpr (std::is_same_v<suspended, bool>) {
      return !goes_on_ || inner_.await_suspend(self);
    } else {
      using handle = std::coroutine_handle<>;
      return goes_on_ ? handle(inner_.await_suspend(self)) : handle(std::noop_coroutine());
    }
  }
  FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES decltype(auto) await_resume() {
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    return inner_.await_resume();
  }

 private:
  template <class Promise>
  void yield(std::coroutine_handle<Promise> self) noexcept {
    promise_base& promise = self.promise();
    promise.yielded_.awaiter = this;
    promise.yielded_.waiting = self;
    promise.env_->loop->yield(promise.yielded_, [](yielded& y) noexcept {
      auto& await = static_cast<promise_base::yielded_await&>(y);
      static_cast<fair_awaiter*>(await.awaiter)
          ->begin_from_loop(std::coroutine_handle<Promise>::from_address(await.waiting.address()));
    });
  }
  template <class Promise>
  void begin_from_loop(std::coroutine_handle<Promise> self) noexcept {
    if (self.promise().env().stop->stop_requested()) return self.promise().unwind();
    std::coroutine_handle<> next = self;
    try {
      if (!inner_.await_ready()) next = suspend_inner(self);  // may destroy this
    } catch (...) {
      thrown_ = std::current_exception();
    }
    next.resume();
  }
  /// What is to be resumed then.
  template <class Promise>
  std::coroutine_handle<> suspend_inner(std::coroutine_handle<Promise> self) {
    using suspended = decltype(inner_.await_suspend(self));
    if constexpr (std::is_void_v<suspended>) {
      inner_.await_suspend(self);
      return std::noop_coroutine();
    } else if constexpr (std::is_same_v<suspended, bool>) {
      return inner_.await_suspend(self) ? std::noop_coroutine() : std::coroutine_handle<>(self);
    } else {
      return inner_.await_suspend(self);
    }
  }

  Awaiter inner_;
  const bool goes_on_;
  std::exception_ptr thrown_;  // by what began from the loop's queue
};

/// What awaiting `awaited` comes to: itself, or what its `operator co_await` gives.
template <class Awaitable>
decltype(auto) awaiter_of(Awaitable&& awaited) {
  if constexpr (requires { std::forward<Awaitable>(awaited).operator co_await(); }) {
    return std::forward<Awaitable>(awaited).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaited)); }) {
    return operator co_await(std::forward<Awaitable>(awaited));
  } else {
    return std::forward<Awaitable>(awaited);
  }
}

/// What a `co_await` may wait for, once it is an awaiter.
template <class Awaiter>
concept is_awaiter = requires(std::remove_reference_t<Awaiter>& a) {
  a.await_ready();
  a.await_resume();
};
/// Only as an rvalue can it be awaited.
template <class Awaitable>
concept awaited_once = std::is_lvalue_reference_v<Awaitable> &&
                       requires(std::remove_cvref_t<Awaitable>&& a) {
                         std::move(a).operator co_await();
                       };

template <class Awaitable>
auto promise_base::await_transform(Awaitable&& awaited) {
  using awaiter = decltype(awaiter_of(std::forward<Awaitable>(awaited)));
  static_assert(is_awaiter<awaiter> || !awaited_once<Awaitable>,
                "ferrule: a task is awaited once, and then gone: co_await std::move(it)");
  static_assert(is_awaiter<awaiter> || awaited_once<Awaitable>,
                "ferrule: this cannot be awaited: tasks, what the library gives to be awaited, and "
                "awaiters of your own can, and none of them if it is const");
  return fair_awaiter<awaiter>(env_->loop->take_await(), [&]() -> awaiter {
    return awaiter_of(std::forward<Awaitable>(awaited));
  });
}

template <class T>
class promise final : public promise_base {
 public:
  promise() noexcept {}
  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;
  ~promise() {
    if (state_ == state::value) std::destroy_at(std::addressof(value_));
    if (state_ == state::exception) std::destroy_at(std::addressof(exception_));
  }

  task<T> get_return_object() noexcept;
  template <class U = T>
    requires std::constructible_from<T, U>
  void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U>) {
    std::construct_at(std::addressof(value_), std::forward<U>(value));
    state_ = state::value;
  }
  void unhandled_exception() noexcept {
    std::construct_at(std::addressof(exception_), std::current_exception());
    state_ = state::exception;
  }
  std::exception_ptr failure() const noexcept {
    return state_ == state::exception ? exception_ : nullptr;
  }
  T&& take() {
    if (state_ == state::exception) std::rethrow_exception(exception_);
    return std::move(value_);
  }

 private:
  enum class state : unsigned char { empty, value, exception };
  union {
    T value_;
    std::exception_ptr exception_;
  };
  state state_ = state::empty;
};

template <>
class promise<void> final : public promise_base {
 public:
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  std::exception_ptr failure() const noexcept { return exception_; }
  void take() const {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

/// Starts the child when awaited; the task object, in the awaiting frame, owns it.
template <class T>
struct task_awaiter {
  std::coroutine_handle<promise<T>> child;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    child.promise().start_under(parent.promise(), parent);
    return child;
  }
  FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES T await_resume() { return child.promise().take(); }
};

}  // namespace detail

/// A coroutine that has not started. Move-only; destroying it destroys the coroutine, finished,
/// suspended or never started. Awaiting it as an rvalue starts it and gives its result, or throws
/// what it threw.
/// Thread rule: made, awaited and destroyed on one thread.
template <class T = void>
class [[nodiscard]] FERRULE_CORO_TYPE task {
  static_assert(!std::is_reference_v<T>,
                "ferrule: a task gives a value, not a reference: let it give a pointer, or a "
                "std::reference_wrapper");

 public:
  using promise_type = detail::promise<T>;
  using value_type = T;

  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  auto operator co_await() && noexcept {
    FERRULE_DEBUG_ASSERT(coroutine_ && !coroutine_.done(),
                         "a task was awaited that was moved from or has ended");
    return detail::task_awaiter<T>{coroutine_};
  }

  /// Starts the task as the root of a chain, for code that is no coroutine. `owner` and `env` must
  /// outlive it; `owner` hears its end, perhaps before this returns.
  void start(const environment& env, detail::receiver& owner) {
    coroutine_.promise().start_as_root(env, owner);
    coroutine_.resume();
  }
  /// The result of a task whose owner heard `completed`, to be moved from; it lasts as long as the
  /// task. Throws what it threw.
  decltype(auto) take() { return coroutine_.promise().take(); }
  /// What it threw; null when it returned or has not ended.
  std::exception_ptr failure() const noexcept { return coroutine_.promise().failure(); }

 private:
  friend promise_type;
  explicit task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
task<T> promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline task<void> promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

template <class>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

}  // namespace detail

/// `co_await current_environment()` gives the running task's surroundings. Waits for nothing.
struct current_environment {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    env = &self.promise().env();
    return false;
  }
  const environment& await_resume() const noexcept { return *env; }

  const environment* env = nullptr;
};

}  // namespace ferrule
