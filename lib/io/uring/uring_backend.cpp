#include "io/uring/uring_backend.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "core/prefetch.hpp"
#include "io/kernel_sockets.hpp"
#include "io/uring/user_data.hpp"

namespace ferrule::io::uring {

event_descriptor::~event_descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::int32_t event_descriptor::set_up() noexcept {
  fd_ = ::eventfd(0, EFD_CLOEXEC);
  return fd_ < 0 ? -errno : 0;
}

void event_descriptor::signal() noexcept {
  const int kept = errno;  // a signal handler must not change it
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  errno = kept;
}

result<std::unique_ptr<backend>, std::int32_t> uring_backend::make(const backend_options& options) {
  std::unique_ptr<uring_backend> made(new uring_backend);
  const std::int32_t failed = made->set_up(options);
  if (failed != 0) return ferrule::fail(failed);
  return std::unique_ptr<backend>(std::move(made));
}

std::int32_t uring_backend::set_up(const backend_options& options) {
  std::int32_t failed = ring_.set_up(std::max<std::uint32_t>(options.queue_entries, 1));
  if (failed == 0) {
    failed = buffers_.set_up(ring_.get(), options.receive_buffers, options.receive_buffer_bytes);
  }
  if (failed == 0) failed = wake_.set_up();
  if (failed != 0) return failed;
  submission_memory_ = std::make_unique_for_overwrite<submission_memory[]>(ring_.submissions_max());
  submit_wake_read();
  read_clocks();
  return 0;
}

/// The kernel may use an operation's memory until its last completion, and a listener stays bound
/// while a request refers to it: so everything is cancelled and awaited first.
uring_backend::~uring_backend() {
  if (wake_.fd() >= 0) {  // it was set up
    io_uring_sqe& everything = next_submission();
    io_uring_prep_cancel64(&everything, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    everything.user_data = user_data::cancellation;
  }
  while (in_flight_ > 0) {
    ring_.wait();
    ring_.take_completions([this](std::uint64_t data, std::int32_t result, std::uint32_t flags) {
      if ((flags & IORING_CQE_F_MORE) == 0) --in_flight_;
      if ((data & user_data::brings_handle) != 0 && result >= 0) ::close(result);
    });
  }
  handles_.for_each_open([](handle open) { kernel::close(open); });
}

void uring_backend::read_clocks() noexcept {
  now_ = mono_time::clock::now();
  date_ = wall_time::clock::now();
}

/// Returns what it was given, or -ENOMEM when it had to be closed for want of memory.
std::int32_t uring_backend::own(std::int32_t fd, bool is_socket) noexcept {
  try {
    if (fd >= 0) handles_.add(fd, is_socket);
    return fd;
  } catch (const std::bad_alloc&) {
    kernel::close(static_cast<handle>(fd));
    return -ENOMEM;
  }
}

std::int32_t uring_backend::listen(const address& at, const socket_options& options) {
  return own(at.is_unix() ? files_.listen(at, options) : kernel::listen(at, options), true);
}

std::int32_t uring_backend::open(int family, int type) {
  return own(kernel::open(family, type), true);
}

std::int32_t uring_backend::adopt(int fd) {
  const std::int32_t adopted = kernel::adopt(fd);
  if (adopted >= 0) handles_.add(fd, kernel::is_socket(static_cast<handle>(fd)));
  return adopted;
}

std::int32_t uring_backend::release(handle socket) noexcept {
  const handle_state* const given = handles_.find(socket);
  if (given == nullptr) return -EBADF;
  if (given->pending != 0) return -EBUSY;
  handles_.remove(static_cast<std::uint32_t>(socket));
  return static_cast<std::int32_t>(socket);
}

std::int32_t uring_backend::local(handle socket, address& out) {
  return kernel::local(socket, out);
}

std::int32_t uring_backend::peer(handle socket, address& out) { return kernel::peer(socket, out); }

/// A completion in the queue may have taken already what the kernel would have shown.
std::int32_t uring_backend::peek(handle socket) noexcept {
  const auto fd = static_cast<std::uint32_t>(socket);
  std::int32_t received = -EAGAIN;
  ring_.look_at_completions([&](std::uint64_t data, std::int32_t result) {
    if (data == user_data::wake || data == user_data::cancellation) return;
    const operation& op = user_data::target(data);
    const auto what = static_cast<kind>(op.kind);
    const bool receives = what == kind::one_shot || what == kind::stream;
    if (op.slot == fd && receives && received == -EAGAIN) received = result;
  });
  const bool tells = received >= 0 || received == -ECONNRESET || received == -ETIMEDOUT;
  return tells ? received : kernel::peek(socket);
}

send_progress uring_backend::progress(handle socket) noexcept { return kernel::progress(socket); }

std::int32_t uring_backend::option(handle socket, int level, int name, int value) {
  return kernel::option(socket, level, name, value);
}

std::int32_t uring_backend::stop_listening(handle listener) {
  return files_.remove(listener) ? 0 : kernel::refuse_handshakes(listener);
}

std::int32_t uring_backend::accept_waiting(handle listener) {
  return own(kernel::accept(listener), true);
}

void uring_backend::shutdown(handle socket, int how) noexcept { kernel::shutdown(socket, how); }

/// One call may end early: it was interrupted, or the kernel took only a part of what it was given.
void uring_backend::sleep(mono_time until) noexcept {
  do {
    if (until == no_deadline) {
      ring_.wait();
    } else {
      // Not from `now_`: what was done since may have taken long.
      const auto left = until - mono_time::clock::now();
      ring_.wait(std::max(left, mono_time::duration::zero()).count());
    }
    read_clocks();
  } while (!ring_.has_completions() && now_ < until);
}

unsigned uring_backend::wait(mono_time until) {
  delivered_ = 0;
  if (first_failed_ != nullptr || until <= now_) {
    read_clocks();
    // What was the backend's own affair, such as a want of buffers, may have hidden what is not.
    do {
      ring_.poll();
    } while (deal_with_completions() != 0 && delivered_ == 0);
  } else {
    sleep(until);
    deal_with_completions();
  }
  return delivered_;
}

/// Returns how many the ring had, those of the backend's own included.
unsigned uring_backend::deal_with_completions() noexcept {
  unsigned taken = 0;
  finish_failed();
  finish_offloaded();
  ring_.take_completions(
      [&](std::uint64_t data, std::int32_t result, std::uint32_t flags) {
        ++taken;
        completed(data, result, flags);
      },
      // An operation is a part, mostly near the beginning, of what it belongs to, such as a
      // connection. Of a thousand that take turns each has left the near caches by its turn.
      [](std::uint64_t data) { prefetch(user_data::place(data), 384); });
  return taken;
}

}  // namespace ferrule::io::uring
