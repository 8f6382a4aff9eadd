#include <algorithm>

#include "ferrule/http/parser.hpp"
#include "ferrule/http/uri.hpp"
#include "http/authority.hpp"
#include "http/head.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

constexpr const char* not_secured = "https over a connection that is not secured";

// No registered method is half as long; without a bound a token could fill the request line.
constexpr std::ptrdiff_t method_bytes_max = 32;

head_parse bad_version(std::string_view version) noexcept {
  const bool well_formed = version.starts_with("HTTP/") && is(digit_char, version[5]) &&
                           version[6] == '.' && is(digit_char, version[7]);
  if (!well_formed || version[5] == '0') return head_error(400, "invalid HTTP version");
  return head_error(505, "only HTTP/1.0 and HTTP/1.1 are served");
}

// "HTTP/1.x" and the line's end.
head_parse take_version(head_cursor& cursor, request_head& out) noexcept {
  constexpr std::string_view newest = "HTTP/1.1";
  if (cursor.left() < newest.size()) return head_incomplete();
  const std::string_view version(cursor.at, newest.size());
  if (version != newest) {
    const char minor = version.back();
    if (!version.starts_with("HTTP/1.") || !is(digit_char, minor)) return bad_version(version);
    if (minor == '0') out.version_minor = 0;
  }
  cursor.at += newest.size();
  return take_line_end(cursor, "invalid byte after the HTTP version");
}

// The end of the target and what of it needs a closer look.
struct target_scan {
  const char* end;
  const char* question_mark = nullptr;
  bool has_special = false;  // a dot, an escape or a backslash
};

target_scan scan_target(const head_cursor& cursor) noexcept {
  target_scan scan{.end = skip_common_path(cursor.at, cursor.end)};
  for (;; ++scan.end) {
    scan.end = skip_class(plain_target_char, scan.end, cursor.end);
    if (scan.end == cursor.end) return scan;
    switch (*scan.end) {
      case '?':
        if (scan.question_mark == nullptr) scan.question_mark = scan.end;
        break;
      case '.':
      case '%':
      case '\\':
        scan.has_special = true;
        break;
      default:
        return scan;
    }
  }
}

// The closer look.
const char* bad_path_or_query_reason(std::string_view path, std::string_view query) noexcept {
  const auto checked = check_path(path).and_then([&] { return check_query(query); });
  return checked ? nullptr : to_string(checked.error());
}

const char* bad_target_reason(char c) noexcept {
  if (c == '\r') return "no HTTP version";
  if (c == '\n') return "bare LF";
  if (c == '#') return "fragment in the request target";
  return "invalid byte in the request target";
}

// Takes "scheme://authority" off the path of an absolute-form target. If nothing is left, the path
// is "/", or "*" for OPTIONS about the server (RFC 9112 section 3.2.4). A resource of https may not
// be served over a connection that is not secured (RFC 9110 section 7.4).
const char* take_scheme_and_authority(request_head& out) noexcept {
  const std::string_view target = out.path;
  constexpr std::string_view separator = "://";
  const std::size_t scheme_end = target.find(separator);
  if (scheme_end == std::string_view::npos) return "invalid request target";
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equal_ignoring_case(scheme, "http")) {
    return equal_ignoring_case(scheme, "https") ? not_secured : "invalid request target";
  }
  const std::size_t authority = scheme_end + separator.size();
  const std::size_t slash = std::min(target.find('/', authority), target.size());
  out.host = target.substr(authority, slash - authority);
  if (!is_authority(out.host, port_rule::optional)) return "invalid authority in the target";
  out.path = target.substr(slash);
  if (out.path.empty()) {
    const bool about_server = out.verb == method::options && out.query.data() == nullptr;
    out.path = about_server ? "*" : target.substr(authority - 1, 1);
  }
  return nullptr;
}

// Takes apart the target by its form (RFC 9112 section 3.2). Returns what is wrong, or null.
const char* split_target(const target_scan& scan, request_head& out) noexcept {
  if (out.verb == method::connect) {
    if (!is_authority(out.target, port_rule::required)) return "CONNECT needs host and port";
    out.host = out.target;
    return nullptr;
  }
  out.path = out.target;
  if (scan.question_mark != nullptr) {
    out.path = std::string_view(out.target.data(), scan.question_mark);
    out.query = std::string_view(scan.question_mark + 1, scan.end);
  }
  if (out.path.front() != '/') {
    if (out.target == "*") return out.verb == method::options ? nullptr : "target * is for OPTIONS";
    if (const char* fault = take_scheme_and_authority(out)) return fault;
  }
  return scan.has_special ? bad_path_or_query_reason(out.path, out.query) : nullptr;
}

// The method and the space after it.
head_parse take_method(head_cursor& cursor, request_head& out) noexcept {
  const char* const begin = cursor.at;
  // Most requests, and cheaper to compare.
  if (std::string_view(begin, cursor.end).starts_with("GET ")) {
    out.method_text = {begin, 3};
    out.verb = method::get;
    cursor.at += 4;
    return head_complete();
  }
  const char* const end = skip_class(token_char, begin, cursor.end);
  if (end - begin > method_bytes_max) return head_error(501, "method is too long");
  if (end == cursor.end) return head_incomplete();
  if (*end != ' ' || end == begin) {
    constexpr char tls_handshake = 0x16;
    return head_error(400, *begin == tls_handshake ? "TLS handshake where plain HTTP is served"
                                                   : "invalid method");
  }
  out.method_text = std::string_view(begin, end);
  out.verb = parse_method(out.method_text);
  cursor.at = end + 1;
  return head_complete();
}

head_parse take_request_line(head_cursor& cursor, request_head& out) noexcept {
  head_parse step = take_method(cursor, out);
  if (step.state != head_parse::complete) return step;
  const target_scan scan = scan_target(cursor);
  if (scan.end == cursor.end) return head_incomplete();
  if (*scan.end != ' ') return head_error(400, bad_target_reason(*scan.end));
  out.target = std::string_view(cursor.at, scan.end);
  if (out.target.empty()) return head_error(400, "empty request target");

  cursor.at = scan.end + 1;
  step = take_version(cursor, out);
  if (step.state != head_parse::complete) return step;
  if (const char* fault = split_target(scan, out)) {
    return head_error(fault == not_secured ? 421 : 400, fault);
  }
  return step;
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
head_parse conclude(const framing_facts& facts, request_head& out,
                    connection_wishes& wishes) noexcept {
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
    wishes.expect_continue = facts.expect_continue;
    wishes.upgrade = facts.upgrade;
  }
  wishes.keep_alive = !facts.close && (!version_1_0 || facts.keep_alive);
  return head_complete();
}

head_parse parse(std::string_view bytes, const head_limits& limits, std::span<header_field> storage,
                 request_head& out, connection_wishes& wishes) noexcept {
  out = {};
  wishes = {};
  head_cursor cursor{bytes.data(), bytes.data() + bytes.size()};
  if (cursor.left() != 0 && *cursor.at == '\r') {  // one empty line, RFC 9112 section 2.2
    const head_parse line_end = take_line_end(cursor, "");
    if (line_end.state != head_parse::complete) return line_end;
  }
  head_parse step = take_limited_request_line(cursor, limits, out);
  if (step.state != head_parse::complete) return step;
  framing_facts facts;
  step = parse_fields(cursor, limits, storage, out.fields, facts);
  if (step.state != head_parse::complete) return step;
  step = conclude(facts, out, wishes);
  step.bytes = static_cast<std::size_t>(cursor.at - bytes.data());
  return step;
}

}  // namespace

head_parse parse_request_head(std::string_view bytes, const head_limits& limits,
                              std::span<header_field> storage, request_head& out,
                              std::size_t& scanned, connection_wishes& wishes) noexcept {
  return parse_when_useful(bytes, limits, scanned,
                           [&] { return parse(bytes, limits, storage, out, wishes); });
}

}  // namespace ferrule::http
