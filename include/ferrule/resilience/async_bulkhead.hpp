#pragma once
/// @file
/// A `bulkhead` that coroutines wait in.
///
/// ```cpp
/// ferrule::task<bool> with_slot(ferrule::async_bulkhead& slots) {
///   if (!co_await slots.enter()) co_return false;  // refused, or waited too long
///   co_await ferrule::sleep(std::chrono::milliseconds(5));
///   slots.leave();  // from a destructor where the work may be cancelled
///   co_return true;
/// }
/// ```

#include <coroutine>
#include <vector>

#include "ferrule/core/parked.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/resilience/bulkhead.hpp"

namespace ferrule {

/// First come, first served. Nothing may wait in it when it dies.
/// Thread rule: belongs to the loop's thread.
class async_bulkhead {
 public:
  class entry;

  /// `loop` must outlive it; it gives the time.
  async_bulkhead(const bulkhead_settings& settings, executor& loop)
      : loop_(loop),
        slots_(settings),
        wait_max_(settings.wait_max),
        waiting_(settings.waiting_max, nullptr) {}
  async_bulkhead(const async_bulkhead&) = delete;
  async_bulkhead& operator=(const async_bulkhead&) = delete;

  /// `co_await slots.enter()`: true when the work may run, and then has to `leave`; false when it
  /// was refused, at once or after waiting. Suspends while all slots are taken and there is room to
  /// wait. Cancellation: gives the place up and unwinds; a slot that was granted before is returned
  /// as such.
  entry enter() noexcept;
  /// A running call ended; the one that waited longest runs next.
  void leave() noexcept;

  bulkhead_snapshot snapshot() const noexcept { return slots_.snapshot(); }

 private:
  void expire() noexcept;

  executor& loop_;
  bulkhead slots_;
  std::chrono::nanoseconds wait_max_;
  std::vector<entry*> waiting_;  // by the ticket's slot
};

/// What `enter` gives to await.
class [[nodiscard]] async_bulkhead::entry : parked, timer {
 public:
  explicit entry(async_bulkhead& to) noexcept : parked(on_abandoned), timer(on_expired), to_(to) {}

  bool await_ready() noexcept {
    const bulkhead_entry given = to_.slots_.enter(to_.loop_.now());
    ticket_ = given.ticket;
    is_admitted_ = given.admission == bulkhead_admission::runs;
    return given.admission != bulkhead_admission::waits;
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    to_.waiting_[ticket_.slot] = this;
    to_.loop_.arm(*this, saturating_add(to_.loop_.now(), to_.wait_max_));
    park(self);
  }
  bool await_resume() const noexcept { return is_admitted_; }

 private:
  friend async_bulkhead;

  static void on_abandoned(parked& p) noexcept {
    auto& self = static_cast<entry&>(p);
    self.to_.loop_.disarm(self);
    self.to_.slots_.cancel(self.ticket_);
  }
  static void on_expired(timer& t) noexcept { static_cast<entry&>(t).to_.expire(); }
  void end_wait(bool is_admitted) noexcept {
    to_.loop_.disarm(*this);
    is_admitted_ = is_admitted;
    wake();
  }

  async_bulkhead& to_;
  bulkhead_ticket ticket_{};
  bool is_admitted_ = false;
};

inline async_bulkhead::entry async_bulkhead::enter() noexcept { return entry(*this); }

inline void async_bulkhead::leave() noexcept {
  if (const auto next = slots_.leave(loop_.now())) waiting_[next->slot]->end_wait(true);
}

inline void async_bulkhead::expire() noexcept {
  while (const auto late = slots_.expire(loop_.now())) waiting_[late->slot]->end_wait(false);
}

}  // namespace ferrule
