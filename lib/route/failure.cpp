#include "ferrule/route/failure.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "ferrule/http/fields.hpp"
#include "ferrule/http/problem_text.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/observe/log.hpp"
#include "ferrule/route/match.hpp"
#include "ferrule/route/problem_form.hpp"

namespace ferrule {
namespace {

void log_exception(const escaped_exception& e) noexcept {
  try {
    buffer line;
    line.append(e.route.empty() ? "a request that could not be read" : e.route);
    line.append(": unhandled exception (trace ");
    line.append(e.trace_id);
    line.append("): ");
    line.append(e.what);  // last, for it may be long and have anything in it
    log(log_level::error, line.view());
  } catch (...) {  // out of memory: the 500 that follows must do
  }
}

std::atomic<void (*)(const escaped_exception&) noexcept> exception_log = log_exception;

}  // namespace

void set_exception_log(void (*log)(const escaped_exception&) noexcept) noexcept {
  exception_log.store(log == nullptr ? log_exception : log, std::memory_order_relaxed);
}

namespace detail {

void log_current_exception(std::string_view route, std::string_view trace_id) noexcept {
  const auto log = exception_log.load(std::memory_order_relaxed);
  try {
    throw;
  } catch (const std::exception& e) {
    log({route, e.what(), trace_id});
  } catch (...) {
    log({route, "of a type that is no std::exception", trace_id});
  }
}

namespace {

/// A problem in a service's words. Nothing if it has none, or they fail: that is logged.
std::optional<response> word(const http::problem_wording* wording, const problem& what,
                             const problem_origin& source, const request& asked) {
  if (wording == nullptr || wording->word == nullptr) return std::nullopt;
  try {
    response said = wording->word(what, source, asked);
    std::vector<header_field> fields;
    for (const auto& [name, value] : said.fields) fields.push_back({name, value});
    const std::string fault = http::fault_of({.content_type = said.content_type, .fields = fields});
    if (fault.empty()) return said;
    throw std::invalid_argument("what on_problem gave is not valid HTTP: " + fault);
  } catch (...) {
    log_current_exception(source.route, source.trace_id);
    return std::nullopt;
  }
}

/// Adds the fields of a response, and those that come with its problem unless it has them.
void add_fields(std::vector<header_field>& to, const response_fields& said,
                std::span<const header_field> more) {
  for (const auto& [name, value] : said) to.push_back({name, value});
  const std::size_t own = to.size();
  for (const header_field& field : more) {
    const std::span said_so_far = std::span(to).first(own);  // made anew, for `to` may move
    if (find_field(said_so_far, field.name).data() == nullptr) to.push_back(field);
  }
}

void send(const outlet& out, const problem& what, std::string_view trace_id,
          std::span<const header_field> fields) {
  static constexpr http::route_traits unmatched{};
  const http::route_traits* const matched = out.exchange().match().traits;
  const http::route_traits& traits = matched == nullptr ? unmatched : *matched;
  const auto said =
      word(traits.wording, what, {trace_id, traits.pattern}, out.exchange().request());
  // The field has no sign (RFC 9110 section 10.2.3): what is over already is now.
  constexpr std::chrono::seconds none_left(0);
  const auto left = std::max(what.retry_after.value_or(none_left), none_left);
  const std::string wait = std::to_string(left.count());
  const header_field retry{"Retry-After", wait};
  std::vector<header_field> own;
  for (const auto& [name, value] : what.fields) own.push_back({name, value});
  scratch memory;
  static const response_fields none;
  add_fields(memory.fields(), said ? said->fields : none, own);
  add_fields(memory.fields(), none, fields);
  add_fields(memory.fields(), none, std::span(&retry, what.retry_after ? 1 : 0));
  if (said) return out.respond({what.status, said->content_type, memory.fields()}, said->body);
  write_problem(memory.text(), what, trace_id);
  out.respond({what.status, problem_content_type, memory.fields()}, memory.text().view());
}

/// What the exception in hand is, as `on_exception` says. Logs what is no fault of the client's.
problem explain_exception(const http::problem_wording* wording, std::string_view route,
                          std::string_view trace_id) {
  if (wording != nullptr && wording->explain != nullptr) {
    try {
      if (auto known = wording->explain()) {
        if (known->status >= 500) log_current_exception(route, trace_id);
        return *std::move(known);
      }
    } catch (...) {
      log_current_exception(route, trace_id);
    }
  }
  log_current_exception(route, trace_id);
  return {.status = 500};
}

}  // namespace

problem titled(problem what) {
  what.title = reason_phrase(what.status);
  return what;
}

void word_refusal(const http::problem_wording* wording, const http::refusal& why,
                  http::refusal_writer& to) {
  if (wording == nullptr || wording->word == nullptr) return http::write_refusal(why, to);
  problem what{.status = why.status};
  if (!why.reason.empty()) what.detail.emplace(why.reason);
  if (why.status == 503) what.retry_after = std::chrono::seconds(1);
  static constexpr request unread{};
  const auto said =
      word(wording, what, {why.trace_id, why.route}, why.asked == nullptr ? unread : *why.asked);
  if (!said) return http::write_refusal(why, to);
  std::vector<header_field> fields;
  add_fields(fields, said->fields, http::problem_fields(why.status));
  to.write({why.status, said->content_type, fields}, said->body);
}

void send_problem(const outlet& out, const problem& what, std::span<const header_field> fields) {
  send(out, what, http::trace_id_text(out.exchange()).view(), fields);
}

void answer_exception(const outlet& out) noexcept {
  http::exchange& ex = out.exchange();
  const std::string_view route = ex.match().traits->pattern;
  const http::trace_id_text trace_id(ex);
  if (ex.answered()) {
    log_current_exception(route, trace_id.view());
    return ex.reset();
  }
  try {
    return send(out, explain_exception(ex.match().traits->wording, route, trace_id.view()),
                trace_id.view(), {});
  } catch (...) {
    log_current_exception(route, trace_id.view());
  }
  try {
    if (!ex.answered()) return send(out.without_hooks(), {.status = 500}, trace_id.view(), {});
  } catch (...) {  // out of memory, as was logged
  }
  ex.reset();
}

void respond_past_hooks(http::answer_filter& self, http::exchange& ex,
                        const http::answer_head& head, std::string_view body) noexcept {
  const outlet out(ex, &static_cast<answer_hooks&>(self));
  try {
    return out.respond(head, body);
  } catch (...) {
    log_current_exception(ex.match().traits->pattern, http::trace_id_text(ex).view());
  }
  try {
    if (!ex.answered()) return ex.respond(head, body);
  } catch (...) {  // out of memory, as was logged
  }
  ex.reset();
}

void upgrade_past_hooks(http::answer_filter& self, std::span<const header_field> given,
                        std::vector<header_field>& fields) {
  constexpr int switching = 101;
  auto& hooks = static_cast<answer_hooks&>(self);
  answer outgoing({.status = switching, .fields = given}, {}, fields);
  outgoing.handler_began = hooks.handler_began;
  hooks.run(hooks, outgoing);
}

void send_unrouted(const outlet& out, unrouted answer) {
  const bool allows = answer.status == 204 || answer.status == 405;
  const allow_field allowed(static_cast<std::uint8_t>(out.exchange().match().extra));
  const std::array<header_field, 1> fields{{{"Allow", allowed.view()}}};
  const auto sent = std::span<const header_field>(fields).first(allows ? 1 : 0);
  if (answer.status == 204) return out.respond({204, {}, sent}, {});
  send_problem(out, {.status = answer.status}, sent);
}

}  // namespace detail
}  // namespace ferrule
