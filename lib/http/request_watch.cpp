#include "http/request_watch.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "ferrule/http/propagation.hpp"

namespace ferrule::http {

struct request_watch::note {
  request_record record;
  trace_context trace;
  body_wait collecting;
  std::uint64_t out_begin = 0;
  std::uint64_t out_end = 0;  // once the response is complete, or given up
  bool has_ending = false;
  bool is_over = false;  // the response is complete, or given up
  bool is_closed = false;
  note* next = nullptr;
};

request_watch::note& request_watch::append(std::uint64_t bytes_read, std::uint64_t waiting) {
  note* const made = ::new (frame_pool::allocate(sizeof(note))) note;
  (last_ == nullptr ? first_ : last_->next) = made;
  last_ = open_ = made;
  made->record.began = now();
  made->record.bytes_in = bytes_read;
  made->record.listener = context_.listener;
  made->out_begin = taken_ + waiting;
  context_.told_reason = {};
  return *made;
}

void request_watch::begin(const exchange& ex, std::uint64_t bytes_read, std::uint64_t waiting) {
  note& n = append(bytes_read, waiting);
  const ferrule::request& asked = ex.request();
  n.record.route = ex.match().traits->pattern;
  n.record.method = to_string(asked.verb);
  n.record.peer = asked.peer;
  if (!asked.has_trusted_peer || !may_have_inherited(asked.fields)) return;
  const inherited from = read_inherited(asked.fields);
  if (!from.trace) return;
  n.trace = *from.trace;
  n.record.trace = &n.trace;
  n.record.parent_span = from.trace->span_id;
  const std::uint64_t span = context_.loop().random()();
  std::memcpy(n.trace.span_id.data(), &span, n.trace.span_id.size());
}

void request_watch::begin_unread(const address* peer, std::uint64_t waiting) {
  append(0, waiting).record.peer = peer;
}

void request_watch::received(std::uint64_t bytes) noexcept {
  if (open_ != nullptr) open_->record.bytes_in += bytes;
}

void request_watch::body_awaited() noexcept { open_->collecting.begin(now()); }

void request_watch::body_collected() noexcept { (void)open_->collecting.end(now()); }

void request_watch::traced(const trace_context* own) noexcept {
  if (own != nullptr) open_->trace = *own;
}

void request_watch::response_began(int status) noexcept {
  if (open_ == nullptr || open_->record.status != 0) return;
  open_->record.status = status;
  open_->record.response_after = now() - open_->record.began;
  const std::string_view reason = std::exchange(context_.told_reason, {});
  if (!reason.empty()) ends(request_ending::refused, reason);
}

void request_watch::response_complete(std::uint64_t waiting) noexcept {
  if (open_ == nullptr || open_->is_over) return;
  open_->is_over = true;
  open_->out_end = taken_ + waiting;
}

void request_watch::ends(request_ending how, std::string_view reason) noexcept {
  if (open_ == nullptr) return;
  if (open_->record.reason.empty()) open_->record.reason = reason;
  if (!std::exchange(open_->has_ending, true)) open_->record.ending = how;
}

void request_watch::close(std::chrono::nanoseconds waited_for_body,
                          std::uint64_t waiting) noexcept {
  if (open_ == nullptr) return;
  response_complete(waiting);
  note& n = *std::exchange(open_, nullptr);
  n.record.body_wait = waited_for_body + n.collecting.until(now());
  n.is_closed = true;
  tell_ended();
}

void request_watch::sent() noexcept {
  sent_ = taken_;
  tell_ended();
}

void request_watch::lose(stop_reason why) noexcept {
  lost_ = true;
  for (note* n = first_; n != nullptr; n = n->next) {
    if (n->has_ending && n->record.ending != request_ending::refused &&
        n->record.ending != request_ending::late) {
      continue;
    }
    if (n->is_over && n->out_end <= sent_) continue;  // it is only its handler that goes on
    n->has_ending = true;
    switch (why) {
      case stop_reason::drain:
        n->record.ending = request_ending::shut_down;
        break;
      case stop_reason::disconnect:
        n->record.ending = request_ending::client_gone;
        break;
      default:
        n->record.ending = request_ending::cut_off;
        n->record.reason = "no memory";
    }
  }
  tell_ended();
}

/// Tells the observer of `n` if it has ended; returns whether it has.
bool request_watch::tell_if_ended(note& n) noexcept {
  const bool is_sent = n.is_over && n.out_end <= sent_;
  const bool is_whole = n.record.ending <= request_ending::late && n.record.status != 0;
  if (is_sent && is_whole && !n.record.sent_after) n.record.sent_after = now() - n.record.began;
  if (!n.is_closed || !(is_sent || lost_)) return false;
  n.record.took = now() - n.record.began;
  const std::uint64_t out_end = lost_ ? std::min(n.out_end, taken_) : n.out_end;
  n.record.bytes_out = out_end - std::min(n.out_begin, out_end);
  observer_.request_ended(n.record);
  return true;
}

void request_watch::tell_ended() noexcept {
  while (first_ != nullptr && tell_if_ended(*first_)) {
    note* const told = first_;
    first_ = told->next;
    if (first_ == nullptr) last_ = nullptr;
    std::destroy_at(told);
    frame_pool::deallocate(told, sizeof(note));
  }
}

}  // namespace ferrule::http
