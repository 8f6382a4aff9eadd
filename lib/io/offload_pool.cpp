#include "io/offload_pool.hpp"

#include <resolv.h>

#include <algorithm>
#include <exception>
#include <new>

#include "core/signals_blocked.hpp"

namespace ferrule::io {
offload_pool::offload_pool(backend& owner, unsigned threads_max) noexcept
    : owner_(owner), threads_max_(threads_max) {}

offload_pool::~offload_pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_to_do_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void offload_pool::submit(operation& op, function blocking) noexcept {
  if (hand_over({&op, blocking})) return;
  blocking(op);
  finish(op);
}

/// Whether a thread will do the work.
bool offload_pool::hand_over(job work) noexcept {
  bool enough_threads;
  try {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(work);
    enough_threads = waiting_.size() <= idle_;
  } catch (const std::bad_alloc&) {
    return false;
  }
  const bool wants_thread = !enough_threads && threads_.size() < threads_max_;
  const bool has_thread = (wants_thread && start_thread()) || !threads_.empty();
  if (!has_thread) return !withdraw(*work.op);
  work_to_do_.notify_one();
  return true;
}

bool offload_pool::withdraw(operation& op) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(waiting_, &op, &job::op);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

operation* offload_pool::take_finished() noexcept {
  if (finished_.load(std::memory_order_relaxed) == nullptr) return nullptr;
  operation* last_first = finished_.exchange(nullptr, std::memory_order_acquire);
  operation* first = nullptr;
  while (last_first != nullptr) {
    operation* const op = last_first;
    last_first = op->next;
    op->next = first;
    first = op;
  }
  return first;
}

/// False when the system has no thread for it now, or no memory.
bool offload_pool::start_thread() noexcept {
  const signals_blocked in_the_thread_too;
  try {
    threads_.emplace_back([this]() noexcept { work(); });
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void offload_pool::work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_to_do_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (stopping_) return;
    const job next = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    next.blocking(*next.op);
    finish(*next.op);
    lock.lock();
  }
}

void offload_pool::finish(operation& op) noexcept {
  operation* before = finished_.load(std::memory_order_relaxed);
  do {
    op.next = before;
  } while (!finished_.compare_exchange_weak(before, &op, std::memory_order_release,
                                            std::memory_order_relaxed));
  if (before == nullptr) owner_.wake();  // else whoever put the first one there has woken it
}

}  // namespace ferrule::io

namespace {
struct __res_state first_thread_resolver;
}

extern "C" {
/// glibc's pthread_create() points it at the new thread's resolver state. glibc defines it, just
/// like this, beside res_init(), for which a static service would link the whole resolver: 67 kB.
/// Weak: in an executable that calls res_init(), glibc's definition is taken.
[[gnu::weak, gnu::visibility("hidden")]]
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
constinit thread_local struct __res_state* __libc_resp = &first_thread_resolver;
}
