// Starting and ending the operations of the epoll backend.

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <new>

#include "io/epoll/epoll_backend.hpp"
#include "io/epoll/file_job.hpp"
#include "io/kernel_sockets.hpp"

namespace ferrule::io {
namespace {

int fd_of(handle any) noexcept { return static_cast<int>(any); }

epoll::medium medium_of(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return epoll::medium::file;
  return type == SOCK_STREAM ? epoll::medium::stream : epoll::medium::datagram;
}

}  // namespace

/// Returns what it was given, or -ENOMEM when it had to be closed for want of memory.
std::int32_t epoll_backend::keep(std::int32_t fd, epoll::medium type) noexcept {
  try {
    if (fd >= 0) sockets_.add(fd, type);
    return fd;
  } catch (const std::bad_alloc&) {
    kernel::close(static_cast<handle>(fd));
    return -ENOMEM;
  }
}

std::int32_t epoll_backend::listen(const address& at, const socket_options& options) {
  return keep(at.is_unix() ? files_.listen(at, options) : kernel::listen(at, options),
              epoll::medium::stream);
}

std::int32_t epoll_backend::open(int family, int type) {
  return keep(kernel::open(family, type),
              type == SOCK_STREAM ? epoll::medium::stream : epoll::medium::datagram);
}

std::int32_t epoll_backend::adopt(int fd) {
  const std::int32_t adopted = kernel::adopt(fd);
  if (adopted >= 0) sockets_.add(fd, medium_of(fd)).shared = true;
  return adopted;
}

std::int32_t epoll_backend::release(handle socket) noexcept {
  record* const given = sockets_.find(fd_of(socket));
  if (given == nullptr) return -EBADF;
  const bool is_in_use = given->registered || given->queued || given->in.op != nullptr ||
                         given->out.op != nullptr || given->closing != nullptr;
  if (is_in_use) return -EBUSY;
  sockets_.forget(*given);
  return static_cast<std::int32_t>(socket);
}

std::int32_t epoll_backend::local(handle socket, address& out) {
  return kernel::local(socket, out);
}

std::int32_t epoll_backend::peer(handle socket, address& out) { return kernel::peer(socket, out); }

/// What is received is told at once, so that only the kernel can have more.
std::int32_t epoll_backend::peek(handle socket) noexcept { return kernel::peek(socket); }

send_progress epoll_backend::progress(handle socket) noexcept { return kernel::progress(socket); }

std::int32_t epoll_backend::option(handle socket, int level, int name, int value) {
  return kernel::option(socket, level, name, value);
}

std::int32_t epoll_backend::stop_listening(handle listener) {
  return files_.remove(listener) ? 0 : kernel::refuse_handshakes(listener);
}

std::int32_t epoll_backend::accept_waiting(handle listener) {
  return keep(kernel::accept(listener), epoll::medium::stream);
}

void epoll_backend::shutdown(handle socket, int how) noexcept { kernel::shutdown(socket, how); }

void epoll_backend::close(operation& op, handle socket) {
  record* const closing = begin(op, socket, kind::close);
  if (closing == nullptr) return;
  files_.remove(socket);
  if (closing->in.op != nullptr) complete_in(*closing, -ECANCELED);
  if (closing->out.op != nullptr) complete_out(*closing, -ECANCELED);
  withdraw_file_jobs(*closing);
  closing->closing = &op;
  // A worker may still use the descriptor: then the last of them completes the close.
  if (closing->file_jobs == 0) complete(op, closing->fd);
}

void epoll_backend::drop(handle socket) noexcept { remove(*sockets_.find(fd_of(socket))); }

void epoll_backend::accept_start(operation& op, handle listener) {
  record* const socket = begin_in(op, listener, kind::accept_start);
  if (socket != nullptr) await_readable(*socket);
}

void epoll_backend::recv_start(operation& op, handle socket) {
  record* const from = begin_in(op, socket, kind::recv_start);
  if (from != nullptr) await_readable(*from);
}

void epoll_backend::recv(operation& op, handle socket, std::span<std::byte> into) {
  record* const from = begin_in(op, socket, kind::recv);
  if (from == nullptr) return;
  from->in.data = into.data();
  from->in.size = into.size();
  await_readable(*from);
}

void epoll_backend::recv_from(operation& op, handle socket, std::span<std::byte> into,
                              address& from) {
  record* const source = begin_in(op, socket, kind::recv_from);
  if (source == nullptr) return;
  source->in.data = into.data();
  source->in.size = into.size();
  source->in.from = &from;
  await_readable(*source);
}

void epoll_backend::connect(operation& op, handle socket, const address& to) {
  record* const connecting = begin_out(op, socket, kind::connect);
  if (connecting == nullptr) return;
  if (::connect(connecting->fd, to.data(), to.size()) == 0) {
    complete_out(*connecting, 0);
  } else if (errno != EINPROGRESS) {
    complete_out(*connecting, -errno);
  } else {
    connecting->writable = false;
    await_writable(*connecting);
  }
}

void epoll_backend::send(operation& op, handle socket, std::span<const iovec> parts) {
  record* const to = begin_out(op, socket, kind::send);
  if (to == nullptr) return;
  if (is_too_much_to_send(parts)) return complete_out(*to, -EMSGSIZE);
  to->out.parts = parts.data();
  to->out.count = parts.size();
  await_writable(*to);
}

void epoll_backend::send_to(operation& op, handle socket, std::span<const std::byte> bytes,
                            const address& to) {
  record* const sender = begin_out(op, socket, kind::send);
  if (sender == nullptr) return;
  sender->out.datagram = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  sender->out.parts = &sender->out.datagram;
  sender->out.count = 1;
  sender->out.to = &to;
  await_writable(*sender);
}

void epoll_backend::poll(operation& op, int foreign_fd, short events) {
  op.kind = static_cast<std::uint8_t>(kind::poll);
  // On a duplicate, because the set holds a descriptor once: so it can be one of our own, or
  // polled twice, and what its owner does with the number concerns nobody here.
  const int duplicate = ::fcntl(foreign_fd, F_DUPFD_CLOEXEC, 0);
  const int fd = duplicate < 0 ? -errno : keep(duplicate, epoll::medium::file);
  if (fd < 0) return complete(op, fd);
  record& polled = *sockets_.find(fd);
  epoll_event event{.events = static_cast<std::uint32_t>(events) | EPOLLONESHOT,
                    .data = {.u64 = polled.mark()}};
  if (::epoll_ctl(set_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    const int error = errno;
    remove(polled);
    // EPERM: a regular file, which is always ready.
    return complete(op, error == EPERM ? events & (POLLIN | POLLOUT) : -error);
  }
  polled.registered = true;
  polled.shared = true;
  polled.in.op = &op;
  op.state = static_cast<std::uint8_t>(phase::waiting);
  op.slot = static_cast<std::uint32_t>(fd);
}

void epoll_backend::offload(operation& op, void (*blocking)(operation&) noexcept) {
  op.kind = static_cast<std::uint8_t>(kind::offload);
  op.state = static_cast<std::uint8_t>(phase::working);
  pool_.submit(op, blocking);
}

void epoll_backend::cancel(operation& op) noexcept {
  switch (static_cast<phase>(op.state)) {
    case phase::idle:
    case phase::completed:  // its result is on the way
      return;
    case phase::working:
      if (static_cast<kind>(op.kind) == kind::offload) {
        if (pool_.withdraw(op)) complete(op, -ECANCELED);
      } else {
        withdraw_file_job(static_cast<epoll::file_job&>(*op.next));
      }
      return;
    case phase::waiting: {
      record* const socket = sockets_.find(static_cast<int>(op.slot));
      if (static_cast<kind>(op.kind) == kind::poll) {
        remove(*socket);
        complete(op, -ECANCELED);
      } else if (socket->in.op == &op) {
        complete_in(*socket, -ECANCELED);
      } else if (socket->out.op == &op) {
        complete_out(*socket, -ECANCELED);
      }  // else it is a close, which nothing stops
      return;
    }
  }
}

epoll_backend::record* epoll_backend::begin(operation& op, handle any, kind what) {
  record* const found = sockets_.find(fd_of(any));
  if (found == nullptr || found->closing != nullptr) {
    op.kind = static_cast<std::uint8_t>(kind::nothing);
    complete(op, -EBADF);
    return nullptr;
  }
  op.kind = static_cast<std::uint8_t>(what);
  op.state = static_cast<std::uint8_t>(phase::waiting);
  op.slot = static_cast<std::uint32_t>(found->fd);
  return found;
}

epoll_backend::record* epoll_backend::begin_in(operation& op, handle any, kind what) {
  record* const socket = begin(op, any, what);
  if (socket == nullptr) return nullptr;
  if (socket->in.op != nullptr) return complete(op, -EBUSY), nullptr;
  socket->in = {.op = &op};
  return socket;
}

epoll_backend::record* epoll_backend::begin_out(operation& op, handle any, kind what) {
  record* const socket = begin(op, any, what);
  if (socket == nullptr) return nullptr;
  if (socket->out.op != nullptr) return complete(op, -EBUSY), nullptr;
  socket->out = {.op = &op};
  return socket;
}

void epoll_backend::await_readable(record& socket) noexcept {
  if (!socket.registered && !arm(socket)) {
    complete_in(socket, -errno);
  } else if (socket.readable) {
    enqueue(socket);
  }
}

void epoll_backend::await_writable(record& socket) noexcept {
  // Mostly there is room: then no event is needed.
  if (socket.writable) step_out(socket);
  if (socket.out.op == nullptr) return;
  if (!socket.registered && !arm(socket)) {
    complete_out(socket, -errno);
  } else if (socket.writable) {
    enqueue(socket);
  }
}

/// Puts the descriptor into the set. What is ready already is the first event.
bool epoll_backend::arm(record& socket) noexcept {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = socket.mark()}};
  socket.registered = ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, socket.fd, &event) == 0;
  if (!socket.registered && errno == EPERM) {  // a regular file, which is always ready
    socket.registered = socket.readable = socket.writable = true;
  }
  return socket.registered;
}

void epoll_backend::remove(record& socket) noexcept {
  // close(2) takes the descriptor out of the set only if nobody else holds the open file.
  if (socket.registered && socket.shared) {
    ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, socket.fd, nullptr);
  }
  sockets_.remove(socket);
}

void epoll_backend::complete(operation& op, std::int32_t result) noexcept {
  op.state = static_cast<std::uint8_t>(phase::completed);
  op.slot = static_cast<std::uint32_t>(result);
  completed_.push(op);
}

void epoll_backend::complete_in(record& socket, std::int32_t result) noexcept {
  complete(*std::exchange(socket.in.op, nullptr), result);
}

void epoll_backend::complete_out(record& socket, std::int32_t result) noexcept {
  complete(*std::exchange(socket.out.op, nullptr), result);
}

}  // namespace ferrule::io
