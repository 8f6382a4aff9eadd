// How answers are framed. How input becomes exchanges is in server_engine.cpp.
#include <fmt/format.h>

#include <new>
#include <vector>

#include "ferrule/http/problem_text.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/http/server_engine.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/observe/log.hpp"
#include "kept_exchange.hpp"

namespace ferrule::http {
namespace {

/// Of 205 a client has to be told that nothing follows (RFC 9110 section 15.3.6); 204 and 304 say
/// it by themselves.
constexpr body_kind framing_of(int code, body_kind body) noexcept {
  if (code == static_cast<int>(status::reset_content)) return body_kind::length;
  return has_no_body(code) ? body_kind::none : body;
}

/// Whether a handler says what is the engine's to say: interim answers, or a field once more.
bool says_too_much(const answer_head& head) noexcept {
  const auto has = [&](std::string_view name) {
    return find_field(head.fields, name).data() != nullptr;
  };
  return head.status < 200 || has("Date") || (!head.content_type.empty() && has("Content-Type"));
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

void server_engine::take_outgoing(buffer& into) {
  batch_ = 0;
  settle_held();
  held_kib_ -= context_.large_kib(out_);  // it is `into` that holds it
  std::swap(into, out_);
}

void server_engine::tell_owner() noexcept {
  if (in_call_) return;
  settle_held();
  owner_.engine_changed();
}

connection_option server_engine::connection_option_now() const noexcept {
  if (!keep_alive_) return connection_option::close;
  return version_minor_ == 0 ? connection_option::keep_alive : connection_option::unsaid;
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
  const bool tells_retries = kept_ != nullptr && kept_->tells_retries;
  const bool written =
      !says_too_much(head) && (tells_retries ? write_head_with_retries(out(), parts, kept_->retries)
                                             : write_response_head(out(), parts));
  if (written) return true;
  answer_invalid(ex, head);
  return false;
}

void server_engine::respond(exchange& ex, const answer_head& head, std::string_view body) {
  if (phase_ == phase::ended) return;  // refused or lost meanwhile
  const bool has_body = !head_only_ && !has_no_body(head.status);
  if (has_body && body.size() > context_.small_bytes_max && context_.is_full(body.size())) {
    answer_too_much(ex);
  } else if (write_head(ex, head, body_kind::length, body.size()) && has_body) {
    out_.append(body);
  }
  if (!ex.completing()) tell_owner();  // else it is told once, of the end
}

void server_engine::begin(exchange& ex, const answer_head& head,
                          std::optional<std::uint64_t> content_length) {
  if (phase_ == phase::ended) return;
  // A handler that streams both ways may read on; later, 100 Continue would be inside its answer.
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
  } else if (version_minor_ == 0) {
    stream_ = body_kind::until_close;
    keep_alive_ = false;
  } else {
    stream_ = body_kind::chunked;
  }
  if (!write_head(ex, head, stream_, stream_left_)) {
    ex.engine_parts().stop.request_stop();  // what it would stream has no place to go
    return;
  }
  if (head_only_ || has_no_body(head.status)) {
    stream_complete_ = true;
    // Nothing that it writes would go anywhere, so that it could write, or wait, for ever.
    ex.engine_parts().stop.request_stop(stop_reason::answered);
  } else {
    streaming_ = true;
  }
  tell_owner();
}

bool server_engine::write(exchange& ex, std::string_view bytes) {
  if (!streaming_ || phase_ == phase::ended || bytes.empty()) return true;
  switch (stream_) {
    case body_kind::length:
      if (bytes.size() > stream_left_) {
        reset(ex);  // more than was announced: the client could take it for the next answer
        return true;
      }
      out().append(bytes);
      stream_left_ -= bytes.size();
      break;
    case body_kind::chunked:
      // Room for the whole chunk first: without memory for all of it there must be none of it.
      out().prepare(chunk_head_bytes_max + bytes.size() + chunk_end.size());
      out_.commit(write_chunk_head(out_.prepare(chunk_head_bytes_max), bytes.size()));
      out_.append(bytes);
      out_.append(chunk_end);
      break;
    case body_kind::until_close:
      out().append(bytes);
      break;
    case body_kind::none:
      break;
  }
  tell_owner();
  return out_.size() < context_.limits.output_bytes_max;
}

void server_engine::finish(exchange& ex) {
  if (!streaming_ || phase_ == phase::ended) return;
  if (stream_ == body_kind::length && stream_left_ != 0) {
    reset(ex);
    return;
  }
  if (stream_ == body_kind::chunked) out().append(last_chunk);
  streaming_ = false;
  stream_complete_ = true;
  tell_owner();
}

void server_engine::reset(exchange& ex) {
  if (stream_complete_) return;  // the client has it, or will
  cut_answer();
  phase_ = phase::ended;
  ex.engine_parts().stop.request_stop();  // so that a handler that writes on ends
  tell_owner();
}

/// What there is of the response is still sent: RST could destroy it, and whole responses before
/// it. A client sees by FIN as well that a chunk or some of the announced length is missing.
void server_engine::cut_answer() noexcept {
  const bool all_announced = stream_ == body_kind::length && stream_left_ == 0;
  broken_ = all_announced || fin_misleads(false);
  cut_ = true;
  streaming_ = false;
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
    answer_for_handler(*asked, status, reason,
                       asked->running() ? handler::begun : handler::not_begun);
  } else if (streaming_) {
    cut_answer();
  }
  phase_ = phase::ended;
  if (kept_ == nullptr) return;
  if (kept_->ex.running()) {
    kept_->ex.engine_parts().stop.request_stop();
  } else if (!in_invoke_) {
    free_kept();
  }
}

/// Answers in the place of a handler, past the layers around it.
void server_engine::answer_for_handler(exchange& ex, int status, std::string_view reason,
                                       handler is) {
  const trace_id_text trace(ex);
  const refusal why{.status = status,
                    .reason = reason,
                    .trace_id = trace.view(),
                    .asked = &ex.request(),
                    .route = ex.match().traits->pattern,
                    .peer = peer_};
  tell_of(why);
  if (is == handler::not_begun) return context_.handlers().refuse(ex, why);
  respond_problem(context_.handlers(), ex, why);
}

/// Answers what is no request.
void server_engine::answer_unread(int status, std::string_view reason) {
  const trace_id_text trace(context_.loop().random());
  const refusal why{
      .status = status, .reason = reason, .trace_id = trace.view(), .peer = peer_};
  tell_of(why);
  write_refusal(why, nullptr);
}

/// Answers 500 in the place of an answer that HTTP cannot carry, and tells whose it was.
void server_engine::answer_invalid(exchange& ex, const answer_head& head) {
  const trace_id_text trace(ex);
  const refusal why{.status = 500,
                    .reason = "the handler's answer was not valid HTTP",
                    .trace_id = trace.view(),
                    .asked = &ex.request(),
                    .route = ex.match().traits->pattern,
                    .peer = peer_};
  log(log_level::error, fmt::format("{}: the answer is not valid HTTP (trace {}): {}", why.route,
                                    why.trace_id, fault_of(head)));
  tell_of(why);
  write_refusal(why, ex.match().traits);
}

/// Answers 503 in the place of an answer that there is no room for.
void server_engine::answer_too_much(exchange& ex) {
  ++context_.counters.requests_refused;
  const trace_id_text trace(ex);
  const refusal why{.status = 503,
                    .reason = too_much_held,
                    .trace_id = trace.view(),
                    .asked = &ex.request(),
                    .route = ex.match().traits->pattern,
                    .peer = peer_};
  tell_of(why);
  write_refusal(why, ex.match().traits);
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
}

void server_engine::tell_of(const refusal& why) noexcept {
  context_.handlers().refused(why);
  if (!logs(log_level::debug)) return;
  try {
    log(log_level::debug,
        fmt::format("answered {}: {} ({}{}{}, trace {})", why.status, why.reason, why.route,
                    why.route.empty() ? "" : ", ",
                    why.peer != nullptr ? why.peer->text() : "no peer", why.trace_id));
  } catch (const std::bad_alloc&) {  // the answer is what matters
  }
}

}  // namespace ferrule::http
