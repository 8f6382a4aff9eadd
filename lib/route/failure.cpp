#include "ferrule/route/failure.hpp"

#include <atomic>
#include <cstring>
#include <exception>
#include <span>
#include <string>

#include "ferrule/http/propagation.hpp"
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
namespace {

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

trace_id_text::trace_id_text(const http::exchange& of) noexcept {
  std::array<std::uint8_t, 16> id;
  // For a handler that cannot wait the fields were not looked at so far.
  const auto sent = http::decode_trace(of.request().header(http::trace_field));
  if (const trace_context* trace = of.env().trace; trace != nullptr) {
    id = trace->trace_id;
  } else if (sent) {
    id = sent->trace_id;
  } else {
    rng& random = of.env().loop->random();
    const std::array<std::uint64_t, 2> words{random(), random()};
    std::memcpy(id.data(), words.data(), id.size());
  }
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  for (std::size_t i = 0; i != id.size(); ++i) {
    digits_[2 * i] = hexadecimal[id[i] >> 4U];
    digits_[2 * i + 1] = hexadecimal[id[i] & 15U];
  }
}

void send_problem(const outlet& out, const problem& what, std::span<const header_field> fields) {
  send(out, what, trace_id_text(out.exchange()).view(), fields);
}

void answer_exception(const outlet& out) noexcept {
  http::exchange& ex = out.exchange();
  const std::string_view route = ex.match().traits->pattern;
  const trace_id_text trace_id(ex);
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
