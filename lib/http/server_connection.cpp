#include "server_connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace ferrule::http {

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
  if (self->admitted_ == server::admission::turned_away) self->engine_.turn_away();
  if (on.draining()) self->engine_.drain();
  self->step();
}

server_connection::server_connection(server& on, io::handle socket)
    : timer(on_timer),
      receive_operation(on_received),
      send_operation(on_sent),
      close_operation(on_closed),
      server_(on),
      socket_(socket),
      admitted_(on.admit(socket, peer_)),
      clocks_(on.loop_.now(), limits()),
      engine_(on.context_, *this, &peer_) {}

void server_connection::on_received(io::operation& op, const io::completion& c) noexcept {
  auto& self = static_cast<server_connection&>(static_cast<receive_operation&>(op));
  if (!c.more) self.receiving_ = self.receive_cancelled_ = false;
  if (c.result > 0) {
    self.engine_.feed({reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size()});
    self.note_waits(c.bytes.size());
  } else if (c.result == 0) {
    self.peer_ended_ = true;
    self.engine_.feed_end();
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
  self.server_.context_.take_back_sent(self.sending_);
  self.engine_.outgoing_sent();
  self.note_waits();
  self.clocks_.all_sent(self.loop().now(), self.limits());
  self.step();
}

void server_connection::engine_changed() noexcept {
  note_waits();
  step();
}

/// Does whatever the present state asks for; called after everything that changes it.
void server_connection::step() noexcept {
  if (closing_) {
    if (closed_ && !engine_.busy()) server_.connection_gone(*this);  // destroys this
    return;
  }
  if (engine_.broken()) {
    close(ending::reset);
    return;
  }
  if (sending_part_.iov_base == nullptr) {
    if (engine_.has_outgoing()) {
      start_send();
    } else if (engine_.ended()) {
      finish();
      return;
    }
  }
  update_reading();
  watch_deadline();
}

void server_connection::start_send() noexcept {
  engine_.take_outgoing(sending_);
  send_part(sending_.data(), sending_.size());
}

/// Sends a large answer in parts, so that a client that takes it steadily has time for all of it.
void server_connection::send_part(char* from, std::size_t left) noexcept {
  sending_part_ = {from, std::min({left, limits().output_bytes_max, io::send_bytes_max})};
  clocks_.send_started(loop().now(), limits());
  if (engine_.ended() && sending_part_.iov_len == left) {
    // FIN follows at once: in the packet with the end of the answer it costs neither side a packet
    // of its own, which is a tenth of what a connection for one request costs the server.
    io().option(socket_, IPPROTO_TCP, TCP_CORK, 1);
  }
  io().send(static_cast<send_operation&>(*this), socket_, {&sending_part_, 1});
}

void server_connection::update_reading() noexcept {
  const bool wanted = engine_.wants_input() || clocks_.is_lingering();
  if (wanted && !receiving_ && !peer_ended_) {
    receiving_ = true;
    io().recv_start(static_cast<receive_operation&>(*this), socket_);
  } else if (!wanted && receiving_ && !receive_cancelled_) {
    receive_cancelled_ = true;
    io().cancel(static_cast<receive_operation&>(*this));
  }
}

/// Everything is answered. Closing while the client still sends would make the kernel reset the
/// connection and could destroy the last answer on its way (RFC 9112 section 9.6): so FIN first,
/// then read on, for a limited time, until the client closes too.
void server_connection::finish() noexcept {
  if (peer_ended_) {
    close(ending::fin);
    return;
  }
  if (!clocks_.is_lingering()) {
    clocks_.fin_sent(loop().now(), limits());
    io().shutdown(socket_, SHUT_WR);
  }
  update_reading();
  watch_deadline();
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
  engine_.abort(reason);
  close(ending::reset);
}

/// A read or write failed: mostly the client is gone, sometimes the kernel has no memory.
void server_connection::fail(std::int32_t error) noexcept {
  const bool shortage = error == -ENOBUFS || error == -ENOMEM;
  server_.context_.counters.out_of_memory += shortage ? 1 : 0;
  lose(stop_reason::disconnect);
}

void server_connection::note_waits(std::size_t received_bytes) noexcept {
  clocks_.engine_waits(engine_.waits(), engine_.took_request(), received_bytes, loop().now(),
                       limits());
}

/// Until when what is waited for now has to come.
mono_time server_connection::deadline() const noexcept {
  return std::min({input_deadline(), clocks_.output_deadline(), engine_.handler_deadline()});
}

mono_time server_connection::input_deadline() const noexcept {
  const mono_time by = clocks_.input_deadline();
  if (!clocks_.is_idle()) return by;
  return std::min(by, server_.idle_end(clocks_.idle_since(limits())));
}

/// One timer serves every wait. It is moved only to an earlier time; when it fires early it is
/// armed again, so that a busy connection does not touch the timer wheel for each request.
void server_connection::watch_deadline() noexcept {
  const mono_time by = deadline();
  if (by != no_deadline && (!armed() || by < at)) loop().arm(*this, by);
}

void server_connection::on_timer(timer& t) noexcept {
  auto& self = static_cast<server_connection&>(t);
  const mono_time by = self.deadline();
  if (by > self.loop().now()) {
    self.watch_deadline();
  } else {
    self.time_out();
  }
}

void server_connection::time_out() noexcept {
  const mono_time now = loop().now();
  if (clocks_.output_deadline() <= now) {
    if (clocks_.is_sending()) return judge_taking(now);
    if (clocks_.is_lingering()) return lose(stop_reason::disconnect);
    engine_.stop_late_handler();  // it neither wrote nor ended
  } else if (input_deadline() <= now) {
    engine_.time_out();
    note_waits();
  } else {
    engine_.stop_late_handler();
  }
  step();
}

void server_connection::judge_taking(mono_time now) noexcept {
  if (clocks_.may_go_on(io().progress(socket_), now, limits())) return watch_deadline();
  lose(stop_reason::disconnect);
}

void server_connection::drain() noexcept {
  engine_.drain();
  step();
}

/// What the kernel has taken, it goes on sending.
void server_connection::abort(stop_reason reason) noexcept {
  const bool unsent = sending_part_.iov_base != nullptr || engine_.has_outgoing();
  // First: the engine would have it reset.
  close(engine_.fin_misleads(unsent) ? ending::reset : ending::fin);
  engine_.abort(reason);
}

}  // namespace ferrule::http
