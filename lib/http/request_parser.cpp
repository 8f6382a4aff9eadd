#include <algorithm>

#include "ferrule/http/parser.hpp"
#include "ferrule/http/uri.hpp"
#include "http/authority.hpp"
#include "http/head.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

// No registered method is half as long; without a bound a token could fill the request line.
constexpr std::ptrdiff_t method_bytes_max = 32;

std::string_view view(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// "HTTP/1.x" and the line's end.
head_parse take_version(head_cursor& cursor, request_head& out) noexcept {
  constexpr std::string_view known = "HTTP/1.";
  constexpr std::size_t version_bytes = known.size() + 1;
  if (cursor.left() < version_bytes) return head_incomplete();
  const char major = cursor.at[5];
  const char minor = cursor.at[7];
  if (!std::equal(known.begin(), known.end(), cursor.at) || !is(digit_char, minor)) {
    const bool well_formed = view(cursor.at, cursor.at + 5) == "HTTP/" && is(digit_char, major) &&
                             cursor.at[6] == '.' && is(digit_char, minor);
    if (well_formed && major != '0')
      return head_error(505, "only HTTP/1.0 and HTTP/1.1 are served");
    return head_error(400, "invalid HTTP version");
  }
  out.version_minor = minor == '0' ? 0 : 1;
  cursor.at += version_bytes;
  return take_line_end(cursor, "invalid byte after the HTTP version");
}

// Finds the end of the target and what of it needs a closer look.
struct target_scan {
  const char* end;
  const char* question_mark = nullptr;
  bool has_dot = false;
  bool has_escape = false;
};

target_scan scan_target(const head_cursor& cursor) noexcept {
  target_scan scan{.end = skip_plain_path(cursor.at, cursor.end)};
  for (; scan.end != cursor.end && is(target_char, *scan.end); ++scan.end) {
    if (*scan.end == '?' && scan.question_mark == nullptr) scan.question_mark = scan.end;
    if (*scan.end == '.') scan.has_dot = true;
    if (*scan.end == '%') scan.has_escape = true;
  }
  return scan;
}

const char* bad_target_reason(char c) noexcept {
  if (c == '\r') return "no HTTP version";
  if (c == '\n') return "bare LF";
  if (c == '#') return "fragment in the request target";
  return "invalid byte in the request target";
}

// Takes "scheme://authority" off an absolute-form target. What is left is its path, "/" if empty.
const char* take_scheme_and_authority(std::string_view& path, request_head& out) noexcept {
  const std::size_t colon = path.find(':');
  const std::string_view scheme = path.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) {
    return "invalid request target";
  }
  constexpr std::string_view separator = "://";
  if (path.substr(colon, separator.size()) != separator) return "invalid request target";
  const std::size_t authority = colon + separator.size();
  const std::size_t slash = std::min(path.find('/', authority), path.size());
  out.host = path.substr(authority, slash - authority);
  if (!is_authority(out.host, port_rule::optional)) return "invalid authority in the target";
  if (slash != path.size()) {
    path.remove_prefix(slash);
  } else if (out.verb == method::options && out.query.data() == nullptr) {
    path = "*";
  } else {
    path = path.substr(authority - 1, 1);  // the last '/' before the authority
  }
  return nullptr;
}

// Splits the target by its form (RFC 9112 section 3.2). Returns what is wrong with it, or null.
const char* split_target(const target_scan& scan, request_head& out) noexcept {
  const char* const begin = out.target.data();
  std::string_view path = out.target;
  if (out.verb == method::connect) {
    if (!is_authority(out.target, port_rule::required)) return "CONNECT needs host and port";
    out.host = out.target;
    out.path = out.target.substr(0, 0);
    return nullptr;
  }
  if (path == "*") {
    out.path = path;
    return out.verb == method::options ? nullptr : "target * is for OPTIONS";
  }
  if (scan.question_mark != nullptr) {
    path = view(begin, scan.question_mark);
    out.query = view(scan.question_mark + 1, scan.end);
  }
  if (!path.starts_with('/')) {
    if (const char* fault = take_scheme_and_authority(path, out)) return fault;
  }
  out.path = path;
  if (scan.has_dot || scan.has_escape) {
    const auto checked = check_path(path);
    if (!checked) return to_string(checked.error()).data();
    if (!check_escapes(out.query)) return "invalid percent-encoding in the query";
  }
  return nullptr;
}

head_parse take_request_line(head_cursor& cursor, request_head& out) noexcept {
  const char* const begin = cursor.at;
  const char* const method_end = skip_class(token_char, begin, cursor.end);
  if (method_end - begin > method_bytes_max) return head_error(501, "method is too long");
  if (method_end == cursor.end) return head_incomplete();
  if (*method_end != ' ' || method_end == begin) return head_error(400, "invalid method");
  out.method_text = view(begin, method_end);
  out.verb = parse_method(out.method_text);

  cursor.at = method_end + 1;
  const target_scan scan = scan_target(cursor);
  if (scan.end == cursor.end) return head_incomplete();
  if (*scan.end != ' ') return head_error(400, bad_target_reason(*scan.end));
  out.target = view(cursor.at, scan.end);
  if (out.target.empty()) return head_error(400, "empty request target");

  cursor.at = scan.end + 1;
  const head_parse version = take_version(cursor, out);
  if (version.state != head_parse::complete) return version;
  if (const char* fault = split_target(scan, out)) return head_error(400, fault);
  return version;
}

head_parse take_limited_request_line(head_cursor& cursor, const head_limits& limits,
                                     request_head& out) noexcept {
  const std::size_t bytes_max = std::size_t{limits.request_line_bytes_max} + line_end_bytes;
  head_cursor limited{cursor.at, cursor.at + std::min(cursor.left(), bytes_max)};
  const head_parse line = take_request_line(limited, out);
  if (line.state == head_parse::incomplete && cursor.left() >= bytes_max) {
    return head_error(414, "request line is too long");
  }
  cursor.at = limited.at;
  return line;
}

// Decides what the fields mean together (RFC 9112 section 6.3; section 9.3 for keep-alive).
head_parse conclude(const framing_facts& facts, request_head& out) noexcept {
  const bool version_1_0 = out.version_minor == 0;
  if (!facts.has_host && !version_1_0) return head_error(400, "no Host field");
  if (out.host.empty()) out.host = facts.host;
  if (facts.has_transfer_encoding) {
    if (version_1_0) return head_error(400, "Transfer-Encoding in HTTP/1.0");
    if (facts.has_content_length) return head_error(400, "Content-Length with Transfer-Encoding");
    if (!facts.chunked_is_final) return head_error(400, "chunked is not the final transfer coding");
    if (facts.unknown_coding) return head_error(501, "unknown transfer coding");
    out.body = body_kind::chunked;
  } else if (facts.content_length != 0) {
    out.body = body_kind::length;
    out.content_length = facts.content_length;
  }
  if (!version_1_0) {
    if (facts.unknown_expectation) return head_error(417, "unknown expectation");
    out.expect_continue = facts.expect_continue;
  }
  out.keep_alive = !facts.close && (!version_1_0 || facts.keep_alive);
  return head_complete();
}

head_parse parse(std::string_view bytes, const head_limits& limits, std::span<header_field> storage,
                 request_head& out) noexcept {
  out = {};
  head_cursor cursor{bytes.data(), bytes.data() + bytes.size()};
  if (cursor.left() != 0 && *cursor.at == '\r') {  // one empty line, RFC 9112 section 2.2
    const head_parse line_end = take_line_end(cursor, "");
    if (line_end.state != head_parse::complete) return line_end;
  }
  constexpr char tls_handshake = 0x16;
  if (cursor.left() != 0 && *cursor.at == tls_handshake) {
    return head_error(400, "TLS handshake where plain HTTP is served");
  }
  head_parse step = take_limited_request_line(cursor, limits, out);
  if (step.state != head_parse::complete) return step;
  framing_facts facts;
  step = parse_fields(cursor, limits, storage, out.fields, facts);
  if (step.state != head_parse::complete) return step;
  step = conclude(facts, out);
  step.bytes = static_cast<std::size_t>(cursor.at - bytes.data());
  return step;
}

}  // namespace

head_parse parse_request_head(std::string_view bytes, const head_limits& limits,
                              std::span<header_field> storage, request_head& out,
                              std::size_t& scanned) noexcept {
  return parse_when_useful(bytes, limits, scanned,
                           [&] { return parse(bytes, limits, storage, out); });
}

}  // namespace ferrule::http
