#pragma once
/// @file
/// One operation of the backend as something to `co_await`.
///
/// ```cpp
/// ferrule::task<std::int32_t> receive(ferrule::io::handle from, std::span<std::byte> into) {
///   co_return co_await ferrule::io::perform(
///       [&](ferrule::io::backend& io, ferrule::io::operation& op) { io.recv(op, from, into); });
/// }
/// ```

#include <cerrno>
#include <coroutine>
#include <cstdint>
#include <utility>

#include "ferrule/core/task.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// The reactor that a task runs on. `reactor` is the one executor outside of core's own tests, so
/// every environment's loop is one.
inline reactor& current_reactor(const environment& env) noexcept {
  return static_cast<reactor&>(*env.loop);
}

namespace io {

/// An operation that a coroutine waits for: the common part of what `perform` and `run_blocking`
/// give. It lives in the awaiting frame.
class awaited_operation : protected operation, stop_callback {
 public:
  awaited_operation() noexcept : operation(on_done), stop_callback(on_stop) {}

  bool await_ready() const noexcept { return false; }

 protected:
  ~awaited_operation() {
    FERRULE_DEBUG_ASSERT(!pending(), "a frame was destroyed while its I/O was pending: stop it");
  }

  /// For `await_suspend`: calls `start(backend)`, which starts this operation, unless a stop was
  /// requested before; then it unwinds, which destroys this.
  template <class Promise, class Start>
  void suspend(std::coroutine_handle<Promise> self, Start start) {
    waiting_ = self;
    promise_ = &self.promise();
    if (stop().stop_requested()) {
      promise_->unwind();
      return;
    }
    stop().attach(*this);
    start(current_reactor(promise_->env()).io());
  }
  std::int32_t result() const noexcept { return result_; }

 private:
  stop_source& stop() const noexcept { return *promise_->env().stop; }

  static void on_stop(stop_callback& callback) noexcept {
    auto& self = static_cast<awaited_operation&>(callback);
    current_reactor(self.promise_->env()).io().cancel(self);
  }
  static void on_done(operation& op, const completion& c) noexcept {
    auto& self = static_cast<awaited_operation&>(op);
    FERRULE_DEBUG_ASSERT(!c.more, "perform is for operations that end with their first result");
    self.detach();
    self.result_ = c.result;
    if (c.result == -ECANCELED && self.stop().stop_requested()) {
      self.promise_->unwind();
    } else {
      self.promise_->resume_from_loop(self.waiting_);
    }
  }

  std::coroutine_handle<> waiting_;
  ferrule::detail::promise_base* promise_ = nullptr;
  std::int32_t result_ = 0;
};

/// What `perform` gives.
template <class Start>
class [[nodiscard]] operation_awaiter : awaited_operation {
 public:
  explicit operation_awaiter(Start start) noexcept : start_(std::move(start)) {}

  using awaited_operation::await_ready;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    suspend(self, [this](backend& io) { start_(io, *this); });
  }
  std::int32_t await_resume() const noexcept { return result(); }

 private:
  Start start_;
};

/// `co_await perform(start)` calls `start(backend, operation)`, which must start that one operation
/// and no multishot, and gives its result: >= 0 as the operation says, or -errno. What the
/// operation refers to must live as long as the awaiting frame.
/// Cancellation: cancels the operation, waits for its end and unwinds; when it completed in spite
/// of that its result is given, so nothing that was received or made is lost. When the stop was
/// requested before, `start` is not called. Resumes on the same thread.
template <class Start>
operation_awaiter<Start> perform(Start start) noexcept {
  return operation_awaiter<Start>(std::move(start));
}

}  // namespace io
}  // namespace ferrule
