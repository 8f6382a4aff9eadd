#include "server_connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace ferrule::http {

// The largest for which the heap takes 432 bytes; ten thousand idle connections have it.
static_assert(sizeof(void*) != 8 || sizeof(server_connection) <= 416);

namespace {

address peer_of(io::backend& io, io::handle socket) {
  address peer;
  io.peer(socket, peer);
  return peer;
}

}  // namespace

void server_connection::open(server& on, io::handle socket) {
  auto* const self = new server_connection(on, socket);
  self->next = on.first_;
  self->link = &on.first_;
  if (on.first_ != nullptr) on.first_->link = &self->next;
  on.first_ = self;
  if (self->admitted_ == server::admission::refused) {
    self->close(ending::fin);
    return;
  }
  // One that is turned away is told so in plain HTTP/1.1, whatever it would speak.
  if (self->admitted_ == server::admission::turned_away) {
    self->engine_.turn_away();
  } else if (on.source_ != nullptr && !self->choose_protocol()) {
    return self->lose(stop_reason::cancelled);
  }
  if (on.draining()) self->with_protocol([](auto& protocol) { protocol.drain(); });
  self->step();
}

server_connection::server_connection(server& on, io::handle socket)
    : protocol_owner(peer_of(on.loop_.io(), socket)),
      timer(on_timer),
      receive_operation(on_received),
      send_operation(on_sent),
      close_operation(on_closed),
      server_(on),
      admitted_(on.admit(*peer())),
      socket_(socket),
      engine_(on.context_, *this) {}

server_connection::~server_connection() {
  loop().disarm(*this);
  with_protocol([this](auto& protocol) { protocol.take_back(sending_); });
}

bool server_connection::choose_protocol() noexcept {
  try {
    other_ = server_.source_->make(*this);
  } catch (const std::bad_alloc&) {
    ++server_.context_.counters.out_of_memory;
  }
  return other_ != nullptr;
}

void server_connection::on_received(io::operation& op, const io::completion& c) noexcept {
  auto& self = static_cast<server_connection&>(static_cast<receive_operation&>(op));
  if (!c.more) self.receiving_ = self.receive_cancelled_ = false;
  if (c.result > 0) {
    const std::string_view bytes(reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size());
    self.with_protocol([bytes](auto& protocol) {
      if (net::listens(protocol.state())) protocol.feed(bytes);
    });
  } else if (c.result == 0) {
    self.peer_ended_ = true;
    self.with_protocol([](auto& protocol) {
      if (net::listens(protocol.state())) protocol.feed_end();
    });
  } else if (c.result != -ECANCELED) {
    self.peer_ended_ = true;
    self.fail(c.result);
    return;
  }
  self.step();
}

void server_connection::on_sent(io::operation& op, const io::completion& c) noexcept {
  auto& self = static_cast<server_connection&>(static_cast<send_operation&>(op));
  if (c.result < 0) {
    self.sending_part_ = {};
    self.fail(c.result);
    return;
  }
  char* const sent_to = static_cast<char*>(self.sending_part_.iov_base) + c.result;
  const auto left = static_cast<std::size_t>(self.sending_.data() + self.sending_.size() - sent_to);
  if (left != 0 && !self.closing_) {
    self.send_part(sent_to, left);
    return;
  }
  self.sending_part_ = {};
  self.send_clock_.all_sent();
  self.with_protocol([&self](auto& protocol) {
    protocol.take_back(self.sending_);
    protocol.outgoing_sent();
  });
  self.step();
}

/// Does whatever the present state asks for; called after everything that changes it.
void server_connection::step() noexcept {
  if (closing_) {
    const bool busy = with_protocol([](const auto& protocol) { return protocol.busy(); });
    if (closed_ && !busy) server_.connection_gone(*this);  // destroys this
    return;
  }
  with_protocol([this](auto& protocol) { step_open(protocol); });
}

template <class Protocol>
void server_connection::step_open(Protocol& protocol) noexcept {
  const net::protocol_state state = protocol.state();
  if (state == net::protocol_state::broken) return close(ending::reset);
  if (sending_part_.iov_base == nullptr) {
    if (protocol.has_outgoing()) {
      protocol.take_outgoing(sending_);
      if (sending_.empty()) return lose(stop_reason::cancelled);  // there was no memory for it
      send_part(sending_.data(), sending_.size());
    } else if (state == net::protocol_state::ended) {
      return finish();
    } else if (state == net::protocol_state::switched) {
      return switch_protocol();
    }
  }
  update_reading(protocol.wants_input());
  watch(std::min(send_clock_.deadline(), protocol.deadline()));
}

/// What was sent so far was the last of the protocol before.
void server_connection::switch_protocol() noexcept {
  buffer unread;
  auto successor = with_protocol([&](auto& protocol) { return protocol.successor(unread); });
  if (successor == nullptr) {
    ++server_.context_.counters.out_of_memory;
    return lose(stop_reason::cancelled);
  }
  other_ = std::move(successor);
  start_successor(*other_, *this, {unread.view(), peer_ended_, server_.draining()});
  server_.context_.take_back(unread);
  step();
}

/// Sends a large response in parts, so that a client that takes it steadily has time for all of it.
void server_connection::send_part(char* from, std::size_t left) noexcept {
  sending_part_ = {from, std::min({left, limits().output_bytes_max, io::send_bytes_max})};
  send_clock_.send_started(loop().now(), limits());
  if (sending_part_.iov_len == left && state() == net::protocol_state::ended) {
    // FIN follows at once: in the packet with the end of the response it costs neither side a
    // packet of its own, which is a tenth of what a connection for one request costs the server.
    io().option(socket_, IPPROTO_TCP, TCP_CORK, 1);
  }
  io().send(static_cast<send_operation&>(*this), socket_, {&sending_part_, 1});
}

void server_connection::update_reading(bool wanted) noexcept {
  if (wanted && !receiving_ && !peer_ended_) {
    receiving_ = true;
    io().recv_start(static_cast<receive_operation&>(*this), socket_);
  } else if (!wanted && receiving_ && !receive_cancelled_) {
    receive_cancelled_ = true;
    io().cancel(static_cast<receive_operation&>(*this));
  }
}

/// Everything is answered. Closing while the client still sends would make the kernel reset the
/// connection and could destroy the last response on its way (RFC 9112 section 9.6): so FIN first,
/// then read on, for a limited time, until the client closes too.
void server_connection::finish() noexcept {
  if (peer_ended_) {
    close(ending::fin);
    return;
  }
  if (!send_clock_.is_lingering()) {
    send_clock_.fin_sent(loop().now(), limits());
    io().shutdown(socket_, SHUT_WR);
  }
  update_reading(true);
  watch(send_clock_.deadline());
}

void server_connection::close(ending how) noexcept {
  if (closing_) return;
  closing_ = true;
  loop().disarm(*this);
  if (how == ending::reset) io().option(socket_, SOL_SOCKET, SO_LINGER, 0);
  io().close(static_cast<close_operation&>(*this), socket_);
}

void server_connection::on_closed(io::operation& op, const io::completion&) noexcept {
  auto& self = static_cast<server_connection&>(static_cast<close_operation&>(op));
  self.closed_ = true;
  self.step();
}

void server_connection::lose(stop_reason reason) noexcept {
  with_protocol([reason](auto& protocol) { protocol.abort(reason); });
  close(ending::reset);
}

/// A read or write failed: mostly the client is gone, sometimes the kernel has no memory.
void server_connection::fail(std::int32_t error) noexcept {
  const bool shortage = error == -ENOBUFS || error == -ENOMEM;
  server_.context_.counters.out_of_memory += shortage ? 1 : 0;
  lose(stop_reason::disconnect);
}

/// One timer serves every wait. It is moved only to an earlier time; when it fires early it is
/// armed again, so that a busy connection does not touch the timer wheel for each request.
void server_connection::watch(mono_time deadline) noexcept {
  if (deadline != no_deadline && (!armed() || deadline < at)) loop().arm(*this, deadline);
}

void server_connection::on_timer(timer& t) noexcept {
  auto& self = static_cast<server_connection&>(t);
  const mono_time now = self.loop().now();
  if (self.send_clock_.deadline() <= now) return self.judge_taking(now);
  self.with_protocol([now](auto& protocol) {
    if (protocol.deadline() <= now) protocol.on_deadline();
  });
  self.step();
}

/// The client has taken too little, or not closed its side.
void server_connection::judge_taking(mono_time now) noexcept {
  const bool goes_on =
      send_clock_.is_sending() && send_clock_.may_go_on(io().progress(socket_), now, limits());
  if (!goes_on) return lose(stop_reason::disconnect);
  step();
}

void server_connection::drain() noexcept {
  with_protocol([](auto& protocol) {
    if (net::listens(protocol.state())) protocol.drain();
  });
  step();
}

net::unfinished_work server_connection::unfinished() const noexcept {
  return with_protocol([](const auto& protocol) { return protocol.unfinished(); });
}

/// What the kernel has taken, it goes on sending.
void server_connection::abort(stop_reason reason) noexcept {
  with_protocol([&](auto& protocol) {
    const bool unsent = sending_part_.iov_base != nullptr || protocol.has_outgoing();
    close(protocol.fin_misleads(unsent) ? ending::reset : ending::fin);
    protocol.abort(reason);
  });
}

}  // namespace ferrule::http
