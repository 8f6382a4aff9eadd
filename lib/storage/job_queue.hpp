#pragma once
// Functions that wait for a thread of the database, and the coroutines that wait for them.

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>

#include "ferrule/core/executor.hpp"
#include "ferrule/core/stop.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/awaitable.hpp"
#include "ferrule/storage/job.hpp"

namespace ferrule::storage::detail {

/// Jobs in the order in which they came. Whoever waits in it can leave until a thread takes it.
/// Thread rule: any thread.
class job_queue {
 public:
  explicit job_queue(std::size_t waiting_max) noexcept : waiting_max_(waiting_max) {}

  /// False when so many wait already.
  bool push(job& wanted) noexcept;
  /// Takes back what has not begun. False when it has: then its end is told.
  bool withdraw(job& wanted) noexcept;
  /// Returns once whoever told a job's end is done with its reactor.
  void await_teller() noexcept { const std::lock_guard lock(mutex_); }

  // For the threads that work.

  /// Waits for a job and leaves it where it is; false when the queue was closed.
  bool wait();
  /// Waits for a job and takes it; null when the queue was closed.
  job* wait_and_take();
  /// Takes the first if it is of that kind, else null.
  job* take(access how) noexcept;
  std::size_t size() noexcept;
  /// Whether one more would find no thread that waits.
  bool is_short_of_threads() noexcept;
  /// Waits until `until` as long as somebody waits here; false when it is in vain: nobody does, or
  /// the queue was closed.
  bool sleep_while_wanted(mono_time until) noexcept;
  /// Tells the reactors that these have ended. The jobs may be gone when this returns.
  void tell(intrusive_list<job, job>& ended) noexcept;
  /// Ends the waits of threads.
  void close() noexcept;

 private:
  job& take_first() noexcept;

  const std::size_t waiting_max_;
  std::mutex mutex_;                  // guards what follows
  std::condition_variable has_work_;  // or was closed
  std::condition_variable changed_;   // nobody waits any more, or it was closed
  intrusive_list<job, job> waiting_;
  std::size_t count_ = 0;
  std::size_t idle_threads_ = 0;
  bool closed_ = false;
};

/// `co_await turn(queue, job, patience)` hands the job to the queue's threads and waits for its
/// end; or for as long as its patience and the task's deadline last, or until the task is stopped,
/// if it has not begun by then.
class [[nodiscard]] turn : posted, stop_callback, timer, ready {
 public:
  turn(job_queue& in, job& wanted, mono_time::duration patience) noexcept;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    waiting_ = self;
    promise_ = &self.promise();
    begin();
  }
  void await_resume() const;

 private:
  const environment& env() const noexcept { return promise_->env(); }
  void begin() noexcept;
  /// Resumes, or unwinds when stopped, from the loop's queue: a loop of awaits that all fail at
  /// once lets others run.
  void end_soon() noexcept { env().loop->schedule(*this); }

  static void on_told(posted& p) noexcept;
  static void on_stop(stop_callback& s) noexcept;
  static void on_expiry(timer& t) noexcept;
  static void on_ready(ready& r) noexcept;

  job_queue& queue_;
  job& job_;
  const mono_time::duration patience_;
  error_kind late_ = error_kind::busy;
  std::optional<error_kind> refused_;  // why it never began
  bool stopped_ = false;
  std::coroutine_handle<> waiting_;
  ferrule::detail::promise_base* promise_ = nullptr;
};

}  // namespace ferrule::storage::detail
