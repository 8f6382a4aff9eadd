// How the epoll backend goes on with what waits, when a socket may be ready for it.

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "io/epoll/epoll_backend.hpp"
#include "io/epoll/file_job.hpp"
#include "io/kernel_sockets.hpp"

namespace ferrule::io {
namespace {

// Calls for one socket in a round; what is left waits until the others had their turn.
constexpr unsigned steps_max = 16;
constexpr std::size_t parts_max = 16;  // of one call

ssize_t receive(const epoll::socket_record& socket, std::byte* into, std::size_t size) noexcept {
  return socket.type == epoll::medium::file ? ::read(socket.fd, into, size)
                                            : ::recv(socket.fd, into, size, 0);
}

/// A stream that gave less than it was asked for is empty, and will say when it no longer is. Only
/// its end was said already.
void note_short_read(epoll::socket_record& socket, std::size_t asked, ssize_t got) noexcept {
  const bool is_short = got > 0 && static_cast<std::size_t>(got) < asked;
  if (is_short && socket.type == epoll::medium::stream && !socket.ended) socket.readable = false;
}

ssize_t transmit(const epoll::socket_record& socket) noexcept {
  const epoll::outgoing& out = socket.out;
  std::array<iovec, parts_max> parts;
  const std::size_t count = std::min(out.count, parts_max);
  std::copy_n(out.parts, count, parts.begin());
  if (count > 0) {
    parts[0].iov_base = static_cast<std::byte*>(parts[0].iov_base) + out.offset;
    parts[0].iov_len -= out.offset;
  }
  if (socket.type == epoll::medium::file) {
    return ::writev(socket.fd, parts.data(), static_cast<int>(count));
  }
  if (count == 1) {  // a usual answer, or a datagram: 5 % cheaper than sendmsg(2)
    const sockaddr* const to = out.to != nullptr ? out.to->data() : nullptr;
    const socklen_t to_size = out.to != nullptr ? out.to->size() : 0;
    return ::sendto(socket.fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL, to, to_size);
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  return ::sendmsg(socket.fd, &message, MSG_NOSIGNAL);
}

void advance(epoll::outgoing& out, std::size_t sent) noexcept {
  out.sent += static_cast<std::int32_t>(sent);
  out.offset += sent;
  while (out.count > 0 && out.offset >= out.parts->iov_len) {
    out.offset -= out.parts->iov_len;
    ++out.parts;
    --out.count;
  }
}

}  // namespace

void epoll_backend::go_on(record& socket) noexcept {
  const auto can_read = [&] { return socket.readable && socket.in.op != nullptr; };
  const auto can_write = [&] { return socket.writable && socket.out.op != nullptr; };
  in_progress_ = &socket;
  for (unsigned step = 0; step < steps_max && (can_read() || can_write()); ++step) {
    if (can_read()) step_in(socket);
    if (can_write()) step_out(socket);
  }
  in_progress_ = nullptr;
  if (can_read() || can_write()) enqueue(socket);
}

void epoll_backend::enqueue(record& socket) noexcept {
  if (socket.queued || &socket == in_progress_) return;
  socket.queued = true;
  socket.next = queued_;
  queued_ = &socket;
}

void epoll_backend::step_in(record& socket) noexcept {
  switch (static_cast<kind>(socket.in.op->kind)) {
    case kind::accept_start:
      return step_accept(socket);
    case kind::recv_start:
      return step_recv_start(socket);
    case kind::recv_from:
      return step_recv_from(socket);
    default:
      return step_recv(socket);
  }
}

void epoll_backend::step_out(record& socket) noexcept {
  if (static_cast<kind>(socket.out.op->kind) == kind::connect) return step_connect(socket);
  step_send(socket);
}

void epoll_backend::step_accept(record& listener) noexcept {
  const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    tell(*listener.in.op, {keep(fd, listener.type), true, {}});
  } else if (!kernel::is_passing_accept_error(-errno)) {
    fail_in(listener);
  }
}

void epoll_backend::step_recv_start(record& socket) noexcept {
  const ssize_t got = receive(socket, buffer_.get(), buffer_bytes_);
  if (got < 0) return fail_in(socket);
  if (got == 0) return end_in(socket, 0);
  note_short_read(socket, buffer_bytes_, got);
  const std::span<const std::byte> bytes(buffer_.get(), static_cast<std::size_t>(got));
  tell(*socket.in.op, {static_cast<std::int32_t>(got), true, bytes});
}

void epoll_backend::step_recv(record& socket) noexcept {
  const ssize_t got = receive(socket, socket.in.data, socket.in.size);
  if (got < 0) return fail_in(socket);
  note_short_read(socket, socket.in.size, got);
  end_in(socket, static_cast<std::int32_t>(got));
}

void epoll_backend::step_recv_from(record& socket) noexcept {
  sockaddr_storage storage;
  auto* const from = reinterpret_cast<sockaddr*>(&storage);
  socklen_t from_size = sizeof storage;
  const ssize_t got = ::recvfrom(socket.fd, socket.in.data, socket.in.size, 0, from, &from_size);
  if (got < 0) return fail_in(socket);
  *socket.in.from = address::from_sockaddr(from, from_size).value_or(address{});
  end_in(socket, static_cast<std::int32_t>(got));
}

void epoll_backend::step_connect(record& socket) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  complete_out(socket, -error);
}

void epoll_backend::step_send(record& socket) noexcept {
  const ssize_t sent = transmit(socket);
  if (sent < 0) {
    if (errno == EAGAIN) {
      socket.writable = false;
    } else if (errno != EINTR) {
      complete_out(socket, -errno);
    }
    return;
  }
  advance(socket.out, static_cast<std::size_t>(sent));
  if (socket.out.count == 0) complete_out(socket, socket.out.sent);
}

/// After a call that gave nothing: waits for an event, or ends with `errno`.
void epoll_backend::fail_in(record& socket) noexcept {
  if (errno == EAGAIN) {
    socket.readable = false;
  } else if (errno != EINTR) {
    end_in(socket, -errno);
  }
}

void epoll_backend::end_in(record& socket, std::int32_t result) noexcept {
  tell(*std::exchange(socket.in.op, nullptr), {result, false, {}});
}

}  // namespace ferrule::io
