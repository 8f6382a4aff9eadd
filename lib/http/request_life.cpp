#include "http/request_life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/observe/log.hpp"

namespace ferrule::http {

told_refusal::told_refusal(server_context& context, const address* peer, const exchange& ex,
                           int status, std::string_view reason)
    : trace(ex),
      why{.status = status,
          .reason = reason,
          .trace_id = trace.view(),
          .asked = &ex.request(),
          .route = ex.match().traits->pattern,
          .peer = peer} {
  tell(context);
}

told_refusal::told_refusal(server_context& context, const address* peer, int status,
                           std::string_view reason)
    : trace(context.loop().random()),
      why{.status = status, .reason = reason, .trace_id = trace.view(), .peer = peer} {
  tell(context);
}

void told_refusal::tell(server_context& context) const noexcept {
  context.told_reason = why.reason;
  context.handlers().refused(why);
  if (!logs(log_level::debug)) return;
  try {
    log(log_level::debug,
        fmt::format("answered {}: {} ({}{}{}, trace {})", why.status, why.reason, why.route,
                    why.route.empty() ? "" : ", ",
                    why.peer != nullptr ? why.peer->text() : "no peer", why.trace_id));
  } catch (const std::bad_alloc&) {  // the response is what matters
  }
}

admission admit(server_context& context, exchange& ex) {
  context.handlers().match(ex);
  const request& head = ex.request();
  route_match& match = ex.match();
  const body_mode wanted = match.traits->body;
  const std::uint64_t bytes_max = match.traits->body_bytes_max != 0 ? match.traits->body_bytes_max
                                                                    : context.limits.body_bytes_max;
  match.body_bytes_max = bytes_max;
  const std::uint64_t announced = head.body == body_kind::length ? head.content_length : 0;
  if (wanted == body_mode::none) return {};
  if (announced > bytes_max) return {413, "the body is too large"};
  if (wanted == body_mode::whole && announced > server_context::small_bytes_max &&
      context.is_full(announced)) {
    return {503, too_much_held};
  }
  return {};
}

void answer_for_handler(server_context& context, const address* peer, exchange& ex, int status,
                        std::string_view reason, handler_state handler) {
  const told_refusal told(context, peer, ex, status, reason);
  if (handler == handler_state::not_begun) return context.handlers().refuse(ex, told.why);
  respond_problem(context.handlers(), ex, told.why);
}

request_life::request_life(server_context& context, sink& engine, exchange& from,
                           routed_request& asked, std::size_t block_bytes) noexcept
    : exchange(engine, from.env(), asked),
      context_(context),
      peer_(asked.head.peer),
      block_bytes_(block_bytes) {
  static_assert(std::is_trivially_destructible_v<routed_request>);
  match() = from.match();
  inherit();
}

request_life* request_life::make(server_context& context, sink& engine, exchange& from) {
  constexpr std::size_t size = sizeof(request_life);
  return ::new (frame_pool::allocate(size)) request_life(context, engine, from, from.asked(), size);
}

request_life* request_life::make(server_context& context, sink& engine, exchange& from,
                                 std::string_view bytes) {
  const routed_request& asked = from.asked();
  const std::size_t fields = asked.head.fields.size();
  const std::size_t size =
      sizeof(request_life) + sizeof(routed_request) + fields * sizeof(header_field) + bytes.size();
  auto* const block = static_cast<std::byte*>(frame_pool::allocate(size));
  auto* const copy = ::new (block + sizeof(request_life)) routed_request(asked);
  auto* const storage = reinterpret_cast<header_field*>(copy + 1);
  char* const copied_bytes = reinterpret_cast<char*>(storage + fields);
  std::memcpy(copied_bytes, bytes.data(), bytes.size());
  rebase(copy->head, {storage, fields}, bytes, copied_bytes);
  if (!copy->body.empty()) {
    copy->body = {copied_bytes + (copy->body.data() - bytes.data()), copy->body.size()};
  }
  return ::new (block) request_life(context, engine, from, *copy, size);
}

void request_life::destroy(request_life* self) noexcept {
  const std::size_t size = self->block_bytes_;
  std::destroy_at(self);
  frame_pool::deallocate(self, size);
}

/// Puts into the handler's environment what the request's sender hands on, if it is believed.
void request_life::inherit() noexcept {
  environment& env = engine_parts().env;
  env.retries = &retries_;
  if (!request().has_trusted_peer || !may_have_inherited(request().fields)) return;
  const inherited from = read_inherited(request().fields);
  if (from.timeout) caller_deadline_ = saturating_add(env.loop->now(), *from.timeout);
  if (from.trace) {
    trace_ = *from.trace;
    const std::uint64_t span = env.loop->random()();  // the sender's span is the parent of this
    std::memcpy(trace_.span_id.data(), &span, trace_.span_id.size());
    env.trace = &trace_;
  }
  tells_retries_ = from.retries.has_value();
  retries_ = from.retries.value_or(retry_allowance());
}

mono_time request_life::handler_deadline() const noexcept {
  const std::int64_t own_ms = match().traits->handler_timeout_ms;
  const std::chrono::nanoseconds allowed =
      own_ms < 0 ? context_.limits.handler_timeout : std::chrono::milliseconds(own_ms);
  if (allowed == std::chrono::nanoseconds(0)) return no_deadline;
  return saturating_add(context_.loop().now(), allowed);
}

bool request_life::start() {
  if (context_.loop().now() >= caller_deadline_) {
    refuse(504, "the deadline had passed before the request was begun");
    return false;
  }
  engine_parts().env.deadline = std::min(handler_deadline(), caller_deadline_);
  starting_ = true;
  context_.handlers().invoke(*this);
  starting_ = false;
  return running();
}

bool request_life::ended_in_start(bool stopped) noexcept {
  if (starting_) stopped_ = stopped;
  return starting_;
}

mono_time request_life::deadline() const noexcept {
  if (answered() || env().stop->stop_requested()) return no_deadline;
  return waits_for_body() ? caller_deadline_ : env().deadline;
}

void request_life::begin_body_wait() noexcept { waited_for_body().begin(context_.loop().now()); }

void request_life::end_body_wait() noexcept {
  if (!waits_for_body()) return;
  mono_time& deadline = engine_parts().env.deadline;
  const auto waited = waited_for_body().end(context_.loop().now());
  deadline = std::min(saturating_add(deadline, waited), caller_deadline_);
}

void request_life::answer_stopped() {
  const bool late = env().stop->reason() == stop_reason::deadline;
  const bool unwanted = late && context_.loop().now() >= caller_deadline_;
  answer_for_handler(context_, peer_, *this, unwanted ? 504 : 503,
                     late ? "the deadline passed" : "the request was cancelled",
                     handler_state::begun);
}

void request_life::answer_missing() {
  if (answered()) return;
  answer_for_handler(context_, peer_, *this, 500, "the handler gave no response",
                     handler_state::begun);
}

std::uint32_t request_life::large_kib() const noexcept {
  return server_context::large_kib(body) + server_context::large_kib(reading) +
         server_context::large_kib(piece) + server_context::large_kib(block_bytes_) +
         server_context::large_kib(held_bytes());
}

}  // namespace ferrule::http
