#include "io/uring/ring.hpp"

#include <array>
#include <cerrno>

#include "ferrule/core/assert.hpp"

// liburing maps and unmaps memory behind the thread sanitizer's back. Where a ring comes to lie at
// the address of one that another thread has had, the sanitizer must be told that it is new.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FERRULE_TSAN
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif
#endif

namespace ferrule::io::uring {
namespace {

/// What a call that submits says when the kernel has no memory for it.
bool is_short(int returned) noexcept { return returned == -EAGAIN || returned == -ENOMEM; }

/// `returned` by a call that submits. Being out of memory or interrupted passes; anything else is
/// a defect, such as a call from a thread that does not own the ring.
int checked(int returned) noexcept {
  const bool passes = returned >= 0 || returned == -EINTR || returned == -EBUSY ||
                      returned == -ETIME || is_short(returned);
  FERRULE_ASSERT(passes, "io_uring refuses to submit: is this the thread that made the backend?");
  return returned;
}

#ifdef FERRULE_TSAN
char mapped_memory;
void note_mapped() noexcept { __tsan_acquire(&mapped_memory); }
void note_unmapped() noexcept { __tsan_release(&mapped_memory); }
#else
void note_mapped() noexcept {}
void note_unmapped() noexcept {}
#endif

}  // namespace

ring::~ring() {
  if (!created_) return;
  note_unmapped();
  io_uring_queue_exit(&raw_);
}

std::int32_t ring::set_up(std::uint32_t entries) noexcept {
  std::int32_t failed = create(entries);
  if (failed == 0) failed = check_operations();
  return failed;
}

/// The best mode that the kernel knows: completions are worked on only when this thread waits
/// (Linux 6.1), at least without interrupting it (5.19), or anyhow.
std::int32_t ring::create(std::uint32_t entries) noexcept {
  constexpr unsigned always = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
  constexpr std::array<unsigned, 3> modes = {
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0};
  int failed = 0;
  for (const unsigned mode : modes) {
    io_uring_params parameters{};
    parameters.flags = always | mode;
    parameters.cq_entries = entries * 4;  // multishots complete far more often than they start
    failed = io_uring_queue_init_params(entries, &raw_, &parameters);
    if (failed != -EINVAL) break;
  }
  if (failed != 0) return failed;
  note_mapped();
  created_ = true;
  const int registered = io_uring_register_ring_fd(&raw_);  // spares a look-up at every call
  return registered < 0 ? registered : 0;
}

std::int32_t ring::check_operations() noexcept {
  io_uring_probe* const probe = io_uring_get_probe_ring(&raw_);
  const bool known =
      probe != nullptr && io_uring_opcode_supported(probe, newest_needed_opcode) != 0;
  io_uring_free_probe(probe);
  if (!known) return -ENOSYS;

  io_uring_prep_nop(&next_submission());
  const int submitted = io_uring_submit_and_wait(&raw_, 1);
  if (submitted < 0) return submitted;
  std::int32_t result = -EIO;
  take_completions([&](std::uint64_t, std::int32_t r, std::uint32_t) { result = r; });
  return result;
}

io_uring_sqe& ring::next_submission() noexcept {
  for (;;) {
    if (io_uring_sqe* const free = io_uring_get_sqe(&raw_); free != nullptr) return *free;
    pause_if_short(checked(io_uring_submit(&raw_)));
  }
}

void ring::poll() noexcept { checked(io_uring_submit_and_get_events(&raw_)); }

void ring::wait() noexcept { pause_if_short(checked(io_uring_submit_and_wait(&raw_, 1))); }

void ring::wait(std::int64_t ns_max) noexcept {
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  __kernel_timespec most{.tv_sec = ns_max / ns_per_s, .tv_nsec = ns_max % ns_per_s};
  io_uring_cqe* first = nullptr;
  pause_if_short(checked(io_uring_submit_and_wait_timeout(&raw_, &first, 1, &most, nullptr)));
}

/// Where submitting found no memory, one more completion may bring some, or else time: asking again
/// at once would only keep the processor busy. What cannot be submitted does not hinder this call.
void ring::pause_if_short(int submitted) noexcept {
  if (!is_short(submitted)) return;
  __kernel_timespec most{.tv_sec = 0, .tv_nsec = 1'000'000};
  io_uring_cqe* first = nullptr;
  io_uring_wait_cqes(&raw_, &first, io_uring_cq_ready(&raw_) + 1, &most, nullptr);
}

}  // namespace ferrule::io::uring
