#include "test/sim_backend.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "ferrule/core/assert.hpp"

namespace ferrule::test::sim {

namespace {

// Of operation::state. `queued` is an active multishot with something to look at in the queue.
enum op_state : std::uint8_t { idle, active, queued, finishing };

// How long a worker thread takes for blocking work, with as much jitter.
constexpr std::chrono::microseconds offload_time(50);

std::size_t bytes_in(std::span<const iovec> parts) noexcept {
  std::size_t sum = 0;
  for (const iovec& part : parts) sum += part.iov_len;
  return sum;
}

}  // namespace

backend::~backend() {
  *self_ = nullptr;
  for (auto& [handle, s] : sockets_) {
    if (s.connected) s.connected.to->close(s.connected.side);
  }
}

// Operations: their start.

io::operation*& backend::place_of(socket& s, kind what) noexcept {
  switch (what) {
    case kind::accept:
      return s.accepting;
    case kind::connect:
      return s.connecting;
    case kind::send:
      return s.sending;
    default:
      return s.receiving;
  }
}

void backend::begin(io::operation& op, kind what, io::handle handle) {
  FERRULE_ASSERT(!op.pending(), "an operation was started before its last `done`");
  op.kind = static_cast<std::uint8_t>(what);
  op.slot = static_cast<std::uint32_t>(handle);
  op.state = active;
}

backend::socket* backend::begin_on_socket(io::operation& op, kind what, io::handle handle) {
  begin(op, what, handle);
  socket* s = find(handle);
  if (s == nullptr) {
    finish(op, -EBADF);
    return nullptr;
  }
  io::operation*& place = place_of(*s, what);
  FERRULE_ASSERT(place == nullptr, "a socket takes one receive, one send and one accept at a time");
  place = &op;
  return s;
}

void backend::close(io::operation& op, io::handle handle) {
  begin(op, kind::other, handle);
  socket* s = find(handle);
  if (s == nullptr) {
    finish(op, -EBADF);
    return;
  }
  end_all(*s, -ECANCELED);
  drop(handle);
  finish(op, 0);
}

void backend::drop(io::handle handle) noexcept {
  const socket& s = *find(handle);
  if (s.connected) s.connected.to->close(s.connected.side);
  sockets_.erase(static_cast<std::int32_t>(handle));
}

void backend::accept_start(io::operation& op, io::handle handle) {
  socket* s = begin_on_socket(op, kind::accept, handle);
  if (s == nullptr) return;
  if (s->listening) {
    on_readable(handle);
  } else {
    finish_at(s->accepting, -EINVAL);
  }
}

void backend::connect(io::operation& op, io::handle handle, const address& to) {
  begin(op, kind::connect, handle);
  socket* s = find(handle);
  const std::int32_t failed = s == nullptr ? -EBADF : bind_stream(handle, *s, to);
  if (failed != 0) {
    finish(op, failed);
    return;
  }
  s->connecting = &op;
  s->connected.to->connect();
}

void backend::recv_start(io::operation& op, io::handle handle) {
  socket* s = begin_on_socket(op, kind::recv_start, handle);
  if (s == nullptr) return;
  if (s->connected) {
    try_recv(*s);
  } else {
    finish_at(s->receiving, -ENOTCONN);
  }
}

void backend::recv(io::operation& op, io::handle handle, std::span<std::byte> into) {
  socket* s = begin_on_socket(op, kind::recv, handle);
  if (s == nullptr) return;
  s->into = into;
  if (s->connected) {
    try_recv(*s);
  } else {
    finish_at(s->receiving, -ENOTCONN);
  }
}

void backend::send(io::operation& op, io::handle handle, std::span<const iovec> parts) {
  socket* s = begin_on_socket(op, kind::send, handle);
  if (s == nullptr) return;
  if (io::is_too_much_to_send(parts)) {
    finish_at(s->sending, -EMSGSIZE);
    return;
  }
  s->parts = parts;
  s->part = s->offset = s->taken = 0;
  if (s->connected) {
    try_send(*s);
  } else {
    finish_at(s->sending, -EPIPE);
  }
}

void backend::recv_from(io::operation& op, io::handle handle, std::span<std::byte> into,
                        address& from) {
  socket* s = begin_on_socket(op, kind::recv_from, handle);
  if (s == nullptr) return;
  s->into = into;
  s->from = &from;
  if (s->type == SOCK_DGRAM) {
    try_recv_from(*s);
  } else {
    finish_at(s->receiving, -EOPNOTSUPP);
  }
}

void backend::send_to(io::operation& op, io::handle handle, std::span<const std::byte> bytes,
                      const address& to) {
  begin(op, kind::other, handle);
  socket* s = find(handle);
  std::int32_t failed = s == nullptr ? -EBADF : bind_datagrams(handle, *s);
  if (failed == 0 && s->family != to.family()) failed = -EAFNOSUPPORT;
  if (failed == 0 && bytes.size() > datagram_bytes_max) failed = -EMSGSIZE;
  if (failed == 0) s->datagrams->send(to, bytes);
  finish(op, failed != 0 ? failed : static_cast<std::int32_t>(bytes.size()));
}

void backend::read_at(io::operation& op, io::handle file, std::span<std::byte>, std::uint64_t) {
  begin(op, kind::other, file);
  finish(op, -ENOTSUP);
}

void backend::write_at(io::operation& op, io::handle file, std::span<const std::byte>,
                       std::uint64_t) {
  begin(op, kind::other, file);
  finish(op, -ENOTSUP);
}

void backend::sync(io::operation& op, io::handle file) {
  begin(op, kind::other, file);
  finish(op, -ENOTSUP);
}

void backend::poll(io::operation& op, int, short) {
  begin(op, kind::other);
  finish(op, -ENOTSUP);
}

void backend::offload(io::operation& op, void (*blocking)(io::operation&) noexcept) {
  begin(op, kind::other);
  net_.plan(net_.now() + offload_time + net_.up_to(offload_time), [self = self_, &op, blocking] {
    if (*self == nullptr) return;
    blocking(op);
    (*self)->finish(op, 0);
  });
}

void backend::cancel(io::operation& op) noexcept {
  if (op.state != active && op.state != queued) return;
  socket* s = find(io::handle{static_cast<std::int32_t>(op.slot)});
  if (s == nullptr) return;
  io::operation*& place = place_of(*s, static_cast<kind>(op.kind));
  if (place == &op) finish_at(place, -ECANCELED);
}

// Operations: their progress.

void backend::finish(io::operation& op, std::int32_t result) {
  op.state = finishing;
  completions_.push_back({&op, result});
  net_.stir();
}

void backend::finish_at(io::operation*& place, std::int32_t result) {
  if (place != nullptr) finish(*std::exchange(place, nullptr), result);
}

void backend::end_all(socket& s, std::int32_t result) {
  for (io::operation** place : {&s.accepting, &s.connecting, &s.receiving, &s.sending}) {
    finish_at(*place, result);
  }
}

void backend::look_again(io::operation* op) {
  if (op == nullptr || op->state != active) return;
  op->state = queued;
  completions_.push_back({op, std::nullopt});
  net_.stir();
}

void backend::on_connected(io::handle handle, std::int32_t result) {
  socket& s = *find(handle);
  finish_at(s.connecting, result);
  if (result == 0) {
    try_send(s);
    return;
  }
  end_all(s, result);
  std::exchange(s.connected, {}).to->close(connection::client);  // it may be connected anew
}

void backend::on_readable(io::handle handle) {
  socket& s = *find(handle);
  look_again(s.accepting);
  try_recv(s);
}

void backend::on_writable(io::handle handle) { try_send(*find(handle)); }

void backend::try_recv(socket& s) {
  if (s.receiving == nullptr) return;
  switch (static_cast<kind>(s.receiving->kind)) {
    case kind::recv_from:
      try_recv_from(s);
      return;
    case kind::recv_start:
      if (!s.connected.end().inbox.empty()) {
        look_again(s.receiving);
        return;
      }
      [[fallthrough]];  // an end or an error, if anything
    default: {
      const connection::outcome got = s.connected.to->read(s.connected.side, s.into);
      if (got) finish_at(s.receiving, *got);
    }
  }
}

void backend::try_recv_from(socket& s) {
  const std::optional<datagram> got = s.datagrams ? s.datagrams->take() : std::nullopt;
  if (!got) return;
  const std::size_t count = std::min(got->bytes.size(), s.into.size());  // the rest is lost
  std::copy_n(got->bytes.begin(), count, s.into.begin());
  *s.from = got->from;
  finish_at(s.receiving, static_cast<std::int32_t>(count));
}

void backend::try_send(socket& s) {
  if (s.sending == nullptr) return;
  const std::size_t wanted = bytes_in(s.parts);
  do {
    while (s.part < s.parts.size() && s.offset == s.parts[s.part].iov_len) ++s.part, s.offset = 0;
    std::span<const std::byte> rest;
    if (s.part < s.parts.size()) {
      const iovec& part = s.parts[s.part];
      rest = std::span(static_cast<const std::byte*>(part.iov_base), part.iov_len);
      rest = rest.subspan(s.offset);
    }
    const std::int32_t taken = s.connected.to->write(s.connected.side, rest);
    if (taken < 0) {
      finish_at(s.sending, taken);
      return;
    }
    s.offset += static_cast<std::size_t>(taken);
    s.taken += static_cast<std::size_t>(taken);
    if (static_cast<std::size_t>(taken) < rest.size()) return;  // full: on_writable goes on
  } while (s.taken < wanted);
  finish_at(s.sending, static_cast<std::int32_t>(wanted));
}

// The loop.

void backend::end(io::operation& op, std::int32_t result) {
  net_.note("{} done {} {} {}", host_.ip.ip(), op.kind, static_cast<std::int32_t>(op.slot), result);
  op.state = idle;
  op.done(op, {result, false, {}});  // may destroy op
}

unsigned backend::deliver_accepts(io::operation& op, socket& s) {
  op.state = active;
  unsigned count = 0;
  // Asked anew after each `done`, which may cancel the accept or close the listener.
  while (op.state == active && s.listening->front() != nullptr) {
    ++count;
    const sim_link& l = s.listening->front()->to->link();
    if (net_.strikes(l.accept_emfile, &sim_counts::accept_emfiles, "accept_emfile")) {
      s.accepting = nullptr;
      end(op, -EMFILE);
      return count;
    }
    op.done(op, {static_cast<std::int32_t>(take_waiting(s)), true, {}});
  }
  return count;
}

unsigned backend::deliver_bytes(io::operation& op, socket& s) {
  op.state = active;
  unsigned count = 0;
  // Asked anew after each `done`, which may cancel the receive or close the socket.
  while (op.state == active) {
    const std::uint64_t short_reads = net_.counts().short_reads;
    const connection::outcome got = s.connected.to->read(s.connected.side, lent_);
    if (!got) break;
    ++count;
    if (*got <= 0) {
      s.receiving = nullptr;
      end(op, *got);
      break;
    }
    const auto bytes = std::span<const std::byte>(lent_).first(static_cast<std::size_t>(*got));
    net_.note("{} lends {} {}", host_.ip.ip(), op.slot, *got);
    op.done(op, {*got, true, bytes});
    if (net_.counts().short_reads != short_reads) {  // the rest comes with the next batch
      look_again(&op);
    }
  }
  return count;
}

unsigned backend::deliver() {
  unsigned count = 0;
  // What these start in turn waits for the next batch, as with the kernel.
  for (std::size_t left = completions_.size(); left > 0; --left) {
    const due first = completions_.front();
    completions_.pop_front();
    if (first.result) {
      ++count;
      end(*first.op, *first.result);
    } else if (first.op->state == queued) {
      socket& s = *find(io::handle{static_cast<std::int32_t>(first.op->slot)});
      count += static_cast<kind>(first.op->kind) == kind::accept ? deliver_accepts(*first.op, s)
                                                                 : deliver_bytes(*first.op, s);
    }
  }
  return count;
}

unsigned backend::wait(mono_time until) {
  until = std::max(until, net_.now());
  for (;;) {
    const bool woken = woken_.exchange(0) != 0;
    if (const unsigned delivered = deliver(); delivered != 0 || woken) return delivered;
    const mono_time next = net_.next_event();
    if (next != no_deadline && next <= until) {
      net_.advance(std::max(next, net_.now()));
    } else if (until == no_deadline) {
      woken_.wait(0);  // nothing will happen by itself
    } else {
      net_.advance(until);
      return 0;
    }
  }
}

void backend::wake() noexcept {
  woken_.store(1);
  woken_.notify_one();
}

}  // namespace ferrule::test::sim
