#pragma once
/// @file
/// So many at a time: a coroutine takes a permit, or waits until another gives one back.
///
/// ```cpp
/// #include "ferrule/core/sleep.hpp"
/// ferrule::task<> one_of_four(ferrule::semaphore& four) {
///   const auto permit = co_await four.acquire();
///   co_await ferrule::sleep(std::chrono::milliseconds(1));  // at most four are here at once
/// }
/// ```
///
/// Source: E. W. Dijkstra, "Cooperating sequential processes"; a permit that is given back goes
/// to the first in the queue, so that none is overtaken.

#include <coroutine>
#include <cstddef>
#include <utility>

#include "ferrule/core/wait_list.hpp"

namespace ferrule {

/// A fixed number of permits for the coroutines of one loop, handed out first come, first served.
/// It must outlive its permits and those who wait for one.
/// Thread rule: the loop's own thread; for a limit across threads give each reactor its share.
class semaphore {
 public:
  class permit;
  class acquire_awaiter;

  explicit semaphore(std::size_t permits) noexcept : available_(permits) {}

  /// `co_await` gives a permit. Suspends when all are taken; resumes on the same thread, from the
  /// loop's queue, in the order of the waits. Cancellation: leaves the queue and unwinds, and takes
  /// no permit. No errors.
  acquire_awaiter acquire() noexcept;
  /// A permit, or one that is empty when all are taken. Does not suspend.
  permit try_acquire() noexcept;
  /// How many could be acquired now without waiting.
  std::size_t available() const noexcept { return available_; }

 private:
  bool take() noexcept {
    if (available_ == 0) return false;
    --available_;
    return true;
  }
  void give_back() noexcept {
    if (detail::waiter* const next = waiting_.take_first()) {
      next->wake();  // it is the next's from now on
    } else {
      ++available_;
    }
  }

  std::size_t available_;
  detail::wait_list waiting_;
};

/// The right to be one of so many, given back when destroyed. Move-only.
class [[nodiscard]] semaphore::permit {
 public:
  permit() = default;
  permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  permit& operator=(permit&& other) noexcept {
    std::swap(from_, other.from_);
    return *this;
  }
  ~permit() { release(); }

  explicit operator bool() const noexcept { return from_ != nullptr; }
  /// Gives it back before its time. Harmless when empty.
  void release() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->give_back();
  }

 private:
  friend class semaphore;
  explicit permit(semaphore& from) noexcept : from_(&from) {}

  semaphore* from_ = nullptr;
};

class [[nodiscard]] semaphore::acquire_awaiter : detail::waiter {
 public:
  explicit acquire_awaiter(semaphore& from) noexcept : from_(from) {}

  bool await_ready() const noexcept { return from_.take(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    wait_in(from_.waiting_, self);
  }
  permit await_resume() const noexcept { return permit(from_); }

 private:
  semaphore& from_;
};

inline semaphore::acquire_awaiter semaphore::acquire() noexcept { return acquire_awaiter(*this); }
inline semaphore::permit semaphore::try_acquire() noexcept {
  return take() ? permit(*this) : permit();
}

}  // namespace ferrule
