#pragma once
/// @file
/// The base of awaitables that wait for someone else on the same thread: park, and be woken or
/// stopped.
///
/// ```cpp
/// struct gate {                                     // co_await one.wait(); ... one.open();
///   struct waiter : ferrule::parked {
///     explicit waiter(gate& at) : parked([](parked& self) noexcept {
///                                   static_cast<waiter&>(self).gate_.waiting = nullptr;
///                                 }), gate_(at) {}
///     bool await_ready() const noexcept { return gate_.is_open; }
///     template <class Promise>
///     void await_suspend(std::coroutine_handle<Promise> self) noexcept {
///       gate_.waiting = this;
///       park(self);
///     }
///     void await_resume() const noexcept {}
///     gate& gate_;
///   };
///   waiter wait() { return waiter(*this); }
///   void open() { is_open = true; if (waiting != nullptr) std::exchange(waiting, nullptr)->wake();
///   } waiter* waiting = nullptr; bool is_open = false;
/// };
/// ```

#include <coroutine>
#include <utility>

#include "ferrule/core/task.hpp"

namespace ferrule {

/// A suspended coroutine that a `wake` resumes and a stop unwinds. The object that would wake it
/// must forget it when `abandoned` is called. It must not move while parked.
/// Thread rule: the loop's own thread.
class parked : ready, stop_callback {
 public:
  using function = void (*)(parked&) noexcept;

  explicit parked(function abandoned) noexcept
      : ready(run_later), stop_callback(on_stop), abandoned_(abandoned) {}

  /// Resumes the coroutine from the loop's queue, not from inside this call.
  void wake() noexcept {
    detach();
    promise_->env().loop->schedule(*this);
  }
  /// Resumes the coroutine now. Only where nothing on the stack minds what it does.
  void resume() noexcept {
    detach();
    promise_->resume_from_loop(waiting_);
  }

 protected:
  ~parked() { FERRULE_DEBUG_ASSERT(!queued, "a frame was destroyed while it was about to resume"); }

  /// For `await_suspend`. A stop that was requested already unwinds from the loop's queue.
  template <class Promise>
  void park(std::coroutine_handle<Promise> self) noexcept {
    waiting_ = self;
    promise_ = &self.promise();
    stop_source& stop = *promise_->env().stop;
    if (stop.stop_requested()) {
      on_stop(*this);
    } else {
      stop.attach(*this);
    }
  }
  const environment& env() const noexcept { return promise_->env(); }

 private:
  static void on_stop(stop_callback& callback) noexcept {
    auto& self = static_cast<parked&>(callback);
    self.stopped_ = true;
    self.abandoned_(self);
    self.promise_->env().loop->schedule(self);
  }
  static void run_later(ready& r) noexcept {
    auto& self = static_cast<parked&>(r);
    if (self.stopped_) {
      self.promise_->unwind();
    } else {
      self.promise_->resume_from_loop(self.waiting_);
    }
  }

  function abandoned_;
  std::coroutine_handle<> waiting_;
  detail::promise_base* promise_ = nullptr;
  bool stopped_ = false;
};

}  // namespace ferrule
