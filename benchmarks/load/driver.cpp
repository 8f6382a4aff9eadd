#include "load/driver.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace ferrule::load {
namespace {

/// 127.0.1.1, 127.0.1.2 …, for connection `i` of many.
std::optional<address> source_of(std::size_t i, unsigned addresses) {
  if (addresses == 0) return std::nullopt;
  constexpr std::uint32_t first = 0x7F000101;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(first + static_cast<std::uint32_t>(i % addresses));
  return address::from_sockaddr(reinterpret_cast<const sockaddr*>(&at), sizeof at);
}

}  // namespace

driver::driver(reactor& loop, const drive_settings& settings, recorder& into)
    : loop_(loop), settings_(settings), recorder_(into), free_(settings.connections) {
  connection::owner& self = *this;
  for (unsigned i = 0; i != settings_.connections; ++i) {
    connections_.emplace_back(loop_, settings_.connection, self,
                              source_of(i, settings_.source_addresses));
  }
}

void driver::connect() {
  if (!settings_.connection.keep_alive) {
    opened_ = settled_ = connections_.size();
    for (connection& c : connections_) offer(c);
    return;
  }
  const std::size_t at_once = std::min<std::size_t>(connects_max, connections_.size());
  while (opened_ < at_once) open_next();
}

void driver::open_next() {
  if (opened_ == connections_.size()) return;
  connections_[opened_++].connect();
}

bool driver::has_connected() const noexcept { return settled_ == connections_.size(); }

int driver::connect_error() const noexcept { return any_connected_ ? 0 : last_error_; }

void driver::connected(connection& c) {
  any_connected_ = true;
  ++recorder_.connections_made;
  if (phase_ == phase::connecting) ++settled_;
  if (settings_.connection.keep_alive) {
    offer(c);
    c.free_since = loop_.now();  // it may still be queued from before it was closed
  }
  open_next();
}

void driver::connect_failed(connection&, int error) {
  last_error_ = error;
  ++recorder_.connect_errors[error];
  if (phase_ == phase::connecting) ++settled_;
  open_next();
}

void driver::received(std::size_t bytes) { recorder_.received(loop_.now(), bytes); }

void driver::answered(connection& c, const pending_request& request, const answer& got) {
  --under_way_;
  const bool right_status = request.what->expects(got.status);
  if (right_status && got.has_text) {
    recorder_.answered(request.route, request.times, loop_.now(), got.status);
  } else {
    recorder_.unexpected(
        request.route, request.times, loop_.now(), got.status,
        right_status ? failure_kind::unexpected_body : failure_kind::unexpected_status);
  }
  if (got.keep_alive && settings_.connection.keep_alive) offer(c);
}

void driver::failed(connection&, const pending_request& request, failure_kind why) {
  --under_way_;
  recorder_.failed(request.route, request.times, loop_.now(), why);
}

void driver::closed(connection& c) {
  if (phase_ == phase::closing || phase_ == phase::connecting) return;
  if (!settings_.connection.keep_alive) return offer(c);
  // A server that is not there is not to be hammered.
  c.connect_later(c.has_answered() ? nanoseconds(0) : retry_after);
}

void driver::offer(connection& c) {
  if (c.queued) return;
  c.queued = true;
  c.free_since = loop_.now();
  free_[(first_free_ + free_count_++) % free_.size()] = &c;
}

/// The connection that has been free for longest; those that closed meanwhile are passed over.
connection* driver::first_free() {
  while (free_count_ != 0) {
    connection& c = *free_[first_free_];
    if (c.can_take()) return &c;
    c.queued = false;
    first_free_ = (first_free_ + 1) % free_.size();
    --free_count_;
  }
  return nullptr;
}

/// `c` is the first that is free.
void driver::send(connection& c, mono_time scheduled, mono_time now) {
  const std::uint32_t route = settings_.requests->pick(loop_.random());
  const prepared_request& what = settings_.requests->all()[route];
  const std::size_t variant =
      what.variants.size() == 1 ? 0 : loop_.random().below(what.variants.size());
  to_flush_.push_back(&c);
  c.take({&what, &what.variants[variant], route, {scheduled, now}});
  ++under_way_;
  // A closed loop's request is due when the connection becomes free.
  recorder_.sent({scheduled, now},
                 now - (arrivals_ ? std::max(scheduled, c.free_since) : c.free_since));

  c.queued = false;
  first_free_ = (first_free_ + 1) % free_.size();
  --free_count_;
  if (!c.can_take()) return;
  const mono_time since = c.free_since;
  offer(c);
  c.free_since = since;
}

void driver::start(mono_time begin, mono_time end, std::optional<schedule> arrivals) {
  phase_ = phase::running;
  begin_ = begin;
  end_ = end;
  arrivals_ = std::move(arrivals);
  for (connection& c : connections_) {
    c.free_since = begin;
    if (settings_.connection.keep_alive && c.is_closed()) c.connect_later(retry_after);
  }
}

void driver::send_closed_loop(mono_time now) {
  if (now >= end_) {
    phase_ = phase::draining;
    return;
  }
  while (connection* const c = first_free()) send(*c, now, now);
}

void driver::send_open_loop(mono_time now) {
  const nanoseconds patience = settings_.connection.timeout;
  while (arrivals_->next()) {
    const mono_time at = begin_ + *arrivals_->next();
    if (at > now) return;
    if (at + patience <= now) {
      recorder_.unsent(at, now - at);
    } else if (connection* const c = first_free()) {
      send(*c, at, now);
    } else {
      return;
    }
    arrivals_->advance();
  }
  if (now >= end_) phase_ = phase::draining;
}

void driver::advance(mono_time now) {
  if (phase_ == phase::running && now >= begin_) {
    arrivals_ ? send_open_loop(now) : send_closed_loop(now);
    for (connection* const c : to_flush_) c->flush();
    to_flush_.clear();
  }
  if (phase_ == phase::draining && under_way_ == 0) close_all(failure_kind::unfinished);
}

mono_time driver::due() const noexcept {
  if (phase_ != phase::running) return no_deadline;
  if (!arrivals_) return free_count_ != 0 ? begin_ : end_;
  const auto next = arrivals_->next();
  if (!next) return end_;
  return begin_ + *next + (free_count_ != 0 ? nanoseconds(0) : settings_.connection.timeout);
}

bool driver::is_finished() const noexcept {
  return phase_ == phase::closing && std::all_of(connections_.begin(), connections_.end(),
                                                 [](auto& c) { return c.is_closed(); });
}

void driver::stop(mono_time now) {
  if (phase_ == phase::closing) return;
  if (phase_ == phase::running && arrivals_) {
    for (; arrivals_->next() && begin_ + *arrivals_->next() <= now; arrivals_->advance()) {
      const mono_time at = begin_ + *arrivals_->next();
      recorder_.unsent(at, now - at);
    }
  }
  close_all(failure_kind::unfinished);
}

void driver::close_all(failure_kind why) {
  phase_ = phase::closing;
  opened_ = connections_.size();  // no more of them
  for (connection& c : connections_) c.end(why);
}

}  // namespace ferrule::load
