#include "ferrule/http/server.hpp"

#include <cerrno>
#include <new>

#include "io/kernel_sockets.hpp"
#include "server_connection.hpp"
#include "server_group.hpp"

namespace ferrule::http {
namespace {

// How long to leave the kernel alone that has no descriptor or memory for another connection.
constexpr auto accept_retry = std::chrono::milliseconds(100);
// While draining, for handshakes that have begun to come to their end.
constexpr auto handshake_time = std::chrono::milliseconds(50);
// Connections that are told of being too many are closed with care, which takes time. With so many
// of them under way, further ones are just closed.
constexpr std::uint32_t turned_away_max = 256;
// A grace that ends so late ended while the process was stopped or its machine stood still. What
// other timers, as late, have just set going has so long to come to its end.
constexpr auto stood_still = std::chrono::milliseconds(100);

}  // namespace

server::server(reactor& loop, service& handlers, const server_limits& limits)
    : loop_(loop),
      context_(handlers, loop, limits),
      accept_([](io::operation& op, const io::completion& c) noexcept {
        static_cast<accept_operation&>(op).self->accepted(c);
      }),
      close_([](io::operation& op, const io::completion&) noexcept {
        server& self = *static_cast<accept_operation&>(op).self;
        self.closing_listener_ = false;
        self.finish_draining();
      }),
      retry_([](timer& t) noexcept { static_cast<server_timer&>(t).self->retry_accepting(); }),
      grace_([](timer& t) noexcept {
        server& self = *static_cast<server_timer&>(t).self;
        const mono_time now = self.loop_.now();
        if (now - t.at > stood_still) return self.loop_.arm(t, now + stood_still);
        self.close_listener();
        for (server_connection *c = self.first_, *next = nullptr; c != nullptr; c = next) {
          next = c->next;  // aborting may end the connection at once
          c->abort(stop_reason::drain);
        }
      }) {
  accept_.self = close_.self = this;
  retry_.self = grace_.self = this;
}

server::~server() {
  FERRULE_ASSERT(first_ == nullptr && listener_ == io::handle::none && !closing_listener_,
                 "a server was destroyed before it was drained");
  loop_.disarm(retry_);
  loop_.disarm(grace_);
  if (group_ != nullptr) group_->leave();
}

std::int32_t server::listen(const address& at, const io::socket_options& options) {
  const std::int32_t listener = loop_.io().listen(at, options);
  if (listener < 0) return listener;
  begin_at(io::handle{listener});
  return 0;
}

std::int32_t server::adopt(int listening) {
  const std::int32_t adopted = loop_.io().adopt(listening);
  if (adopted < 0) return adopted;
  adopted_ = true;
  begin_at(io::handle{adopted});
  return 0;
}

void server::begin_at(io::handle listener) {
  listener_ = listener;
  loop_.io().local(listener_, local_);
  start_accepting();
}

void server::give_up() noexcept {
  if (listens() && !adopted_) loop_.io().stop_listening(listener_);
}

std::unique_ptr<net::protocol> server::http1_source::make(net::protocol_owner& owner) {
  return std::make_unique<server_engine>(context, owner);
}

void server::start_accepting() {
  accepting_ = true;
  loop_.io().accept_start(accept_, listener_);
}

void server::retry_accepting() {
  if (draining_) {
    accept_rest();
  } else {
    start_accepting();
  }
}

/// While draining: takes what waits at the listener, which then closes, unless the kernel has
/// nothing left for a connection that waits. Those that end make room for it.
void server::accept_rest() noexcept {
  std::int32_t last = 0;
  while ((last = loop_.io().accept_waiting(listener_)) >= 0) serve(io::handle{last});
  if (last == -EAGAIN) {
    close_listener();
  } else {
    ++context_.counters.accepts_failed;
    loop_.arm(retry_, saturating_add(loop_.now(), accept_retry));
  }
  begin_closing();
}

/// From now on each answer says that its connection closes. Not before the listener is gone, unless
/// only that lets it go: until then, whoever connects anew would be left waiting for a second.
void server::begin_closing() noexcept {
  if (context_.closing_since == no_deadline) context_.closing_since = loop_.now();
  for (server_connection *c = first_, *next = nullptr; c != nullptr; c = next) {
    next = c->next;
    c->drain();
  }
  finish_draining();
}

void server::accepted(const io::completion& c) noexcept {
  if (!c.more) accepting_ = false;
  if (c.result >= 0) {
    const io::handle socket{c.result};
    if (draining_ || group_ == nullptr || !group_->hand_over(socket)) serve(socket);
  } else if (c.result != -ECANCELED) {
    ++context_.counters.accepts_failed;
  }
  if (accepting_ || draining_) return;
  loop_.arm(retry_, loop_.now() + accept_retry);
}

void server::join(server_group& group) {
  group_ = &group.join(*this, loop_);
}

void server::take_over(std::int32_t descriptor) noexcept {
  std::int32_t adopted = -ENOMEM;
  try {
    adopted = loop_.io().adopt(descriptor);
  } catch (const std::bad_alloc&) {
  }
  if (adopted >= 0) {
    serve(io::handle{adopted});
  } else {
    ++context_.counters.out_of_memory;
    io::kernel::close(io::handle{descriptor});
  }
  finish_draining();
}

void server::serve(io::handle socket) noexcept {
  try {
    server_connection::open(*this, socket);
  } catch (const std::bad_alloc&) {
    ++context_.counters.out_of_memory;
    loop_.io().drop(socket);
  }
}

server::admission server::admit(const address& peer) {
  server_counters& counters = context_.counters;
  ++counters.connections_accepted;
  const bool has_room = context_.connections().enter(peer, context_.limits);
  ++counters.connections_open;  // only now: there may have been no memory for an address
  if (group_ != nullptr) group_->opened();
  if (has_room) return admission::served;
  ++counters.connections_refused;
  if (turned_away_ == turned_away_max) return admission::refused;
  ++turned_away_;
  return admission::turned_away;
}

void server::connection_gone(server_connection& gone) noexcept {
  *gone.link = gone.next;
  if (gone.next != nullptr) gone.next->link = gone.link;
  if (gone.admitted() == admission::turned_away) --turned_away_;
  if (gone.admitted() == admission::served) {
    context_.connections().leave(*gone.peer(), context_.limits);
  }
  --context_.counters.connections_open;
  if (group_ != nullptr) group_->closed();
  delete &gone;
  finish_draining();
}

void server::drain(std::chrono::nanoseconds grace, drained_function done, void* context) {
  if (draining_) return;
  draining_ = true;
  if (group_ != nullptr) group_->leave();
  drained_ = done;
  drained_context_ = context;
  loop_.arm(grace_, saturating_add(loop_.now(), grace));
  context_.drain.request_stop(stop_reason::drain);
  if (adopted_) close_listener();
  if (!listens()) return begin_closing();
  loop_.io().stop_listening(listener_);
  loop_.arm(retry_, saturating_add(loop_.now(), handshake_time));
}

net::unfinished_work server::running() const noexcept {
  net::unfinished_work found;
  for (const server_connection* c = first_; c != nullptr; c = c->next) {
    const net::unfinished_work here = c->unfinished();
    found.count += here.count;
    if (here.count != 0) found.example = here.example;
  }
  return found;
}

void server::close_listener() noexcept {
  loop_.disarm(retry_);
  if (listener_ == io::handle::none) return;
  closing_listener_ = true;
  loop_.io().close(close_, listener_);
  listener_ = io::handle::none;
}

void server::finish_draining() noexcept {
  const bool listens = listener_ != io::handle::none || closing_listener_;
  if (!draining_ || listens || first_ != nullptr || drained_ == nullptr) return;
  if (group_ != nullptr && !group_->is_settled()) return;  // `take_over` follows
  loop_.disarm(grace_);
  std::exchange(drained_, nullptr)(drained_context_);
}

}  // namespace ferrule::http
