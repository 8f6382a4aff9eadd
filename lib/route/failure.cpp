#include "ferrule/route/failure.hpp"

#include <array>
#include <atomic>
#include <exception>
#include <span>
#include <string>

#include "ferrule/observe/log.hpp"
#include "ferrule/route/match.hpp"

namespace ferrule {
namespace {

void log_exception(const escaped_exception& e) noexcept {
  try {
    buffer line;
    line.append(e.route);
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

void send(const outlet& out, const problem& what, std::string_view trace_id,
          std::span<const header_field> fields) {
  scratch memory;
  write_problem(memory.text(), what, trace_id);
  if (!what.retry_after) {
    return out.respond({what.status, problem_content_type, fields}, memory.text().view());
  }
  const std::string seconds = std::to_string(what.retry_after->count());
  memory.fields().assign(fields.begin(), fields.end());
  memory.fields().push_back({"Retry-After", seconds});
  out.respond({what.status, problem_content_type, memory.fields()}, memory.text().view());
}

}  // namespace

void send_problem(const outlet& out, const problem& what, std::span<const header_field> fields) {
  send(out, what, http::trace_id_text(out.exchange()).view(), fields);
}

void answer_exception(const outlet& out) noexcept {
  http::exchange& ex = out.exchange();
  const std::string_view route = ex.match().traits->pattern;
  const http::trace_id_text trace_id(ex);
  log_current_exception(route, trace_id.view());
  if (ex.answered()) return ex.reset();
  try {
    return send(out, {.status = 500}, trace_id.view(), {});
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
