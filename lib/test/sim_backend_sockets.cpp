#include <algorithm>
#include <cerrno>
#include <utility>

#include "ferrule/core/assert.hpp"
#include "test/sim_backend.hpp"

namespace ferrule::test::sim {

// The calls that answer at once.

backend::socket* backend::find(io::handle handle) noexcept {
  const auto found = sockets_.find(static_cast<std::int32_t>(handle));
  return found == sockets_.end() ? nullptr : &found->second;
}

io::handle backend::add(socket added) {
  const std::int32_t handle = net_.next_handle();
  sockets_.emplace(handle, std::move(added));
  return io::handle{handle};
}

std::int32_t backend::listen(const address& at, const io::socket_options& options) {
  if (!host_.has_ip(at)) return -EADDRNOTAVAIL;
  address local = at;
  if (at.port() == 0 && !at.is_unix()) {
    const std::optional<std::uint16_t> port = host_.tcp.take_any(net_.random());
    if (!port) return -EADDRINUSE;
    host_.tcp.release(*port);  // the listener takes it again
    local.set_port(*port);
  }
  const bool joins = options.reuse_port && !options.is_first_of_port;
  if (!listener::is_free(host_, local, joins)) return -EADDRINUSE;
  const io::handle handle = add({});
  socket& s = *find(handle);
  s.family = at.family();
  s.listening = std::make_unique<listener>(net_, host_, local, options, *this, handle);
  return static_cast<std::int32_t>(handle);
}

std::int32_t backend::open(int family, int type) {
  const bool is_local = family == AF_UNIX && type == SOCK_STREAM;
  if (family != AF_INET && family != AF_INET6 && !is_local) return -EAFNOSUPPORT;
  if (type != SOCK_STREAM && type != SOCK_DGRAM) return -EPROTONOSUPPORT;
  socket opened;
  opened.family = family;
  opened.type = type;
  return static_cast<std::int32_t>(add(std::move(opened)));
}

std::int32_t backend::adopt(int) { return -ENOTSUP; }

std::int32_t backend::local(io::handle handle, address& out) {
  const socket* s = find(handle);
  if (s == nullptr) return -EBADF;
  if (s->listening) {
    out = s->listening->local();
  } else if (s->connected) {
    out = s->connected.end().local;
  } else if (s->datagrams) {
    out = s->datagrams->local();
  } else {
    out = s->family == AF_INET ? address() : *address::parse("::", 0);
  }
  return 0;
}

std::int32_t backend::peer(io::handle handle, address& out) {
  const socket* s = find(handle);
  if (s == nullptr) return -EBADF;
  if (!s->connected || s->connected.end().state != stream_end::phase::established) {
    return -ENOTCONN;
  }
  out = s->connected.peer().local;
  return 0;
}

std::int32_t backend::peek(io::handle handle) noexcept {
  const socket* s = find(handle);
  if (s == nullptr) return -EBADF;
  if (!s->connected) return -ENOTCONN;
  for (const due& each : completions_) {
    const auto what = static_cast<kind>(each.op->kind);
    const bool receives = what == kind::recv || what == kind::recv_start;
    const bool is_here = each.op->slot == static_cast<std::uint32_t>(handle);
    if (receives && is_here && each.result && *each.result != -ECANCELED) return *each.result;
  }
  return s->connected.to->peek(s->connected.side).value_or(-EAGAIN);
}

io::send_progress backend::progress(io::handle handle) noexcept {
  const socket* s = find(handle);
  if (s == nullptr) return {.acknowledged = -EBADF};
  if (!s->connected) return {};
  const stream_end& e = s->connected.end();
  return {static_cast<std::int64_t>(e.acked), static_cast<std::int64_t>(e.written - e.acked)};
}

std::int32_t backend::option(io::handle handle, int level, int name, int value) {
  socket* s = find(handle);
  if (s == nullptr) return -EBADF;
  stream_options& options = s->connected ? s->connected.end().options : s->options;
  if (level == IPPROTO_TCP) {
    return s->type == SOCK_STREAM ? options.set_tcp(name, value) : -ENOPROTOOPT;
  }
  if (level != SOL_SOCKET) return -ENOPROTOOPT;
  if (name == SO_KEEPALIVE) {
    options.asks = value != 0;
    return 0;
  }
  if (name == SO_LINGER) {
    options.reset_on_close = value == 0;
    return 0;
  }
  const std::size_t bytes =
      std::max(static_cast<std::size_t>(std::max(value, 0)), buffer_bytes_min);
  if (name == SO_RCVBUF) options.receive_window_bytes = bytes;
  if (name == SO_SNDBUF) options.send_buffer_bytes = bytes;
  return 0;
}

std::int32_t backend::stop_listening(io::handle handle) {
  socket* const s = find(handle);
  if (s == nullptr || !s->listening) return -EBADF;
  s->listening->stop();
  return 0;
}

std::int32_t backend::accept_waiting(io::handle handle) {
  socket* const s = find(handle);
  if (s == nullptr || !s->listening) return -EBADF;
  if (s->listening->front() == nullptr) return -EAGAIN;
  return static_cast<std::int32_t>(take_waiting(*s));
}

io::handle backend::take_waiting(socket& from) {
  socket accepted;
  accepted.family = from.family;
  accepted.connected = from.listening->pop();
  const stream end_of = accepted.connected;
  const io::handle handle = add(std::move(accepted));
  end_of.to->own(end_of.side, *this, handle);
  net_.note("{} accepts {}", host_.ip.ip(), static_cast<std::int32_t>(handle));
  return handle;
}

void backend::shutdown(io::handle handle, int how) noexcept {
  socket* s = find(handle);
  if (s == nullptr) return;
  if (s->listening && how != SHUT_WR) {
    s->listening.reset();
    finish_at(s->accepting, -EINVAL);
  }
  if (!s->connected || s->connected.end().state == stream_end::phase::connecting) return;
  s->connected.to->shutdown(s->connected.side, how != SHUT_WR, how != SHUT_RD);
  on_readable(handle);
  on_writable(handle);
}

std::int32_t backend::bind_stream(io::handle handle, socket& s, const address& to) {
  if (s.type != SOCK_STREAM) return -EOPNOTSUPP;
  if (s.listening) return -EISCONN;
  if (s.connected) {
    return s.connected.end().state == stream_end::phase::connecting ? -EALREADY : -EISCONN;
  }
  if (s.family != to.family()) return -EAFNOSUPPORT;
  std::optional<address> source = host_.source_for(to);
  if (!source) return -ENETUNREACH;
  if (!to.is_unix()) {
    const std::optional<std::uint16_t> port = host_.tcp.take_any(net_.random());
    if (!port) return -EADDRNOTAVAIL;
    source->set_port(*port);
  }
  s.connected = {std::make_shared<connection>(net_, host_, *source, to), connection::client};
  s.connected.end().options = s.options;
  s.connected.to->own(connection::client, *this, handle);
  return 0;
}

std::int32_t backend::bind_datagrams(io::handle handle, socket& s) {
  if (s.type != SOCK_DGRAM) return -EOPNOTSUPP;
  if (s.datagrams) return 0;
  const std::optional<std::uint16_t> port = host_.udp.take_any(net_.random());
  if (!port) return -EAGAIN;
  address any = s.family == AF_INET ? address() : *address::parse("::", 0);
  any.set_port(*port);
  s.datagrams = std::make_unique<datagram_port>(net_, host_, any, *this, handle);
  return 0;
}

stream backend::connection_of(io::handle handle) {
  const socket* s = find(handle);
  FERRULE_ASSERT(s != nullptr && s->connected, "a fault needs a connected socket of this backend");
  return s->connected;
}

}  // namespace ferrule::test::sim
