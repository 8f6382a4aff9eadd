#pragma once
/// @file
/// One io_uring instance: set up as well as the kernel allows, tried out, and taken down.

#include <cstdint>

#include "io/uring/compat.hpp"

namespace ferrule::io::uring {

/// Owns the ring. Thread rule: the thread that sets it up submits to it and waits on it.
class ring {
 public:
  ring() = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring();

  /// Sets up and runs one operation. 0 or -errno; -ENOSYS also when the kernel is too old.
  std::int32_t set_up(std::uint32_t entries) noexcept;

  /// The next submission, to be prepared at once. Submits when the queue is full.
  io_uring_sqe& next_submission() noexcept;
  /// Where in the queue a submission stands: its own until it was submitted.
  std::uint32_t index_of(const io_uring_sqe& submission) const noexcept {
    return static_cast<std::uint32_t>(&submission - raw_.sq.sqes);
  }
  std::uint32_t submissions_max() const noexcept { return raw_.sq.ring_entries; }

  /// Submit, and wait: not at all, for something to complete, or for that at most so long. A signal
  /// ends the wait; so does a shortage of the kernel's, after a pause.
  void poll() noexcept;
  void wait() noexcept;
  void wait(std::int64_t ns_max) noexcept;
  bool has_completions() const noexcept { return io_uring_cq_ready(&raw_) > 0; }

  /// Calls `each(user_data, result, flags)` for what has completed by now, and before that
  /// `coming(user_data)` of what comes next, for it to be fetched meanwhile.
  template <class Each, class Coming>
  void take_completions(Each each, Coming coming) noexcept {
    unsigned head = *raw_.cq.khead;
    const unsigned tail = io_uring_smp_load_acquire(raw_.cq.ktail);
    while (head != tail) {
      const io_uring_cqe& c = raw_.cq.cqes[head & raw_.cq.ring_mask];
      const auto user_data = c.user_data;
      const auto result = c.res;
      const auto flags = c.flags;
      // Given back first: what `each` starts may complete while it runs and needs the room.
      io_uring_smp_store_release(raw_.cq.khead, ++head);
      if (head != tail) coming(raw_.cq.cqes[head & raw_.cq.ring_mask].user_data);
      each(user_data, result, flags);
    }
  }

  template <class Each>
  void take_completions(Each each) noexcept {
    take_completions(each, [](std::uint64_t) {});
  }

  /// Calls `each(user_data, result)` for what has completed and was not taken yet.
  template <class Each>
  void look_at_completions(Each each) const noexcept {
    const unsigned tail = io_uring_smp_load_acquire(raw_.cq.ktail);
    for (unsigned head = *raw_.cq.khead; head != tail; ++head) {
      const io_uring_cqe& c = raw_.cq.cqes[head & raw_.cq.ring_mask];
      each(std::uint64_t{c.user_data}, std::int32_t{c.res});
    }
  }

  io_uring* get() noexcept { return &raw_; }

 private:
  std::int32_t create(std::uint32_t entries) noexcept;
  std::int32_t check_operations() noexcept;
  void pause_if_short(int submitted) noexcept;

  io_uring raw_{};
  bool created_ = false;
};

}  // namespace ferrule::io::uring
