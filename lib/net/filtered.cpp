#include "ferrule/net/filtered.hpp"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <utility>

#include "ferrule/observe/log.hpp"

namespace ferrule::net {
namespace {

void log_filter_fault(const char* what) noexcept {
  try {
    log(log_level::error, fmt::format("a byte filter has thrown: {}", what));
  } catch (const std::bad_alloc&) {  // the connection goes all the same
  }
}

}  // namespace

filtered::filtered(std::unique_ptr<byte_filter> filter, protocol_source& inner,
                   protocol_owner& owner)
    : protocol_owner(owner), filter_(std::move(filter)), owner_(owner), inner_(inner.make(*this)) {
  filter_->begin(outgoing_);
}

filtered::~filtered() { give_back_taken(); }

/// There is no order in which a part of it could be left out, so the connection goes.
template <class Work>
void filtered::work_or_lose(Work work) noexcept {
  try {
    work();
    return;
  } catch (const std::bad_alloc&) {  // nothing to tell
  } catch (const std::exception& e) {
    log_filter_fault(e.what());
  } catch (...) {
    log_filter_fault("of a type that is no std::exception");
  }
  abort(stop_reason::cancelled);
}

void filtered::feed(std::string_view bytes) noexcept {
  if (failed_ || lost_) return;
  work_or_lose([&] {
    receive(bytes);
    settle();
  });
}

void filtered::receive(std::string_view bytes) {
  const byte_filter::step came = filter_->receive(bytes, plain_, outgoing_);
  if (!plain_.empty() && listens(inner_->state())) inner_->feed(plain_.view());
  plain_ = buffer();  // an idle connection holds none
  if (came == byte_filter::step::ended) feed_end();
  if (came == byte_filter::step::failed) fail();
}

/// What there is to say about it is still sent.
void filtered::fail() noexcept {
  failed_ = true;
  inner_->abort(stop_reason::disconnect);
  give_back_taken();
}

void filtered::feed_end() noexcept {
  if (std::exchange(peer_ended_, true) || failed_ || lost_) return;
  if (listens(inner_->state())) inner_->feed_end();
  work_or_lose([this] { settle(); });
}

/// Whether there is something of the inner protocol's that can be sent now.
bool filtered::may_pass() const noexcept {
  return filter_->is_ready() && !failed_ && !lost_ && (!all_passed() || inner_->has_outgoing());
}

bool filtered::has_outgoing() const noexcept { return !outgoing_.empty() || may_pass(); }

void filtered::take_outgoing(buffer& into) noexcept {
  if (may_pass()) work_or_lose([this] { pass_part(); });
  std::swap(into, outgoing_);
}

void filtered::pass_part() {
  if (taken_.empty()) inner_->take_outgoing(taken_);
  if (taken_.empty()) return;  // there was no memory for it
  const std::string_view part = taken_.view().substr(passed_bytes_, part_bytes_max);
  filter_->send(part, outgoing_);
  passed_bytes_ += part.size();
  say_end();
}

void filtered::outgoing_sent() noexcept {
  if (!taken_.empty() && all_passed()) {
    give_back_taken();
    inner_->outgoing_sent();
  }
  work_or_lose([this] { settle(); });
}

void filtered::give_back_taken() noexcept {
  passed_bytes_ = 0;
  if (taken_.capacity() != 0) inner_->take_back(taken_);
}

void filtered::on_deadline() noexcept {
  inner_->on_deadline();
  work_or_lose([this] { settle(); });
}

void filtered::drain() noexcept {
  draining_ = true;
  if (listens(inner_->state())) inner_->drain();
  work_or_lose([this] { settle(); });
}

void filtered::protocol_changed() noexcept {
  work_or_lose([this] { settle(); });
  owner_.protocol_changed();
}

/// What follows from the inner protocol's state: its successor, or the end of what is sent.
void filtered::settle() {
  if (failed_ || lost_ || !taken_.empty()) return;
  while (inner_->state() == protocol_state::switched && !inner_->has_outgoing()) {
    buffer unread;
    std::unique_ptr<protocol> next = inner_->successor(unread);
    if (next == nullptr) return abort(stop_reason::cancelled);
    inner_ = std::move(next);
    start_successor(*inner_, *this, {unread.view(), peer_ended_, draining_});
  }
  say_end();
}

void filtered::say_end() {
  if (inner_->state() != protocol_state::ended || inner_->has_outgoing() || !all_passed()) return;
  if (filter_->is_ready() && !std::exchange(end_said_, true)) filter_->send_end(outgoing_);
}

protocol_state filtered::state() const noexcept {
  if (lost_) return protocol_state::broken;
  if (failed_) return protocol_state::ended;
  const protocol_state inner = inner_->state();
  return inner == protocol_state::switched ? protocol_state::open : inner;
}

void filtered::abort(stop_reason reason) noexcept {
  lost_ = true;
  inner_->abort(reason);
  give_back_taken();
}

}  // namespace ferrule::net
