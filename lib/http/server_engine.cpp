// How input becomes exchanges. How their bodies arrive is in server_body.cpp, what the answers look
// like in server_answer.cpp.
#include "ferrule/http/server_engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "kept_exchange.hpp"

namespace ferrule::http {
namespace {

/// Whether a request that was not understood is a HEAD all the same, so that its answer has no
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
  if (kept_ != nullptr && !kept_->ex.running()) free_kept();
  FERRULE_ASSERT(kept_ == nullptr, "a connection died before its handler");
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
    abort(stop_reason::cancelled);
  }
  in_call_ = nested;
  settle_held();
}

/// Tells the context how much is held in large pieces: buffers, a request that was copied with its
/// body, and what decodes a body or was made of one.
void server_engine::settle_held() noexcept {
  std::uint32_t now = context_.large_kib(in_) + context_.large_kib(out_);
  if (kept_ != nullptr) {
    now += context_.large_kib(kept_->body) + context_.large_kib(kept_->reading) +
           context_.large_kib(kept_->block_bytes) + context_.large_kib(kept_->ex.held_bytes());
  }
  if (now != held_kib_) context_.holds_kib(std::exchange(held_kib_, now), now);
}

bool server_engine::has_room(exchange& ex, std::uint64_t bytes) noexcept {
  settle_held();
  return context_.large_kib(ex.held_bytes() + bytes) == 0 || !context_.is_full(bytes);
}

void server_engine::feed(std::string_view bytes) noexcept {
  context_.counters.bytes_received += bytes.size();
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
      if (!body_.complete() && !has_unread()) lose_body();
      break;
    case phase::collect:
      free_kept();
      phase_ = phase::ended;
      break;
    case phase::drop_body:
      phase_ = phase::ended;
      break;
    case phase::head:
    case phase::ended:
      break;
  }
  advance();
}

void server_engine::abort(stop_reason reason) noexcept {
  phase_ = phase::ended;
  start_pending_ = false;
  broken_ = true;
  out_.clear();
  if (kept_ == nullptr) return;
  if (kept_->ex.running()) {
    kept_->ex.engine_parts().stop.request_stop(reason);
  } else {
    free_kept();
  }
}

void server_engine::drain() noexcept {
  draining_ = true;
  if (kept_ == nullptr || kept_->ex.answered()) return;  // the next request's answer says so
  const bool more_here = body_.complete() && in_.size() != in_begin_;
  if (!more_here) keep_alive_ = false;
}

void server_engine::time_out() noexcept {
  if (phase_ == phase::head && is_no_head_yet(in_.view().substr(in_begin_))) {
    phase_ = phase::ended;  // idle: an answer could be taken for that of the next request
  } else if (phase_ == phase::drop_body) {
    phase_ = phase::ended;
  } else if (phase_ != phase::ended) {
    if (phase_ == phase::head) head_only_ = asks_for_head(in_.view().substr(in_begin_));
    run_or_lose([this] {
      refuse(408, "the request did not arrive in time", kept_ != nullptr ? &kept_->ex : nullptr);
    });
  }
}

mono_time server_engine::handler_deadline() const noexcept {
  if (phase_ != phase::handle || kept_ == nullptr || kept_->ex.answered()) return no_deadline;
  const environment& env = kept_->ex.env();
  if (env.stop->stop_requested()) return no_deadline;
  return body_wanted_ ? kept_->caller_deadline : env.deadline;
}

const route_traits* server_engine::running() const noexcept {
  return kept_ != nullptr && kept_->ex.running() ? kept_->ex.match().traits : nullptr;
}

void server_engine::stop_late_handler() noexcept {
  kept_->ex.engine_parts().stop.request_stop(stop_reason::deadline);
}

void server_engine::turn_away() noexcept {
  run_or_lose([this] {
    keep_alive_ = false;
    answer_unread(503, "too many connections");
    phase_ = phase::ended;
  });
}

void server_engine::outgoing_sent() noexcept {
  if (kept_ == nullptr && in_.empty() && !end_of_input_) return;  // nothing waited
  run_or_lose([this] {
    if (kept_ != nullptr) kept_->ex.resume_writer();
    process_buffered();
    advance();
  });
}

server_engine::waiting_for server_engine::waits() const noexcept {
  switch (phase_) {
    case phase::head:
      return in_.empty() ? waiting_for::request : waiting_for::rest_of_head;
    case phase::collect:
    case phase::drop_body:
      return waiting_for::body;
    case phase::handle:
      if (body_wanted_) return waiting_for::body;
      return goes_on_after_head() ? waiting_for::stream : waiting_for::handler;
    case phase::ended:
      break;
  }
  return busy() ? waiting_for::handler : waiting_for::nothing;
}

/// Whether a handler runs that has begun its answer, and was not told to stop.
bool server_engine::goes_on_after_head() const noexcept {
  return kept_ != nullptr && kept_->ex.answered() && !kept_->ex.env().stop->stop_requested();
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
        return used;  // the next request, or a streamed body, waits for the handler
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
    start_kept();
    if (phase_ != phase::handle) process_buffered();
  }
  feed_reader();
}

std::size_t server_engine::take_head(std::string_view bytes) {
  routed_request asked;
  std::size_t scanned = scanned_;
  const head_parse parsed =
      parse_request_head(bytes, context_.limits.head, context_.fields(), asked.head, scanned);
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
  return take_request(bytes, parsed.bytes, asked);
}

/// A request whose head is complete: `bytes` begin with it. Returns how many of them were used.
std::size_t server_engine::take_request(std::string_view bytes, std::size_t head_bytes,
                                        routed_request& asked) {
  request& head = asked.head;
  ++batch_;
  ++requests_;
  took_request_ = true;
  // While it drains, the last request that is here is the last.
  const bool more_here = head.body != body_kind::chunked &&
                         bytes.size() - head_bytes > head.content_length;
  // What follows a refused CONNECT may be meant for the tunnel, so it is no request.
  keep_alive_ = head.keep_alive && head.verb != method::connect && (!draining_ || more_here) &&
                requests_ != context_.limits.requests_per_connection_max;
  owes_continue_ = head.expect_continue;
  version_minor_ = head.version_minor;
  head_only_ = head.verb == method::head;

  head.peer = peer_;
  head.has_trusted_peer = has_trusted_peer_;
  exchange ex(*this, environment{.loop = &context_.loop(), .drain = &context_.drain}, asked);
  context_.handlers().match(ex);
  const route_traits& traits = *ex.match().traits;

  const std::uint64_t body_max =
      traits.body_bytes_max != 0 ? traits.body_bytes_max : context_.limits.body_bytes_max;
  ex.match().body_bytes_max = body_max;
  body_ = body_reader(head.body, head.content_length, body_max, context_.limits.chunk);
  if (traits.body != body_mode::none && body_.left() > body_max) {
    refuse(413, "the body is too large", &ex);
    return bytes.size();
  }
  if (traits.body == body_mode::whole && body_.left() > context_.small_bytes_max &&
      context_.is_full(body_.left())) {
    refuse(503, too_much_held, &ex);
    return bytes.size();
  }
  std::size_t used = head_bytes;
  const bool all_here =
      head.body == body_kind::length && bytes.size() - head_bytes >= head.content_length;
  if (all_here && traits.body != body_mode::stream) {
    asked.body = body_.next(bytes.substr(head_bytes)).data;
    used += asked.body.size();
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
  kept_ = kept_exchange::make(*this, ex, bytes.substr(0, used));
  kept_->inherit();
  if (traits.body == body_mode::whole && !body_.complete()) {
    phase_ = phase::collect;
    if (owes_continue_) send_continue();
  } else {
    phase_ = phase::handle;
    start_pending_ = true;
  }
  return used;
}

void server_engine::answer_in_place(exchange& ex) {
  in_invoke_ = true;
  context_.handlers().invoke(ex);
  in_invoke_ = false;
  FERRULE_ASSERT(!ex.running(), "a route whose traits say that it does not suspend did");
  if (phase_ == phase::ended) return;  // it gave its answer up
  if (!ex.answered()) answer_for_handler(ex, 500, "the handler gave no answer", handler::begun);
  after_answer();
}

/// Starts a handler that takes what it needs of the request before it waits, so that nothing of it
/// has to be copied.
void server_engine::start_in_place(exchange& ex) {
  kept_ = kept_exchange::make(*this, ex);
  kept_->inherit();
  phase_ = phase::handle;
  start_kept();
  if (kept_ != nullptr) kept_->ex.forget_request();
}

void server_engine::start_kept() {
  exchange& ex = kept_->ex;
  if (context_.loop().now() >= kept_->caller_deadline) {
    answer_for_handler(ex, 504, "the deadline had passed before the request was begun",
                       handler::not_begun);
    return end_kept(false);
  }
  ex.engine_parts().env.deadline =
      std::min(deadline_of(*ex.match().traits), kept_->caller_deadline);
  in_invoke_ = true;
  handler_stopped_ = false;
  context_.handlers().invoke(ex);
  in_invoke_ = false;
  if (!ex.running()) end_kept(handler_stopped_);
}

mono_time server_engine::deadline_of(const route_traits& traits) const noexcept {
  const std::chrono::nanoseconds allowed =
      traits.handler_timeout_ms < 0 ? context_.limits.handler_timeout
                                    : std::chrono::milliseconds(traits.handler_timeout_ms);
  if (allowed == std::chrono::nanoseconds(0)) return no_deadline;
  return saturating_add(context_.loop().now(), allowed);
}

/// Answers for a handler that was stopped before it did, while the layers around it are there.
void server_engine::handler_stopping(exchange& ex) noexcept {
  if (phase_ == phase::ended || ex.answered()) return;
  keep_alive_ = false;
  const bool late = ex.env().stop->reason() == stop_reason::deadline;
  const bool unwanted = late && context_.loop().now() >= kept_->caller_deadline;
  run_or_lose([&] {
    answer_for_handler(ex, unwanted ? 504 : 503,
                       late ? "the deadline passed" : "the request was cancelled", handler::begun);
  });
}

void server_engine::handler_ended(exchange&, bool stopped) noexcept {
  if (in_invoke_) {
    handler_stopped_ = stopped;
    return;
  }
  run_or_lose([&] {
    end_kept(stopped);
    process_buffered();
    advance();
  });
  tell_owner();
}

void server_engine::end_kept(bool stopped) {
  context_.counters.handlers_stopped += stopped && !stream_complete_ ? 1 : 0;
  exchange& ex = kept_->ex;
  if (phase_ != phase::ended) {
    if (streaming_) {
      reset(ex);  // it began an answer and did not finish it
    } else if (!ex.answered()) {
      answer_for_handler(ex, 500, "the handler gave no answer", handler::begun);
    }
  }
  // What was received behind the part of the body that was read goes back in front.
  const std::string_view unread = kept_->reading.view().substr(kept_->reading_begin);
  if (!unread.empty() && phase_ != phase::ended) {
    kept_->reading.consume(kept_->reading_begin);
    kept_->reading.append(in_.view().substr(in_begin_));
    std::swap(in_, kept_->reading);
    in_begin_ = 0;
  }
  free_kept();
  if (phase_ != phase::ended) after_answer();
}

void server_engine::free_kept() noexcept {
  context_.take_back(kept_->reading);
  kept_exchange::destroy(std::exchange(kept_, nullptr));
}

void server_engine::after_answer() {
  streaming_ = false;
  stream_complete_ = false;
  body_wanted_ = false;
  if (!keep_alive_) {
    phase_ = phase::ended;
  } else {
    phase_ = body_.complete() ? phase::head : phase::drop_body;
    body_.allow(context_.limits.drop_bytes_max);
  }
}

}  // namespace ferrule::http
