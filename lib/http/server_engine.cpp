// How input becomes exchanges. How their bodies arrive is in server_body.cpp, how responses are
// framed in server_response.cpp, how long what is waited for in server_clocks.cpp, and how HTTP is
// left in server_upgrade.cpp.
#include "http/server_engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace ferrule::http {
namespace {

/// Whether a request that was not understood is a HEAD all the same, so that its response has no
/// body.
bool asks_for_head(std::string_view bytes) noexcept {
  constexpr std::string_view empty_line = "\r\n";
  if (bytes.starts_with(empty_line)) bytes.remove_prefix(empty_line.size());
  return bytes.starts_with("HEAD ");
}

/// Whether it is not more than the empty line that may come before a head (RFC 9112 section 2.2).
bool is_no_head_yet(std::string_view bytes) noexcept {
  return std::string_view("\r\n").starts_with(bytes);
}

}  // namespace

server_engine::~server_engine() {
  if (life_ != nullptr && !life_->running()) free_life();
  FERRULE_ASSERT(life_ == nullptr, "a connection died before its handler");
  context_.holds_kib(held_kib_, 0);
  context_.take_back(in_);
  context_.take_back(out_);
}

/// The way into the engine. What of `work` remains undone when there is no memory for it cannot be
/// told to the client in any order that makes sense, so the connection goes.
template <class Work>
void server_engine::run_or_lose(Work work) noexcept {
  const bool nested = std::exchange(in_call_, true);
  try {
    work();
  } catch (const std::bad_alloc&) {
    ++context_.counters.out_of_memory;
    context_.told_reason = {};  // its response is not to come
    abort(stop_reason::cancelled);
  }
  in_call_ = nested;
  settle_held();
}

/// Tells the context how much is held in large pieces: buffers, a request that was copied with its
/// body, and what decodes a body or was made of one.
void server_engine::settle_held() noexcept {
  std::uint32_t now = context_.large_kib(in_) + context_.large_kib(out_);
  if (life_ != nullptr) now += life_->large_kib();
  if (now != held_kib_) context_.holds_kib(std::exchange(held_kib_, now), now);
}

bool server_engine::has_room(exchange& ex, std::uint64_t bytes) noexcept {
  settle_held();
  return context_.large_kib(ex.held_bytes() + bytes) == 0 || !context_.is_full(bytes);
}

void server_engine::feed(std::string_view bytes) noexcept {
  context_.counters.bytes_received += bytes.size();
  received_bytes_ += static_cast<std::uint32_t>(bytes.size());
  run_or_lose([&] {
    if (in_.empty()) {
      const std::size_t used = process(bytes);
      if (used != bytes.size()) keep_input(bytes.substr(used));
    } else {
      keep_input(bytes);
      process_buffered();
    }
    advance();
  });
}

void server_engine::feed_end() noexcept {
  end_of_input_ = true;
  run_or_lose([this] { end_input(); });
}

void server_engine::end_input() {
  process_buffered();
  switch (phase_) {
    case phase::handle:
      if (!body_.complete() && !upgraded_ && !has_unread()) lose_body();
      break;
    case phase::collect:
      if (watch_ != nullptr) watch_->ends(request_ending::client_gone);
      free_life();
      phase_ = phase::ended;
      break;
    case phase::drop_body:
      phase_ = phase::ended;
      break;
    case phase::head:
    case phase::switched:
    case phase::ended:
      break;
  }
  advance();
}

void server_engine::abort(stop_reason reason) noexcept {
  phase_ = phase::ended;
  start_pending_ = false;
  broken_ = true;
  if (watch_ != nullptr) {
    if (life_ == nullptr) end_watched();
    watch_->lose(reason);
  }
  out_.clear();
  if (life_ == nullptr) return;
  if (life_->running()) {
    life_->piece = buffer();
    life_->engine_parts().stop.request_stop(reason);
  } else {
    free_life();
  }
}

void server_engine::drain() noexcept {
  draining_ = true;
  if (life_ == nullptr || life_->answered()) return;  // the next request's answer says so
  const bool more_here = body_.complete() && in_.size() != in_begin_;
  if (!more_here) keep_alive_ = false;
}

void server_engine::time_out() noexcept {
  if (phase_ == phase::head && is_no_head_yet(in_.view().substr(in_begin_))) {
    phase_ = phase::ended;  // idle: a response could be taken for that of the next request
  } else if (phase_ == phase::drop_body) {
    phase_ = phase::ended;
  } else if (phase_ != phase::ended) {
    if (phase_ == phase::head) head_only_ = asks_for_head(in_.view().substr(in_begin_));
    run_or_lose([this] { refuse(408, "the request did not arrive in time", life_); });
  }
}

net::unfinished_work server_engine::unfinished() const noexcept {
  if (life_ == nullptr || !life_->running()) return {};
  return {1, &life_->match().traits->pattern};
}

void server_engine::turn_away() noexcept {
  run_or_lose([this] {
    keep_alive_ = false;
    answer_unread(503, "too many connections");
    if (watch_ != nullptr) end_watched();
    phase_ = phase::ended;
  });
}

void server_engine::outgoing_sent() noexcept {
  all_sent_ = true;
  if (watch_ != nullptr) watch_->sent();
  if (life_ == nullptr && in_.empty() && !end_of_input_) return;  // nothing waited
  run_or_lose([this] {
    if (life_ != nullptr && life_->piece.empty()) life_->resume_writer();
    process_buffered();
    advance();
  });
}

void server_engine::keep_input(std::string_view rest) {
  if (phase_ == phase::ended) return;
  context_.lend_buffer(in_);
  in_.append(rest);
}

void server_engine::process_buffered() {
  if (in_.empty() && !end_of_input_) return;
  in_begin_ += static_cast<std::uint32_t>(process(in_.view().substr(in_begin_)));
  if (in_begin_ == in_.size() || phase_ == phase::ended) {
    context_.take_back(in_);
    in_begin_ = 0;
  } else if (in_begin_ >= in_.size() / 2) {
    in_.consume(in_begin_);  // each byte is moved at most once for each byte dealt with
    in_begin_ = 0;
  }
}

/// Deals with as much of `bytes` as can be dealt with now; returns how much that was.
std::size_t server_engine::process(std::string_view bytes) {
  std::size_t used = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(used);
    const phase before = phase_;
    std::size_t step = 0;
    switch (phase_) {
      case phase::head:
        if (rest.empty()) {
          if (end_of_input_) phase_ = phase::ended;
          return used;
        }
        if (out_.size() >= context_.limits.output_bytes_max) return used;
        if (batch_ >= context_.limits.pipelined_max) return used;
        step = take_head(rest);
        break;
      case phase::collect:
        step = take_body(rest);
        break;
      case phase::drop_body:
        step = drop_body(rest);
        break;
      case phase::handle:
      case phase::switched:
        return used;  // what follows is for the handler to read, or waits for it
      case phase::ended:
        return bytes.size();
    }
    used += step;
    if (step == 0 && phase_ == before) return used;
  }
}

/// Starts handlers that became ready, and goes on with what they let through, until nothing does.
void server_engine::advance() {
  while (start_pending_) {
    start_pending_ = false;
    start_life();
    if (phase_ != phase::handle) process_buffered();
  }
  feed_reader();
}

std::size_t server_engine::take_head(std::string_view bytes) {
  routed_request asked;
  connection_wishes wishes;
  std::size_t scanned = scanned_;
  const head_parse parsed = parse_request_head(bytes, context_.limits.head, context_.fields(),
                                               asked.head, scanned, wishes);
  scanned_ = static_cast<std::uint32_t>(scanned);
  context_.counters.bytes_scanned += parsed.scanned_bytes;
  switch (parsed.state) {
    case head_parse::incomplete:
      if (end_of_input_) phase_ = phase::ended;
      return 0;
    case head_parse::error:
      head_only_ = asks_for_head(bytes);
      refuse(parsed.status, parsed.reason, nullptr);
      return bytes.size();
    case head_parse::complete:
      break;
  }
  scanned_ = 0;
  ++context_.counters.requests;
  return take_request(bytes, parsed.bytes, asked, wishes);
}

/// A request whose head is complete: `bytes` begin with it. Returns how many of them were used.
std::size_t server_engine::take_request(std::string_view bytes, std::size_t head_bytes,
                                        routed_request& asked, const connection_wishes& wishes) {
  request& head = asked.head;
  ++batch_;
  ++requests_;
  took_request_ = true;
  // While it drains, the last request that is here is the last.
  const bool more_here = head.body != body_kind::chunked &&
                         bytes.size() - head_bytes > head.content_length;
  // What follows a refused CONNECT may be meant for the tunnel, so it is no request.
  keep_alive_ = wishes.keep_alive && head.verb != method::connect && (!draining_ || more_here) &&
                requests_ != context_.limits.requests_per_connection_max;
  owes_continue_ = wishes.expect_continue;
  is_http_1_0_ = head.version_minor == 0;
  wishes_upgrade_ = wishes.upgrade;
  head_only_ = head.verb == method::head;

  head.peer = owner_.peer();
  head.has_trusted_peer = has_trusted_peer_;
  exchange ex(*this, environment{.loop = &context_.loop(), .drain = &context_.drain}, asked);
  const admission taken = admit(context_, ex);
  if (watch_ != nullptr) watch_->begin(ex, head_bytes, waiting_bytes());
  const route_traits& traits = *ex.match().traits;
  body_ =
      body_reader(head.body, head.content_length, ex.match().body_bytes_max, context_.limits.chunk);
  if (taken.status != 0) {
    refuse(taken.status, taken.reason, &ex);
    return bytes.size();
  }
  std::size_t used = head_bytes;
  const bool all_here =
      head.body == body_kind::length && bytes.size() - head_bytes >= head.content_length;
  if (all_here && traits.body != body_mode::stream) {
    asked.body = body_.next(bytes.substr(head_bytes)).data;
    used += asked.body.size();
    if (watch_ != nullptr) watch_->received(asked.body.size());
  }
  const bool can_start = body_.complete() || traits.body == body_mode::none;
  if (can_start && !traits.suspends) {
    answer_in_place(ex);
    return used;
  }
  if (can_start && !traits.needs_request) {
    start_in_place(ex);
    return used;
  }
  life_ = request_life::make(context_, *this, ex, bytes.substr(0, used));
  if (traits.body == body_mode::whole && !body_.complete()) {
    phase_ = phase::collect;
    if (watch_ != nullptr) watch_->body_awaited();
    if (owes_continue_) send_continue();
  } else {
    phase_ = phase::handle;
    start_pending_ = true;
  }
  return used;
}

void server_engine::answer_in_place(exchange& ex) {
  const bool answered = run_in_place(context_, ex, [this] { return phase_ == phase::ended; });
  if (watch_ != nullptr) end_watched();
  if (answered) after_answer();
}

/// Starts a handler that takes what it needs of the request before it waits, so that nothing of it
/// has to be copied.
void server_engine::start_in_place(exchange& ex) {
  life_ = request_life::make(context_, *this, ex);
  phase_ = phase::handle;
  start_life();
  if (life_ != nullptr) life_->forget_request();
}

void server_engine::start_life() {
  if (watch_ != nullptr) watch_->traced(life_->env().trace);
  if (!life_->start()) end_life(life_->was_stopped());
}

/// Answers for a handler that was stopped before it did, while the layers around it are there.
void server_engine::handler_stopping(exchange& ex) noexcept {
  if (phase_ == phase::ended || ex.answered()) return;
  keep_alive_ = false;
  const bool is_late = life_->env().stop->reason() == stop_reason::deadline;
  if (is_late && watch_ != nullptr) watch_->ends(request_ending::late);
  run_or_lose([&] { life_->answer_stopped(); });
}

void server_engine::handler_ended(exchange&, bool stopped) noexcept {
  if (life_->ended_in_start(stopped)) return;
  run_or_lose([&] {
    end_life(stopped);
    process_buffered();
    advance();
  });
  tell_owner();
}

void server_engine::end_life(bool stopped) {
  context_.counters.handlers_stopped += stopped && !stream_complete_ ? 1 : 0;
  if (phase_ != phase::ended) {
    if (streaming_ && upgraded_ && !stopped) {
      finish(*life_, {});
    } else if (streaming_) {
      reset(*life_, reset_reason::failed);  // it began a response and did not finish it
    } else {
      life_->answer_missing();
    }
  }
  // What was received behind the part of the body that was read goes back in front.
  const std::string_view unread = life_->reading.view().substr(life_->reading_begin);
  if (!unread.empty() && phase_ != phase::ended) {
    life_->reading.consume(life_->reading_begin);
    life_->reading.append(in_.view().substr(in_begin_));
    std::swap(in_, life_->reading);
    in_begin_ = 0;
  }
  if (life_->successor != nullptr && phase_ != phase::ended) {
    phase_ = phase::switched;
    return;
  }
  free_life();
  if (phase_ != phase::ended) after_answer();
}

void server_engine::free_life() noexcept {
  if (watch_ != nullptr) end_watched();
  context_.take_back(life_->reading);
  request_life::destroy(std::exchange(life_, nullptr));
}

void server_engine::after_answer() {
  streaming_ = false;
  stream_complete_ = false;
  if (!keep_alive_) {
    phase_ = phase::ended;
  } else {
    phase_ = body_.complete() ? phase::head : phase::drop_body;
    body_.allow(context_.limits.drop_bytes_max);
  }
}

}  // namespace ferrule::http
