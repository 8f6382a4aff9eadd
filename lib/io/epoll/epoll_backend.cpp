#include "io/epoll/epoll_backend.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>

#include "io/epoll/file_job.hpp"
#include "io/kernel_sockets.hpp"

namespace ferrule::io {
namespace {

constexpr std::size_t buffer_bytes_max = 16384;
constexpr std::uint64_t wake_mark = ~std::uint64_t{0};

std::size_t buffer_bytes(const backend_options& options) noexcept {
  const std::size_t wanted =
      std::size_t{options.receive_buffers} * std::size_t{options.receive_buffer_bytes};
  return std::clamp<std::size_t>(wanted, 1, buffer_bytes_max);
}

}  // namespace

std::unique_ptr<backend> make_epoll_backend(const backend_options& options) {
  epoll::owned_fd set(::epoll_create1(EPOLL_CLOEXEC));
  if (set.get() < 0) return nullptr;
  epoll::owned_fd wake_event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake_event.get() < 0) return nullptr;
  // Edge triggered, so that it need not be read: each write is an edge.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = wake_mark}};
  if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, wake_event.get(), &event) < 0) return nullptr;
  return std::make_unique<epoll_backend>(options, std::move(set), std::move(wake_event));
}

epoll_backend::epoll_backend(const backend_options& options, epoll::owned_fd set,
                             epoll::owned_fd wake_event)
    : set_(std::move(set)),
      wake_event_(std::move(wake_event)),
      buffer_bytes_(buffer_bytes(options)),
      buffer_(new std::byte[buffer_bytes_]) {
  read_clocks();
}

epoll_backend::~epoll_backend() = default;

void epoll_backend::wake() noexcept {
  const int errno_before = errno;
  const std::uint64_t one = 1;
  // It cannot fail but by a count of 2^64.
  [[maybe_unused]] const ssize_t written = ::write(wake_event_.get(), &one, sizeof one);
  errno = errno_before;
}

unsigned epoll_backend::wait(mono_time until) {
  told_ = 0;
  const bool polls = queued_ != nullptr || !completed_.empty() || until <= now_;
  if (polls) read_clocks();
  const int count = sleep(polls ? mono_time::min() : until);
  if (!polls) read_clocks();
  for (int i = 0; i < count; ++i) handle_event(events_[static_cast<std::size_t>(i)]);
  go_on_with_queued();
  take_offloaded();
  tell_completed();
  return told_;
}

int epoll_backend::sleep(mono_time until) noexcept {
  int count;
  do {
    count = await_events(until);
    // A signal ends the call, and so does the kernel when it takes down a ring of this thread.
  } while (count < 0 && errno == EINTR);
  return count;
}

int epoll_backend::await_events(mono_time until) noexcept {
  constexpr int events_max = std::tuple_size_v<decltype(events_)>;
  int timeout_ms = 0;
  if (until == no_deadline) {
    timeout_ms = -1;
  } else if (until != mono_time::min()) {
    const auto started = std::chrono::steady_clock::now();
    const auto left = until > started ? until - started : mono_time::duration::zero();
    if (has_pwait2_) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
      const int count = ::epoll_pwait2(set_.get(), events_.data(), events_max, &timeout, nullptr);
      if (count >= 0 || errno == EINTR) return count;
      has_pwait2_ = false;
    }
    // Rounded up: to wake early would be to spin until the time has come.
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    timeout_ms = static_cast<int>(std::min<std::int64_t>(whole, std::numeric_limits<int>::max()));
  }
  return ::epoll_wait(set_.get(), events_.data(), events_max, timeout_ms);
}

void epoll_backend::read_clocks() noexcept {
  now_ = std::chrono::steady_clock::now();
  date_ = std::chrono::system_clock::now();
}

void epoll_backend::handle_event(const epoll_event& event) noexcept {
  if (event.data.u64 == wake_mark) return;
  record* const socket = sockets_.find(static_cast<int>(event.data.u64 & 0xffff'ffffU));
  // Closed, and maybe opened again as another, earlier in this batch.
  if (socket == nullptr || socket->generation != event.data.u64 >> 32U) return;
  if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket->ended = true;
  if (socket->ended || (event.events & EPOLLIN) != 0) socket->readable = true;
  if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) socket->writable = true;
  if (socket->in.op != nullptr && static_cast<kind>(socket->in.op->kind) == kind::poll) {
    operation& op = *socket->in.op;
    remove(*socket);
    tell(op, {static_cast<std::int32_t>(event.events), false, {}});
    return;
  }
  go_on(*socket);
}

void epoll_backend::go_on_with_queued() noexcept {
  record* socket = std::exchange(queued_, nullptr);
  while (socket != nullptr) {
    record& current = *socket;
    socket = std::exchange(current.next, nullptr);
    current.queued = false;
    go_on(current);
  }
}

void epoll_backend::take_offloaded() noexcept {
  operation* next = pool_.take_finished();
  while (next != nullptr) {
    operation& op = *next;
    next = op.next;
    if (static_cast<kind>(op.kind) == kind::file_job) {
      finish_file_job(static_cast<epoll::file_job&>(op));
    } else {
      complete(op, 0);
    }
  }
}

void epoll_backend::tell_completed() noexcept {
  // What completes meanwhile waits for the next round, so that nobody keeps the loop to himself.
  operation* next = completed_.take();
  while (next != nullptr) {
    operation& op = *next;
    next = op.next;
    auto result = static_cast<std::int32_t>(op.slot);
    if (static_cast<kind>(op.kind) == kind::close) {
      remove(*sockets_.find(result));
      result = 0;
    }
    tell(op, {result, false, {}});
  }
}

void epoll_backend::tell(operation& op, const completion& how) noexcept {
  ++told_;
  if (!how.more) op.state = static_cast<std::uint8_t>(phase::idle);
  op.done(op, how);  // may start it again or destroy it
}

}  // namespace ferrule::io
