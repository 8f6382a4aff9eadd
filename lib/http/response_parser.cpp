#include <algorithm>

#include "ferrule/http/parser.hpp"
#include "http/head.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

// Shared parts speak of a request's statuses, so every error gets this one in the end.
constexpr int bad_gateway = 502;

head_parse refused(const char* reason) noexcept { return head_error(bad_gateway, reason); }

// "HTTP/1.x SP code SP reason CRLF" (RFC 9112 section 4). Some servers have no reason and leave out
// the space before it as well, which every client takes.
head_parse take_status_line(head_cursor& cursor, response_head& out) noexcept {
  constexpr std::string_view shape = "HTTP/1.d ddd";  // a d stands for a digit
  for (std::size_t i = 0; i != shape.size(); ++i) {
    if (i == cursor.left()) return head_incomplete();
    const bool fits = shape[i] == 'd' ? is(digit_char, cursor.at[i]) : shape[i] == cursor.at[i];
    if (!fits) return refused("invalid status line");
  }
  const auto digit = [&](std::size_t at) { return cursor.at[at] - '0'; };
  out.version_minor = digit(7) == 0 ? 0 : 1;
  out.status = digit(9) * 100 + digit(10) * 10 + digit(11);
  if (out.status < 100 || out.status > 599) return refused("status code out of range");
  cursor.at += shape.size();
  if (cursor.left() == 0) return head_incomplete();
  if (*cursor.at == '\r') return take_line_end(cursor, "");
  if (*cursor.at != ' ') return refused("invalid status line");
  ++cursor.at;
  const char* const reason = cursor.at;
  cursor.at = skip_text(reason, cursor.end);
  out.reason = {reason, static_cast<std::size_t>(cursor.at - reason)};
  return take_line_end(cursor, "invalid byte in the reason phrase");
}

head_parse take_limited_status_line(head_cursor& cursor, const head_limits& limits,
                                    response_head& out) noexcept {
  const std::size_t bytes_max = std::size_t{limits.request_line_bytes_max} + line_end_bytes;
  head_cursor limited{cursor.at, cursor.at + std::min(cursor.left(), bytes_max)};
  const head_parse line = take_status_line(limited, out);
  if (line.state == head_parse::incomplete && cursor.left() >= bytes_max) {
    return refused("status line is too long");
  }
  cursor.at = limited.at;
  return line;
}

bool never_has_body(int status, method request) noexcept {
  const bool tunnel = request == method::connect && status / 100 == 2;
  return request == method::head || tunnel || status < 200 || status == 204 || status == 304;
}

// Decides what the fields mean together (RFC 9112 section 6.3; section 9.3 for keep-alive).
head_parse conclude(const framing_facts& facts, method request, response_head& out) noexcept {
  const bool version_1_0 = out.version_minor == 0;
  out.keep_alive = !facts.close && (!version_1_0 || facts.keep_alive);
  out.content_length = facts.content_length;
  if (facts.has_transfer_encoding) {
    if (version_1_0) return refused("Transfer-Encoding in HTTP/1.0");
    if (facts.has_content_length) return refused("Content-Length with Transfer-Encoding");
    if (!facts.chunked_is_final || facts.unknown_coding) {
      return refused("unknown transfer coding");
    }
  }
  if (never_has_body(out.status, request)) {
    out.body = body_kind::none;
  } else if (facts.has_transfer_encoding) {
    out.body = body_kind::chunked;
  } else if (facts.has_content_length) {
    out.body = facts.content_length != 0 ? body_kind::length : body_kind::none;
  } else {
    out.body = body_kind::until_close;
    out.keep_alive = false;
  }
  return head_complete();
}

head_parse parse(std::string_view bytes, const head_limits& limits, std::span<header_field> storage,
                 method request, response_head& out) noexcept {
  out = {};
  head_cursor cursor{bytes.data(), bytes.data() + bytes.size()};
  head_parse step = take_limited_status_line(cursor, limits, out);
  if (step.state != head_parse::complete) return step;
  framing_facts facts;
  facts.is_response = true;
  step = parse_fields(cursor, limits, storage, out.fields, facts);
  if (step.state != head_parse::complete) return step;
  step = conclude(facts, request, out);
  step.bytes = static_cast<std::size_t>(cursor.at - bytes.data());
  return step;
}

}  // namespace

head_parse parse_response_head(std::string_view bytes, const head_limits& limits,
                               std::span<header_field> storage, method request, response_head& out,
                               std::size_t& scanned) noexcept {
  return parse_when_useful(bytes, limits, scanned, [&] {
    head_parse parsed = parse(bytes, limits, storage, request, out);
    if (parsed.state == head_parse::error) parsed.status = bad_gateway;
    return parsed;
  });
}

}  // namespace ferrule::http
