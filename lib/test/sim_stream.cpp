#include "test/sim_stream.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>

namespace ferrule::test::sim {

namespace {

using phase = stream_end::phase;

constexpr unsigned syn_retries = 6;  // Linux' tcp_syn_retries: 127 s in all
constexpr std::chrono::seconds first_syn_timeout(1);
// What Linux' tcp_retries2 of 15 comes to.
constexpr std::chrono::milliseconds retransmission_timeout(924'600);

}  // namespace

connection::connection(network& net, host& from, const address& local, const address& to)
    : net_(net), number_(net.next_connection()), to_(to) {
  ends_[client].at = &from;
  ends_[client].local = local;
  ends_[server].at = net.find_host(from, to);
  ends_[server].local = to;
  if (is_any(to)) {  // Linux takes it for this host
    ends_[server].local = *from.source_for(to);
    ends_[server].local.set_port(to.port());
  }
}

void connection::own(unsigned side, socket_owner& owner, io::handle handle) noexcept {
  ends_[side].owner = &owner;
  ends_[side].handle = handle;
}

const sim_link& connection::link() const noexcept {
  if (own_link_ != nullptr) return *own_link_;
  if (ends_[server].at == nullptr) return net_.everywhere();
  return net_.link(*ends_[client].at, *ends_[server].at);
}

sim_link& connection::own_link() {
  if (own_link_ == nullptr) own_link_ = std::make_unique<sim_link>(link());
  return *own_link_;
}

template <class F>
void connection::arrive(unsigned from, F happen) {
  mono_time& last = ends_[from].last_arrival;
  last = std::max({last, stalled_until_, net_.now() + net_.transit(link())});
  net_.plan(last, [self = shared_from_this(), happen = std::move(happen)]() mutable { happen(); });
}

// Connecting.

void connection::send_syn(unsigned attempt) {
  if (ends_[client].state != phase::connecting) return;
  net_.note("#{} syn {} > {}", number_, ends_[client].local.text(), to_.text());
  const mono_time sent = net_.now();
  if (ends_[server].at == nullptr || lost_ ||
      net_.strikes(link().half_open, &sim_counts::half_opens, "half_open")) {
    retry_syn(attempt, sent);
    return;
  }
  const bool refused = net_.strikes(link().refused, &sim_counts::refusals, "refused");
  arrive(client, [this, attempt, sent, refused] { on_syn(attempt, sent, refused); });
}

void connection::on_syn(unsigned attempt, mono_time sent, bool refused) {
  stream_end& there = ends_[server];
  listener* const found = refused ? nullptr : listener::find(net_, *there.at, to_);
  if (found == nullptr) {
    arrive(server, [this] { die(client, ECONNREFUSED); });
    return;
  }
  if (found->full()) {  // Linux drops what does not fit
    retry_syn(attempt, sent);
    return;
  }
  there.options = found->accepted_options();
  there.state = phase::established;
  there.window_told = there.options.receive_window_bytes;
  there.window_end = ends_[client].options.receive_window_bytes;
  ends_[client].window_told = there.window_end;
  arrive(server, [this] { on_established(); });
  found->push({shared_from_this(), server});
}

void connection::retry_syn(unsigned attempt, mono_time sent) {
  const mono_time next = std::max(net_.now(), sent + first_syn_timeout * (1U << attempt));
  net_.plan(next, [self = shared_from_this(), attempt] {
    if (attempt < syn_retries) {
      self->send_syn(attempt + 1);
    } else if (self->ends_[client].state == phase::connecting) {
      self->die(client, ETIMEDOUT);
    }
  });
}

void connection::on_established() {
  stream_end& e = ends_[client];
  if (e.state != phase::connecting) {  // the program closed it meanwhile
    send_rst(client);
    return;
  }
  net_.note("#{} established", number_);
  e.state = phase::established;
  e.window_end = ends_[server].options.receive_window_bytes;
  if (e.owner != nullptr) e.owner->on_connected(e.handle, 0);
}

// What a program does.

std::int32_t connection::take_error(stream_end& e) noexcept { return -std::exchange(e.error, 0); }

std::int32_t connection::write(unsigned side, std::span<const std::byte> bytes) {
  stream_end& e = ends_[side];
  if (e.state == phase::connecting) return 0;
  if (e.error != 0) return take_error(e);
  if (e.state == phase::dead || e.fin_wanted) return -EPIPE;
  const std::size_t unacked = e.written - e.acked;
  const std::size_t room =
      e.options.send_buffer_bytes - std::min(unacked, e.options.send_buffer_bytes);
  std::size_t taken = std::min(room, bytes.size());
  const sim_link& l = link();
  if (taken > 1 && net_.strikes(l.short_write, &sim_counts::short_writes, "short_write")) {
    taken = std::min<std::size_t>(taken, 1 + net_.random().below(l.short_write_bytes_max));
    net_.plan(net_.now() + net_.transit(l), [self = shared_from_this(), side] {
      const stream_end& later = self->ends_[side];
      if (later.owner != nullptr) later.owner->on_writable(later.handle);
    });
  }
  e.unsent.push(bytes.first(taken));
  e.written += taken;
  flush(side);
  return static_cast<std::int32_t>(taken);
}

connection::outcome connection::peek(unsigned side) const noexcept {
  const stream_end& e = ends_[side];
  if (!e.inbox.empty()) return static_cast<std::int32_t>(e.inbox.size());
  if (e.fin_received) return 0;
  if (e.error != 0) return -e.error;
  if (e.state == phase::dead || e.read_shut) return 0;
  return std::nullopt;
}

connection::outcome connection::read(unsigned side, std::span<std::byte> into) {
  stream_end& e = ends_[side];
  if (const outcome there = peek(side); !there || *there <= 0) {
    return there && *there < 0 ? take_error(e) : there;
  }
  std::size_t count = std::min(e.inbox.size(), into.size());
  const sim_link& l = link();
  if (count > 1 && net_.strikes(l.short_read, &sim_counts::short_reads, "short_read")) {
    count = std::min<std::size_t>(count, 1 + net_.random().below(l.short_read_bytes_max));
  }
  e.inbox.pop(into.first(count));
  e.consumed += count;
  // Telling of every byte that became free would be a silly window (RFC 9293, 3.8.6.2.2).
  const std::uint64_t window_end = e.consumed + e.options.receive_window_bytes;
  if (window_end >= e.window_told + e.options.receive_window_bytes / 2) send_ack(side);
  return static_cast<std::int32_t>(count);
}

void connection::shutdown(unsigned side, bool reading, bool writing) {
  stream_end& e = ends_[side];
  if (reading) e.read_shut = true;
  if (writing) e.fin_wanted = true;
  flush(side);
}

void connection::close(unsigned side) {
  stream_end& e = ends_[side];
  e.closed = true;
  e.owner = nullptr;
  if (side == client) e.at->tcp.release(e.local.port());
  if (e.state == phase::established && (!e.inbox.empty() || e.options.reset_on_close)) {
    send_rst(side);
    e.state = phase::dead;
  } else if (e.state == phase::connecting) {
    e.state = phase::dead;
  } else {
    e.fin_wanted = true;
    flush(side);
  }
}

// On the way.

void connection::flush(unsigned side) {
  stream_end& e = ends_[side];
  if (e.state != phase::established) return;
  while (!e.unsent.empty() && e.sent < e.window_end) {
    const std::size_t count = std::min<std::size_t>(
        {e.unsent.size(), static_cast<std::size_t>(e.window_end - e.sent), segment_bytes_max});
    std::vector<std::byte> bytes(count);
    e.unsent.pop(bytes);
    e.sent += count;
    transmit(side, std::move(bytes), false);
  }
  if (!e.fin_wanted || e.fin_sent || !e.unsent.empty()) return;
  e.fin_sent = true;
  transmit(side, {}, true);
}

void connection::transmit(unsigned side, std::vector<std::byte> bytes, bool fin) {
  net_.note("#{} {} sends {} bytes{}", number_, side, bytes.size(), fin ? " and fin" : "");
  net_.digest_bytes(bytes);
  const sim_link& l = link();
  if (net_.strikes(l.reset, &sim_counts::resets, "reset")) {
    reset();
    return;
  }
  if (net_.strikes(l.half_open, &sim_counts::half_opens, "half_open")) lose();
  if (net_.strikes(l.stall, &sim_counts::stalls, "stall")) stall(net_.up_to(l.stall_max));
  if (lost_) {
    time_out(side);
    return;
  }
  arrive(side,
         [this, to = 1 - side, bytes = std::move(bytes), fin] { on_segment(to, bytes, fin); });
}

void connection::on_segment(unsigned side, std::span<const std::byte> bytes, bool fin) {
  stream_end& e = ends_[side];
  if (e.state == phase::dead) return;
  net_.note("#{} {} gets {} bytes{}", number_, side, bytes.size(), fin ? " and fin" : "");
  if (e.closed && !bytes.empty()) {  // nobody will read it
    send_rst(side);
    e.state = phase::dead;
    return;
  }
  e.inbox.push(bytes);
  e.received += bytes.size();
  e.fin_received = e.fin_received || fin;
  if (!bytes.empty()) send_ack(side);
  if (e.owner != nullptr) e.owner->on_readable(e.handle);
}

void connection::send_ack(unsigned side) {
  stream_end& e = ends_[side];
  if (e.state == phase::dead) return;
  e.window_told = e.consumed + e.options.receive_window_bytes;
  if (lost_) {
    if (ends_[1 - side].sent > ends_[1 - side].acked) time_out(1 - side);
    return;
  }
  arrive(side, [this, to = 1 - side, acked = e.received, window_end = e.window_told] {
    on_ack(to, acked, window_end);
  });
}

void connection::on_ack(unsigned side, std::uint64_t acked, std::uint64_t window_end) {
  stream_end& e = ends_[side];
  if (e.state != phase::established) return;
  e.acked = std::max(e.acked, acked);
  e.window_end = std::max(e.window_end, window_end);
  flush(side);
  if (e.owner != nullptr) e.owner->on_writable(e.handle);
}

void connection::send_rst(unsigned from) {
  net_.note("#{} {} sends rst", number_, from);
  if (lost_) return;
  arrive(from, [this, to = 1 - from] { on_rst(to); });
}

void connection::on_rst(unsigned side) {
  if (ends_[side].state == phase::dead) return;
  net_.note("#{} {} gets rst", number_, side);
  die(side, ends_[side].fin_received ? EPIPE : ECONNRESET);
}

void connection::die(unsigned side, std::int32_t error) {
  stream_end& e = ends_[side];
  const bool was_connecting = e.state == phase::connecting;
  e.state = phase::dead;
  e.unsent.clear();
  if (was_connecting) {
    if (e.owner != nullptr) e.owner->on_connected(e.handle, -error);
    return;
  }
  e.error = error;
  if (e.owner != nullptr) e.owner->on_readable(e.handle);
  if (e.owner != nullptr) e.owner->on_writable(e.handle);
}

void connection::time_out(unsigned side) {
  if (std::exchange(ends_[side].timeout_planned, true)) return;
  const mono_time::duration limit = ends_[side].options.unacknowledged_max;
  die_after(side, limit.count() == 0 ? retransmission_timeout : limit);
}

void connection::die_after(unsigned side, mono_time::duration span) {
  net_.plan(net_.now() + span, [self = shared_from_this(), side] {
    if (self->ends_[side].state != phase::dead) self->die(side, ETIMEDOUT);
  });
}

// Faults.

void connection::lose() {
  if (std::exchange(lost_, true)) return;
  for (const unsigned side : {client, server}) {
    const stream_options& options = ends_[side].options;
    if (ends_[side].state != phase::established || !options.asks) continue;
    die_after(side, options.ask_after + options.ask_interval * options.asked_max);
  }
}

void connection::reset() {
  send_rst(client);
  send_rst(server);
}

void connection::stall(mono_time::duration span) {
  stalled_until_ = std::max(stalled_until_, net_.now() + span);
}

// Listening.

listener::listener(network& net, host& at, const address& local, const io::socket_options& options,
                   socket_owner& owner, io::handle handle)
    : at_(at),
      local_(local),
      options_(options),
      backlog_(static_cast<std::size_t>(std::max(options.backlog, 0))),
      owner_(owner),
      handle_(handle) {
  at_.tcp.take(local_.port());
  at_.listeners.push_back(this);
  net.note("listen {}", local_.text());
}

listener::~listener() {
  std::erase(at_.listeners, this);
  at_.tcp.release(local_.port());
  for (stream& s : waiting_) {
    s.end().options.reset_on_close = true;
    s.to->close(s.side);
  }
}

bool listener::overlaps(const address& other) const noexcept {
  if (stopped_ && local_.is_unix()) return false;  // its file is gone
  return local_.port() == other.port() && local_.family() == other.family() &&
         (is_any(local_) || is_any(other) || same_ip(local_, other));
}

listener* listener::find(network& net, const host& at, const address& to) {
  std::vector<listener*> found;
  for (listener* l : at.listeners) {
    if (l->overlaps(to)) found.push_back(l);
  }
  return found.empty() ? nullptr : found[net.random().below(found.size())];
}

bool listener::is_free(const host& at, const address& local, bool reuse_port) noexcept {
  return std::none_of(at.listeners.begin(), at.listeners.end(), [&](const listener* l) {
    return l->overlaps(local) && !(reuse_port && l->options_.reuse_port);
  });
}

std::int32_t stream_options::set_tcp(int name, int value) noexcept {
  if (name == TCP_USER_TIMEOUT) unacknowledged_max = std::chrono::milliseconds(value);
  if (name == TCP_KEEPIDLE) ask_after = std::chrono::seconds(value);
  if (name == TCP_KEEPINTVL) ask_interval = std::chrono::seconds(value);
  if (name == TCP_KEEPCNT) asked_max = value;
  return 0;
}

stream_options listener::accepted_options() const noexcept {
  stream_options accepted;
  if (options_.receive_buffer_bytes != 0) {
    accepted.receive_window_bytes =
        std::max<std::size_t>(options_.receive_buffer_bytes, buffer_bytes_min);
  }
  accepted.reset_on_close = options_.linger_s == 0;
  accepted.unacknowledged_max = std::chrono::seconds(options_.unacknowledged_s);
  accepted.ask_after = std::chrono::seconds(options_.keepalive_idle_s);
  accepted.ask_interval = std::chrono::seconds(options_.keepalive_interval_s);
  accepted.asked_max = static_cast<int>(options_.keepalive_probes);
  accepted.asks = options_.keepalive_idle_s != 0 && options_.keepalive_interval_s != 0 &&
                  options_.keepalive_probes != 0;
  return accepted;
}

void listener::push(stream connected) {
  waiting_.push_back(std::move(connected));
  owner_.on_readable(handle_);
}

stream listener::pop() {
  stream first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

}  // namespace ferrule::test::sim
