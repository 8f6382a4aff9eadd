#pragma once
/// @file
/// One at a time, also across suspensions: a mutex for the coroutines of one reactor. What is never
/// touched across a `co_await` needs none, for a reactor is one thread.
///
/// ```cpp
/// #include "ferrule/core/sleep.hpp"
/// ferrule::task<> refresh(ferrule::async_mutex& only_one, int& fetched) {
///   const auto guard = co_await only_one.lock();
///   co_await ferrule::sleep(std::chrono::milliseconds(1));  // nobody else is here meanwhile
///   ++fetched;
/// }
/// ```

#include "ferrule/core/semaphore.hpp"

namespace ferrule {

/// Held by one coroutine at a time, handed on in the order of the waits. Not recursive: whoever
/// locks it twice waits for itself. It must outlive its guards and those who wait for it.
/// Thread rule: the loop's own thread. It does not guard against other threads.
class async_mutex {
 public:
  /// Unlocks when destroyed, or by `release()`.
  using guard = semaphore::permit;

  /// `co_await` gives the guard. Suspends while another holds it; resumes on the same thread, from
  /// the loop's queue. Cancellation: leaves the queue and unwinds. No errors.
  semaphore::acquire_awaiter lock() noexcept { return one_.acquire(); }
  /// The guard, or an empty one when another holds it. Does not suspend.
  guard try_lock() noexcept { return one_.try_acquire(); }
  bool is_locked() const noexcept { return one_.available() == 0; }

 private:
  semaphore one_{1};
};

}  // namespace ferrule
