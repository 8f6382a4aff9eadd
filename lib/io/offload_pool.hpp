#pragma once
/// @file
/// Worker threads for what would block a reactor: file calls where the kernel has no asynchronous
/// ones, and users' blocking functions. Shared by the backends that run on a kernel.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "ferrule/io/backend.hpp"

namespace ferrule::io {

/// A few threads that run operations' blocking work and hand the operations back to the backend
/// that owns them. No thread exists before the first `submit`.
/// Thread rule: everything here is for the owner's thread.
class offload_pool {
 public:
  /// What a worker runs; what it writes into its operation is visible after `take_finished`.
  using function = void (*)(operation&) noexcept;

  /// `owner` is woken when work has finished and must outlive the pool. At most `threads_max`
  /// threads are started; where none can be started, or without memory, work runs inside `submit`.
  explicit offload_pool(backend& owner, unsigned threads_max = 4) noexcept;
  offload_pool(const offload_pool&) = delete;
  offload_pool& operator=(const offload_pool&) = delete;
  /// Waits for what runs; what has not started never does.
  ~offload_pool();

  /// Runs `blocking(op)` on a worker. `op.next` is the pool's until the operation is given back
  /// by `take_finished` or `withdraw`.
  void submit(operation& op, function blocking) noexcept;
  /// Takes back work that has not started. False when it has, or has finished: then it comes from
  /// `take_finished`.
  bool withdraw(operation& op) noexcept;
  /// What has finished since the last call, in that order and linked by `next`, or null. Cheap
  /// when there is nothing, so that a backend can ask after every sleep.
  operation* take_finished() noexcept;

 private:
  struct job {
    operation* op;
    function blocking;
  };

  bool hand_over(job work) noexcept;
  bool start_thread() noexcept;
  void work() noexcept;
  void finish(operation& op) noexcept;

  backend& owner_;
  const unsigned threads_max_;
  std::vector<std::thread> threads_;
  std::atomic<operation*> finished_{nullptr};  // the last to finish first

  std::mutex mutex_;  // guards what follows
  std::condition_variable work_to_do_;
  std::deque<job> waiting_;
  unsigned idle_ = 0;  // threads waiting for work
  bool stopping_ = false;
};

}  // namespace ferrule::io
