#pragma once
/// @file
/// The notice that a service begins to end, for work that would not end by itself: a stream of
/// events, a long poll. It is told at the start of the drain, so that it can end well; it is
/// stopped only when the grace has passed. A client that went away is a stop, never this.
///
/// ```cpp
/// #include "ferrule/core/race.hpp"
/// ferrule::task<int> next_event();
/// ferrule::task<int> event_or_end() {   // 0: the service ends
///   auto first = co_await ferrule::race(next_event(), ferrule::drain_begins());
///   co_return first.index() == 0 ? std::get<0>(first) : 0;
/// }
/// ferrule::task<> poll_until_end() {
///   while (!co_await ferrule::is_draining()) co_await ferrule::sleep(std::chrono::seconds(1));
/// }
/// ```

#include <coroutine>

#include "ferrule/core/parked.hpp"

namespace ferrule {
namespace detail {

class [[nodiscard]] drain_awaiter : parked {
 public:
  drain_awaiter() noexcept
      : parked([](parked& self) noexcept {
          static_cast<drain_awaiter&>(self).notice_.detach();
        }) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    stop_source* const drain = self.promise().env().drain;
    if (drain != nullptr) {
      drain->note_asked();
      if (drain->stop_requested()) return false;
      drain->attach(notice_);
    }
    park(self);
    return true;
  }
  void await_resume() const noexcept {}

 private:
  struct notice : ferrule::stop_callback {
    explicit notice(drain_awaiter& to) noexcept
        : stop_callback([](stop_callback& self) noexcept {
            static_cast<notice&>(self).waiting.wake();
          }),
          waiting(to) {}
    drain_awaiter& waiting;
  };
  notice notice_{*this};
};

struct [[nodiscard]] draining_awaiter {
  bool draining = false;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    if (stop_source* const drain = self.promise().env().drain; drain != nullptr) {
      drain->note_asked();
      draining = drain->stop_requested();
    }
    return false;
  }
  bool await_resume() const noexcept { return draining; }
};

}  // namespace detail

/// Ends when the service begins to drain, at once if it has begun; never where there is no service,
/// as in a test of a handler by itself. To be awaited, or raced against what a stream waits for.
/// Resumes on the same thread. Cancellation: unwinds. No errors.
inline task<> drain_begins() { co_await detail::drain_awaiter(); }

/// `co_await is_draining()`: whether the service has begun to drain. Waits for nothing.
inline detail::draining_awaiter is_draining() noexcept { return {}; }

}  // namespace ferrule
