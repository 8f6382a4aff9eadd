// What starts operations, and goes on with them.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "ferrule/core/assert.hpp"
#include "io/kernel_sockets.hpp"
#include "io/uring/uring_backend.hpp"
#include "io/uring/user_data.hpp"

namespace ferrule::io::uring {
namespace {

// What the kernel takes at once; longer work is done in steps, and whoever asked goes on.
constexpr std::size_t bytes_max = std::size_t{1} << 30U;
constexpr std::size_t parts_max = 1024;  // UIO_MAXIOV
// For a file: from where it stands, which is all that a pipe has.
constexpr std::uint64_t current_position = std::numeric_limits<std::uint64_t>::max();

std::uint32_t length(std::size_t bytes) noexcept {
  return static_cast<std::uint32_t>(std::min(bytes, bytes_max));
}

}  // namespace

io_uring_sqe& uring_backend::next_submission() noexcept {
  ++in_flight_;
  return ring_.next_submission();
}

void uring_backend::submit(io_uring_sqe& sqe, operation& op) noexcept {
  sqe.user_data = user_data::of(op);
}

/// Starts `op` as one more that is pending on `of`. Null when that is not open or being closed:
/// then `op` fails.
handle_state* uring_backend::begin(operation& op, handle of, kind what) noexcept {
  begin_detached(op, what);
  handle_state* const found = handles_.find(of);
  if (found == nullptr || found->closing != nullptr) {
    fail(op, -EBADF);
    return nullptr;
  }
  ++found->pending;
  op.slot = static_cast<std::uint32_t>(of);
  return found;
}

void uring_backend::begin_detached(operation& op, kind what) noexcept {
  FERRULE_DEBUG_ASSERT(!op.pending(), "an operation is started again before its last completion");
  op.kind = static_cast<std::uint8_t>(what);
  op.state = pending;
  op.slot = no_handle;
  op.next = nullptr;
  ++op.generation;
}

/// Lets `op`, which is pending on no handle, end in the next `wait`.
void uring_backend::fail(operation& op, std::int32_t result) noexcept {
  op.kind = static_cast<std::uint8_t>(kind::failed);
  op.slot = static_cast<std::uint32_t>(result);
  op.next = nullptr;
  (first_failed_ == nullptr ? first_failed_ : last_failed_->next) = &op;
  last_failed_ = &op;
}

void uring_backend::close(operation& op, handle socket) {
  begin_detached(op, kind::close);
  handle_state* const found = handles_.find(socket);
  if (found == nullptr || found->closing != nullptr) return fail(op, -EBADF);
  found->closing = &op;
  files_.remove(socket);
  const auto fd = static_cast<std::uint32_t>(socket);
  if (found->pending == 0) return submit_close(fd);
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_cancel_fd(&sqe, static_cast<int>(fd), IORING_ASYNC_CANCEL_ALL);
  sqe.user_data = user_data::cancellation;
}

void uring_backend::drop(handle socket) noexcept {
  handles_.remove(static_cast<std::uint32_t>(socket));
  kernel::close(socket);
}

/// The state goes when the submission is queued, not when it completes: the kernel may give the
/// number to another socket before that completion is seen.
void uring_backend::submit_close(std::uint32_t fd) noexcept {
  operation& op = *handles_[fd].closing;
  handles_.remove(fd);
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_close(&sqe, static_cast<int>(fd));
  submit(sqe, op);
}

void uring_backend::accept_start(operation& op, handle listener) {
  if (begin(op, listener, kind::accept) != nullptr) submit_accept(op);
}

void uring_backend::submit_accept(operation& op) noexcept {
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_multishot_accept(&sqe, static_cast<int>(op.slot), nullptr, nullptr,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
  sqe.user_data = user_data::of(op) | user_data::brings_handle;
}

void uring_backend::connect(operation& op, handle socket, const address& to) {
  if (begin(op, socket, kind::one_shot) == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  auto& memory = submission_memory_[ring_.index_of(sqe)];
  const sockaddr* place = to.data();
  if (!to.is_unix()) {
    std::memcpy(&memory.to, to.data(), to.size());
    place = reinterpret_cast<sockaddr*>(&memory.to);
  }
  io_uring_prep_connect(&sqe, static_cast<int>(op.slot), place, to.size());
  submit(sqe, op);
}

void uring_backend::recv_start(operation& op, handle socket) {
  if (begin(op, socket, kind::stream) != nullptr) submit_stream(op);
}

void uring_backend::submit_stream(operation& op) noexcept {
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_recv_multishot(&sqe, static_cast<int>(op.slot), nullptr, 0, 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  sqe.buf_group = buffer_ring::group;
  submit(sqe, op);
}

void uring_backend::recv(operation& op, handle socket, std::span<std::byte> into) {
  handle_state* const found = begin(op, socket, kind::one_shot);
  if (found == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  const auto fd = static_cast<int>(op.slot);
  if (found->is_socket) {
    io_uring_prep_recv(&sqe, fd, into.data(), length(into.size()), 0);
  } else {
    io_uring_prep_read(&sqe, fd, into.data(), length(into.size()), current_position);
  }
  submit(sqe, op);
}

void uring_backend::send(operation& op, handle socket, std::span<const iovec> parts) {
  if (is_too_much_to_send(parts)) {
    begin_detached(op, kind::failed);
    return fail(op, -EMSGSIZE);
  }
  handle_state* const found = begin(op, socket, kind::send);
  if (found == nullptr) return;
  FERRULE_DEBUG_ASSERT(found->parts == nullptr, "one send at a time per socket");
  found->parts = parts.data();
  found->parts_count = static_cast<std::uint32_t>(parts.size());
  found->sent_bytes = 0;
  submit_send(op, *found);
}

/// Submits what is left: the rest of a part that was cut, or all parts from the first that is
/// whole. The kernel itself goes on after a short send (MSG_WAITALL); what it leaves is for us.
void uring_backend::submit_send(operation& op, handle_state& of) noexcept {
  std::size_t skip = of.sent_bytes;
  const iovec* part = of.parts;
  const iovec* const end = part + of.parts_count;
  for (; part != end && skip >= part->iov_len; ++part) skip -= part->iov_len;

  constexpr int flags = MSG_NOSIGNAL | MSG_WAITALL;
  const auto fd = static_cast<int>(op.slot);
  const auto count = std::min(static_cast<std::size_t>(end - part), parts_max);
  io_uring_sqe& sqe = next_submission();
  if (count <= 1 || skip != 0) {
    const iovec rest = count == 0 ? iovec{} : *part;
    const auto* const data = static_cast<const std::byte*>(rest.iov_base) + skip;
    if (of.is_socket) {
      io_uring_prep_send(&sqe, fd, data, length(rest.iov_len - skip), flags);
    } else {
      io_uring_prep_write(&sqe, fd, data, length(rest.iov_len - skip), current_position);
    }
  } else if (of.is_socket) {
    msghdr& message = submission_memory_[ring_.index_of(sqe)].message;
    message = {};
    message.msg_iov = const_cast<iovec*>(part);  // the type is for receives as well
    message.msg_iovlen = count;
    io_uring_prep_sendmsg(&sqe, fd, &message, flags);
  } else {
    io_uring_prep_writev(&sqe, fd, part, static_cast<unsigned>(count), current_position);
  }
  submit(sqe, op);
}

uring_backend::datagram& uring_backend::take_datagram() {
  if (free_datagrams_ == nullptr) return *datagrams_.emplace_back(std::make_unique<datagram>());
  auto& taken = static_cast<datagram&>(*free_datagrams_);
  free_datagrams_ = taken.next;
  return taken;
}

void uring_backend::give_back(datagram& d) noexcept { d.next = std::exchange(free_datagrams_, &d); }

void uring_backend::recv_from(operation& op, handle socket, std::span<std::byte> into,
                              address& from) {
  datagram& d = take_datagram();  // may throw, so before the operation is pending
  if (begin(op, socket, kind::datagram) == nullptr) return give_back(d);
  op.next = &d;
  d.from = &from;
  d.part = {into.data(), into.size()};
  d.message = {};
  d.message.msg_name = &d.sender;
  d.message.msg_namelen = sizeof d.sender;
  d.message.msg_iov = &d.part;
  d.message.msg_iovlen = 1;
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_recvmsg(&sqe, static_cast<int>(op.slot), &d.message, 0);
  submit(sqe, op);
}

void uring_backend::send_to(operation& op, handle socket, std::span<const std::byte> bytes,
                            const address& to) {
  if (to.is_unix()) {  // there is room for an IP address
    begin_detached(op, kind::one_shot);
    return fail(op, -EAFNOSUPPORT);
  }
  if (begin(op, socket, kind::one_shot) == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  auto& memory = submission_memory_[ring_.index_of(sqe)];
  std::memcpy(&memory.to, to.data(), to.size());
  memory.part = {const_cast<std::byte*>(bytes.data()), bytes.size()};  // it is only read
  memory.message = {};
  memory.message.msg_name = &memory.to;
  memory.message.msg_namelen = to.size();
  memory.message.msg_iov = &memory.part;
  memory.message.msg_iovlen = 1;
  io_uring_prep_sendmsg(&sqe, static_cast<int>(op.slot), &memory.message, MSG_NOSIGNAL);
  submit(sqe, op);
}

void uring_backend::read_at(operation& op, handle file, std::span<std::byte> into,
                            std::uint64_t offset) {
  if (begin(op, file, kind::one_shot) == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_read(&sqe, static_cast<int>(op.slot), into.data(), length(into.size()), offset);
  submit(sqe, op);
}

void uring_backend::write_at(operation& op, handle file, std::span<const std::byte> bytes,
                             std::uint64_t offset) {
  if (begin(op, file, kind::one_shot) == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_write(&sqe, static_cast<int>(op.slot), bytes.data(), length(bytes.size()), offset);
  submit(sqe, op);
}

void uring_backend::sync(operation& op, handle file) {
  if (begin(op, file, kind::one_shot) == nullptr) return;
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_fsync(&sqe, static_cast<int>(op.slot), IORING_FSYNC_DATASYNC);
  submit(sqe, op);
}

void uring_backend::poll(operation& op, int foreign_fd, short events) {
  begin_detached(op, kind::one_shot);
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_poll_add(&sqe, foreign_fd, static_cast<unsigned short>(events));
  submit(sqe, op);
}

void uring_backend::offload(operation& op, void (*blocking)(operation&) noexcept) {
  begin_detached(op, kind::offload);
  offloaded_.submit(op, blocking);
}

void uring_backend::cancel(operation& op) noexcept {
  if (op.state != pending) return;
  op.state = cancelling;
  std::uint64_t target = user_data::of(op);
  switch (static_cast<kind>(op.kind)) {
    case kind::close:
    case kind::failed:
      return;
    case kind::offload:
      if (offloaded_.withdraw(op)) fail(op, -ECANCELED);
      return;
    case kind::accept:
      target |= user_data::brings_handle;
      break;
    default:
      break;
  }
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_cancel64(&sqe, target, 0);
  sqe.user_data = user_data::cancellation;
}

void uring_backend::submit_wake_read() noexcept {
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_read(&sqe, wake_.fd(), &wake_count_, sizeof wake_count_, 0);
  sqe.user_data = user_data::wake;
}

}  // namespace ferrule::io::uring
