#include "ferrule/net/filtered.hpp"

#include <new>
#include <utility>

#include "ferrule/core/assert.hpp"

namespace ferrule::net {

filtered::filtered(std::unique_ptr<byte_filter> filter, protocol_source& inner,
                   protocol_owner& owner)
    : protocol_owner(owner), filter_(std::move(filter)), owner_(owner), inner_(inner.make(*this)) {
  filter_->begin(outgoing_);
}

/// There is no order in which a part of it could be left out, so the connection goes.
template <class Work>
void filtered::work_or_lose(Work work) noexcept {
  try {
    work();
  } catch (const std::bad_alloc&) {
    abort(stop_reason::cancelled);
  }
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
  if (!plain_.empty()) {
    inner_->feed(plain_.view());
    plain_ = buffer();  // an idle connection holds none
  }
  if (came == byte_filter::step::ended) feed_end();
  if (came != byte_filter::step::failed) return;
  failed_ = true;
  inner_->abort(stop_reason::disconnect);
}

void filtered::feed_end() noexcept {
  if (std::exchange(peer_ended_, true) || failed_ || lost_) return;
  inner_->feed_end();
  work_or_lose([this] { settle(); });
}

bool filtered::has_outgoing() const noexcept {
  return !outgoing_.empty() || (filter_->is_ready() && !failed_ && inner_->has_outgoing());
}

void filtered::take_outgoing(buffer& into) noexcept {
  if (filter_->is_ready() && !failed_ && inner_->has_outgoing()) {
    buffer plain;
    inner_->take_outgoing(plain);
    carries_inner_ = true;
    work_or_lose([&] {
      filter_->send(plain.view(), outgoing_);
      say_end();
    });
    inner_->take_back(plain);
  }
  std::swap(into, outgoing_);
}

void filtered::outgoing_sent() noexcept {
  if (std::exchange(carries_inner_, false)) inner_->outgoing_sent();
  work_or_lose([this] { settle(); });
}

void filtered::on_deadline() noexcept {
  inner_->on_deadline();
  work_or_lose([this] { settle(); });
}

void filtered::drain() noexcept {
  inner_->drain();
  work_or_lose([this] { settle(); });
}

void filtered::protocol_changed() noexcept {
  work_or_lose([this] { settle(); });
  owner_.protocol_changed();
}

/// What follows from the inner protocol's state: its successor, or the end of what is sent.
void filtered::settle() {
  if (failed_ || lost_ || carries_inner_) return;
  while (inner_->state() == protocol_state::switched && !inner_->has_outgoing()) {
    buffer unread;
    std::unique_ptr<protocol> next = inner_->successor(unread);
    FERRULE_ASSERT(next != nullptr, "a protocol has switched to none");
    inner_ = std::move(next);
    inner_->start(*this);
    if (!unread.empty()) inner_->feed(unread.view());
    if (peer_ended_) inner_->feed_end();
  }
  say_end();
}

void filtered::say_end() {
  if (inner_->state() != protocol_state::ended || inner_->has_outgoing()) return;
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
}

}  // namespace ferrule::net
