// How responses are framed. How input becomes exchanges is in server_engine.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "ferrule/http/problem_text.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/observe/log.hpp"
#include "http/server_engine.hpp"

namespace ferrule::http {
namespace {

/// Of 205 a client has to be told that nothing follows (RFC 9110 section 15.3.6); 204 and 304 say
/// it by themselves.
constexpr body_kind framing_of(int code, body_kind body) noexcept {
  if (code == static_cast<int>(status::reset_content)) return body_kind::length;
  return has_no_body(code) ? body_kind::none : body;
}

/// Whether a handler says what is the engine's to say: interim responses, or a field once more.
bool says_too_much(const answer_head& head) noexcept {
  const auto has = [&](std::string_view name) {
    return find_field(head.fields, name).data() != nullptr;
  };
  return head.status < 200 || has("Date") || (!head.content_type.empty() && has("Content-Type"));
}

std::string fault_of_trailers(std::span<const header_field> trailers) {
  const auto fault = std::ranges::find_if_not(trailers, [](const header_field& field) {
    return is_writable(field) && may_be_trailer(field.name);
  });
  return fmt::format("'{}' may not be a trailer, or its value is not valid", fault->name);
}

/// Gives back to the client what it lent.
bool write_head_with_retries(buffer& out, response_head_parts parts, retry_allowance left) {
  const retry_allowance_text text = encode_retry_allowance(left);
  std::vector<header_field> fields(parts.fields.begin(), parts.fields.end());
  fields.push_back({retry_allowance_field, text.view()});
  parts.fields = fields;
  return write_response_head(out, parts);
}

}  // namespace

buffer& server_engine::out() {
  context_.lend_buffer(out_);
  return out_;
}

void server_engine::take_outgoing(buffer& into) noexcept {
  batch_ = 0;
  settle_held();
  buffer& next = out_.empty() && life_ != nullptr ? life_->piece : out_;
  if (watch_ != nullptr) watch_->taken(next.size());
  held_kib_ -= context_.large_kib(next);  // it is `into` that holds it
  std::swap(into, next);
  all_sent_ = false;  // it goes on
  clocks_.send_started();
}

void server_engine::tell_owner() noexcept {
  if (in_call_) return;
  settle_held();
  owner_.protocol_changed();
}

connection_option server_engine::connection_option_now() const noexcept {
  if (!keep_alive_) return connection_option::close;
  return is_http_1_0_ ? connection_option::keep_alive : connection_option::unsaid;
}

/// Writes a head, or a 500 in its place when it would not be valid; returns whether it was.
bool server_engine::write_head(exchange& ex, const answer_head& head, body_kind body,
                               std::uint64_t content_length) {
  // A client that still waits for 100 Continue may or may not send its body now, and a long body
  // that nobody wants is not worth its connection.
  const bool unread = !body_.complete() && phase_ != phase::collect;
  if (unread && (owes_continue_ || body_.left() > context_.limits.drop_bytes_max)) {
    keep_alive_ = false;
  }
  const response_head_parts parts{.status = head.status,
                                  .content_type = head.content_type,
                                  .body = framing_of(head.status, body),
                                  .content_length = has_no_body(head.status) ? 0 : content_length,
                                  .connection = connection_option_now(),
                                  .date = &context_.date(),
                                  .fields = head.fields};
  const retry_allowance* const retries = life_ != nullptr ? life_->retries_to_tell() : nullptr;
  const bool written =
      !says_too_much(head) && (retries != nullptr ? write_head_with_retries(out(), parts, *retries)
                                                  : write_response_head(out(), parts));
  if (written) return true;
  answer_invalid(ex, head);
  return false;
}

void server_engine::respond(exchange& ex, const answer_head& head, std::string_view body) {
  if (phase_ == phase::ended || upgraded_) return;  // refused or lost meanwhile
  const bool has_body = !head_only_ && !has_no_body(head.status);
  if (has_body && body.size() > context_.small_bytes_max && context_.is_full(body.size())) {
    answer_too_much(ex);
  } else if (write_head(ex, head, body_kind::length, body.size()) && has_body) {
    out_.append(body);
  }
  if (watch_ != nullptr) note_response(head.status);
  if (!ex.completing()) tell_owner();  // else it is told once, of the end
}

void server_engine::begin(exchange& ex, const answer_head& head,
                          std::optional<std::uint64_t> content_length) {
  if (phase_ == phase::ended || upgraded_) return;
  // A handler that streams both ways may read on; later, 100 Continue would be inside its response.
  if (owes_continue_ && !body_.complete() && ex.match().traits->body == body_mode::stream) {
    send_continue();
  }
  if (context_.is_full(0)) {
    answer_too_much(ex);
    ex.engine_parts().stop.request_stop();
    return;
  }
  stream_left_ = content_length.value_or(0);
  if (content_length) {
    stream_ = body_kind::length;
  } else if (is_http_1_0_) {
    stream_ = body_kind::until_close;
    keep_alive_ = false;
  } else {
    stream_ = body_kind::chunked;
  }
  if (!write_head(ex, head, stream_, stream_left_)) {
    ex.engine_parts().stop.request_stop();  // what it would stream has no place to go
    return;
  }
  if (watch_ != nullptr) watch_->response_began(head.status);
  if (head_only_ || has_no_body(head.status)) {
    stream_complete_ = true;
    if (watch_ != nullptr) watch_->response_complete(waiting_bytes());
    // Nothing that it writes would go anywhere, so that it could write, or wait, for ever.
    ex.engine_parts().stop.request_stop(stop_reason::answered);
  } else {
    streaming_ = true;
    if (life_ != nullptr) life_->begin_streaming();
  }
  tell_owner();
}

/// Whether so much more of a streamed response can be sent; too much resets it.
bool server_engine::may_write(exchange& ex, std::size_t bytes) {
  if (!streaming_ || phase_ == phase::ended || bytes == 0) return false;
  copy_piece();
  if (stream_ != body_kind::length) return true;
  if (bytes > stream_left_) {  // the client could take it for the next response
    reset(ex, reset_reason::failed);
    return false;
  }
  stream_left_ -= bytes;
  return true;
}

/// Makes `room` as well, for without memory for a whole chunk there must be none of it.
void server_engine::begin_chunk(std::size_t bytes, std::size_t room) {
  out().prepare(chunk_end.size() + chunk_head_bytes_max + room);
  if (owes_chunk_end_) out_.append(chunk_end);
  owes_chunk_end_ = false;
  out_.commit(write_chunk_head(out_.prepare(chunk_head_bytes_max), bytes));
}

/// A piece that was not waited for must not be overtaken by what follows it.
void server_engine::copy_piece() {
  if (life_ == nullptr || life_->piece.empty()) return;
  out().append(life_->piece.view());
  life_->piece = buffer();
}

bool server_engine::write(exchange& ex, std::string_view bytes) {
  if (!may_write(ex, bytes.size())) return true;
  const bool chunked = stream_ == body_kind::chunked;
  if (chunked) begin_chunk(bytes.size(), bytes.size() + chunk_end.size());
  out().append(bytes);
  if (chunked) out_.append(chunk_end);
  tell_owner();
  return out_.size() < context_.limits.output_bytes_max;
}

bool server_engine::write_piece(exchange& ex, buffer&& piece) {
  if (piece.size() <= server_context::small_bytes_max) return write(ex, piece.view());
  if (!may_write(ex, piece.size())) return true;
  if (stream_ == body_kind::chunked) {
    begin_chunk(piece.size(), 0);
    owes_chunk_end_ = true;
  }
  life_->piece = std::move(piece);
  tell_owner();
  return false;  // until it is on its way
}

void server_engine::finish(exchange& ex, std::span<const header_field> trailers) {
  if (!streaming_ || phase_ == phase::ended) return;
  copy_piece();
  if (stream_ == body_kind::length && stream_left_ != 0) return reset(ex, reset_reason::failed);
  if (stream_ == body_kind::chunked && !end_chunks(trailers)) {
    log(log_level::error, fmt::format("{}: the response is cut off (trace {}): {}",
                                      ex.match().traits->pattern, trace_id_text(ex).view(),
                                      fault_of_trailers(trailers)));
    return reset(ex, reset_reason::failed);
  }
  streaming_ = false;
  stream_complete_ = true;
  if (watch_ != nullptr) watch_->response_complete(waiting_bytes());
  tell_owner();
}

bool server_engine::end_chunks(std::span<const header_field> trailers) {
  const std::size_t before = out().size();
  if (owes_chunk_end_) out_.append(chunk_end);
  out_.append(trailers.empty() ? last_chunk : chunk_before_trailers);
  const bool valid = trailers.empty() || write_trailers(out_, trailers);
  if (!valid) out_.truncate(before);
  owes_chunk_end_ = false;
  return valid;
}

void server_engine::reset(exchange& ex, reset_reason) {
  if (stream_complete_) return;  // the client has it, or will
  cut_response();
  phase_ = phase::ended;
  ex.engine_parts().stop.request_stop();  // so that a handler that writes on ends
  tell_owner();
}

/// What there is of the response is still sent: RST could destroy it, and whole responses before
/// it. A client sees by FIN as well that a chunk or some of the announced length is missing.
void server_engine::cut_response() noexcept {
  const bool all_announced = stream_ == body_kind::length && stream_left_ == 0;
  broken_ = all_announced || fin_misleads(false);
  cut_ = true;
  if (watch_ != nullptr) watch_->ends(request_ending::cut_off);
  streaming_ = owes_chunk_end_ = false;
  if (life_ != nullptr) life_->piece = buffer();
}

void server_engine::inform(exchange&, int status, std::span<const header_field> fields) {
  if (phase_ == phase::ended || is_http_1_0_) return;  // which knows none (RFC 9110 section 15.2)
  if (out_.size() >= context_.limits.output_bytes_max) return;  // nobody needs them, so none waits
  const bool written = write_response_head(out(), {.status = status, .fields = fields});
  FERRULE_ASSERT(written, "an interim response was not checked");
  tell_owner();
}

void server_engine::send_continue() {
  owes_continue_ = false;
  out().append("HTTP/1.1 100 Continue\r\n\r\n");
  tell_owner();
}

/// Answers on its own what cannot be followed further, and ends the connection. `asked` is the
/// request, if there is one.
void server_engine::refuse(int status, std::string_view reason, exchange* asked) {
  ++context_.counters.requests_refused;
  keep_alive_ = false;
  if (asked == nullptr) {
    answer_unread(status, reason);
  } else if (!asked->answered()) {
    answer_for_handler(context_, owner_.peer(), *asked, status, reason,
                       asked->running() ? handler_state::begun : handler_state::not_begun);
  } else if (streaming_) {
    cut_response();
    if (watch_ != nullptr) watch_->ends(request_ending::cut_off, reason);
  }
  phase_ = phase::ended;
  if (life_ == nullptr) {
    if (watch_ != nullptr) end_watched();
    return;
  }
  if (life_->running()) {
    life_->engine_parts().stop.request_stop();
  } else if (!life_->is_starting()) {
    free_life();
  }
}

/// Answers what is no request.
void server_engine::answer_unread(int status, std::string_view reason) {
  if (watch_ != nullptr) watch_->begin_unread(owner_.peer(), waiting_bytes());
  write_refusal(told_refusal(context_, owner_.peer(), status, reason).why, nullptr);
}

/// Answers 500 in the place of a response that HTTP cannot carry, and tells whose it was.
void server_engine::answer_invalid(exchange& ex, const answer_head& head) {
  const told_refusal told(context_, owner_.peer(), ex, 500,
                          "the handler's response was not valid HTTP");
  log(log_level::error, fmt::format("{}: the response is not valid HTTP (trace {}): {}",
                                    told.why.route, told.why.trace_id, fault_of(head)));
  write_refusal(told.why, ex.match().traits);
}

/// Answers 503 in the place of a response that there is no room for.
void server_engine::answer_too_much(exchange& ex) {
  ++context_.counters.requests_refused;
  write_refusal(told_refusal(context_, owner_.peer(), ex, 503, too_much_held).why,
                ex.match().traits);
}

/// Writes the service's words for a refusal past no layers.
void server_engine::write_refusal(const refusal& why, const route_traits* traits) {
  struct writer final : refusal_writer {
    explicit writer(server_engine& engine) noexcept : engine_(engine) {}
    void write(const answer_head& head, std::string_view body) override {
      const response_head_parts parts{.status = head.status,
                                      .content_type = head.content_type,
                                      .body = framing_of(head.status, body_kind::length),
                                      .content_length = body.size(),
                                      .connection = engine_.connection_option_now(),
                                      .date = &engine_.context_.date(),
                                      .fields = head.fields};
      if (!write_response_head(engine_.out(), parts)) return;  // it is valid, as was checked
      if (!engine_.head_only_ && !has_no_body(head.status)) engine_.out_.append(body);
    }
    server_engine& engine_;
  };
  writer to(*this);
  context_.handlers().word(why, traits, to);
  if (watch_ != nullptr) note_response(why.status);
}

}  // namespace ferrule::http
