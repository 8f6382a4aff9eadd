#pragma once
/// @file
/// Coroutines in a queue for something that several want: the common part of `semaphore`,
/// `async_mutex` and `channel`.
///
/// ```cpp
/// class [[nodiscard]] turn : ferrule::detail::waiter {     // co_await turn(list);
///  public:
///   explicit turn(ferrule::detail::wait_list& in) noexcept : list_(in) {}
///   bool await_ready() const noexcept { return false; }
///   template <class Promise>
///   void await_suspend(std::coroutine_handle<Promise> self) noexcept {
///     wait_in(list_, self);
///   }
///   void await_resume() const noexcept {}
///
///  private:
///   ferrule::detail::wait_list& list_;
/// };
/// ```

#include <coroutine>

#include "ferrule/core/parked.hpp"

namespace ferrule::detail {

class wait_list;

/// A coroutine that waits in a list until it is taken out and woken, or unwinds when stopped and
/// leaves the list by itself. It resumes from the loop's queue, so that however many wake each
/// other the stack stays flat.
class waiter : public parked {
 public:
  waiter() noexcept : parked(on_abandoned) {}

 protected:
  ~waiter() = default;

  /// For `await_suspend`: joins the end of `list`.
  template <class Promise>
  void wait_in(wait_list& list, std::coroutine_handle<Promise> self) noexcept;

 private:
  friend class wait_list;
  static void on_abandoned(parked& p) noexcept;

  wait_list* list_ = nullptr;  // null when in none
  waiter* next_ = nullptr;
  waiter* previous_ = nullptr;
};

/// Waiters in the order in which they came. It must outlive them.
/// Thread rule: the loop's own thread.
class wait_list {
 public:
  wait_list() = default;
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;
  ~wait_list() { FERRULE_ASSERT(empty(), "destroyed while coroutines waited for it"); }

  bool empty() const noexcept { return first_ == nullptr; }
  /// Takes out who came first; null when none waits. Whoever takes it has to wake it.
  waiter* take_first() noexcept {
    waiter* const taken = first_;
    if (taken != nullptr) remove(*taken);
    return taken;
  }

 private:
  friend class waiter;

  void append(waiter& w) noexcept {
    w.list_ = this;
    w.next_ = nullptr;
    w.previous_ = last_;
    (last_ == nullptr ? first_ : last_->next_) = &w;
    last_ = &w;
  }
  void remove(waiter& w) noexcept {
    (w.previous_ == nullptr ? first_ : w.previous_->next_) = w.next_;
    (w.next_ == nullptr ? last_ : w.next_->previous_) = w.previous_;
    w.list_ = nullptr;
  }

  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

template <class Promise>
void waiter::wait_in(wait_list& list, std::coroutine_handle<Promise> self) noexcept {
  list.append(*this);
  park(self);
}

inline void waiter::on_abandoned(parked& p) noexcept {
  auto& self = static_cast<waiter&>(p);
  self.list_->remove(self);
}

}  // namespace ferrule::detail
