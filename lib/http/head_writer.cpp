#include "ferrule/http/head_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

#include "ferrule/http/status.hpp"
#include "ferrule/http/uri.hpp"
#include "http/authority.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

constexpr std::string_view content_type_name = "Content-Type: ";
constexpr std::string_view content_length_name = "Content-Length: ";
constexpr std::string_view date_name = "Date: ";
constexpr std::string_view host_name = "Host: ";
constexpr std::string_view chunked_line = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view close_line = "Connection: close\r\n";
constexpr std::string_view keep_alive_line = "Connection: keep-alive\r\n";
constexpr std::string_view upgrade_line = "Connection: Upgrade\r\n";
constexpr std::string_view colon = ": ";
constexpr std::string_view crlf = "\r\n";
constexpr std::size_t number_bytes_max = 20;
// What a peer can be expected to read, our own parser among them.
constexpr std::uint64_t content_length_max = std::numeric_limits<std::int64_t>::max();

// Room for all that does not depend on what is given: names, numbers, line ends.
constexpr std::size_t fixed_bytes_max = 256;
static_assert(content_type_name.size() + content_length_name.size() + number_bytes_max +
                  date_name.size() + date_bytes + host_name.size() + chunked_line.size() +
                  keep_alive_line.size() + 8 * crlf.size() <
              fixed_bytes_max);

// Writes where there is room for certain.
struct pen {
  char* at;

  void put(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  void put_number(std::uint64_t number) noexcept {
    at = std::to_chars(at, at + number_bytes_max, number).ptr;
  }
};

// Whether the other parts of a head decide about this field.
bool is_reserved(std::string_view name) noexcept {
  return equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding");
}

// Of two Host fields a server would refuse the request, or worse, choose one.
bool names_host(const header_field& field) noexcept {
  return equal_ignoring_case(field.name, "host");
}

bool are_writable(std::span<const header_field> fields) noexcept {
  return std::ranges::all_of(fields, [](const header_field& field) { return is_writable(field); });
}

bool is_writable(body_kind body, std::uint64_t content_length) noexcept {
  return body != body_kind::length || content_length <= content_length_max;
}

// How many bytes at the beginning of a target are scheme and authority, in which brackets stand
// around an address. 0 unless they are valid.
std::size_t authority_end(std::string_view verb, std::string_view target) noexcept {
  if (target.front() == '/') return 0;
  if (verb == "CONNECT") return is_authority(target, port_rule::required) ? target.size() : 0;
  constexpr std::string_view separator = "://";
  const std::size_t scheme_end = target.find_first_of(":/?");
  if (!target.substr(std::min(scheme_end, target.size())).starts_with(separator)) return 0;
  const std::size_t begin = scheme_end + separator.size();
  const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
  return is_authority(target.substr(begin, end - begin), port_rule::optional) ? end : 0;
}

// A target in its parts for writing: what is written as it is, and the rest, which may grow.
struct target_parts {
  std::string_view plain;
  std::string_view encoded;

  std::size_t bytes_max() const noexcept { return plain.size() + 3 * encoded.size(); }
};

// Most targets are plain from end to end.
target_parts parts_of(std::string_view verb, std::string_view target) noexcept {
  const bool is_plain =
      all_are(target_char, target) && target.find('%') == std::string_view::npos;
  if (is_plain) return {target, {}};
  const std::size_t end = authority_end(verb, target);
  return {target.substr(0, end), target.substr(end)};
}

// Whether a server that goes by the URL standard takes each byte of the target.
bool is_target(std::string_view target) noexcept {
  for (const char c : target) {
    if (!is(target_char, c) && !is(plain_target_char, c) && c != '\\') return false;
  }
  return !target.empty();
}

std::size_t bytes_of(std::span<const header_field> fields) noexcept {
  std::size_t bytes = 0;
  for (const header_field& field : fields) {
    bytes += field.name.size() + colon.size() + field.value.size() + crlf.size();
  }
  return bytes;
}

void put_line(pen& out, std::string_view name, std::string_view value) noexcept {
  if (value.empty()) return;
  out.put(name);
  out.put(value);
  out.put(crlf);
}

void put_framing(pen& out, body_kind body, std::uint64_t content_length) noexcept {
  if (body == body_kind::length) {
    out.put(content_length_name);
    out.put_number(content_length);
    out.put(crlf);
  } else if (body == body_kind::chunked) {
    out.put(chunked_line);
  }
}

// Fields and the empty line.
void put_fields(pen& out, std::span<const header_field> fields) noexcept {
  for (const header_field& field : fields) {
    out.put(field.name);
    out.put(colon);
    out.put(field.value);
    out.put(crlf);
  }
  out.put(crlf);
}

// The end of every head: Connection, the caller's fields, the empty line.
void put_rest(pen& out, connection_option connection,
              std::span<const header_field> fields) noexcept {
  if (connection == connection_option::close) out.put(close_line);
  if (connection == connection_option::keep_alive) out.put(keep_alive_line);
  if (connection == connection_option::upgrade) out.put(upgrade_line);
  put_fields(out, fields);
}

void put_status_line(pen& out, int status) noexcept {
  if (const std::string_view line = status_line(status); !line.empty()) return out.put(line);
  out.put("HTTP/1.1 ");
  out.put_number(static_cast<std::uint64_t>(status));
  out.put(" \r\n");  // the space belongs there also without a phrase
}

}  // namespace

bool is_writable(const header_field& field) noexcept {
  return is_token(field.name) && is_field_value(field.value) && !is_reserved(field.name);
}

bool write_response_head(buffer& out, const response_head_parts& head) {
  if (head.status < 100 || head.status > 599) return false;
  if (!is_field_value(head.content_type) || !are_writable(head.fields)) return false;
  if (!is_writable(head.body, head.content_length)) return false;

  char* const begin =
      out.prepare(fixed_bytes_max + head.content_type.size() + bytes_of(head.fields));
  pen to{begin};
  put_status_line(to, head.status);
  put_line(to, content_type_name, head.content_type);
  if (head.status >= 200 && head.status != 204) put_framing(to, head.body, head.content_length);
  if (head.date != nullptr) put_line(to, date_name, head.date->view());
  constexpr int upgrade_required = 426;
  if (head.status == upgrade_required) to.put(upgrade_line);
  put_rest(to, head.connection, head.fields);
  out.commit(static_cast<std::size_t>(to.at - begin));
  return true;
}

bool may_be_trailer(std::string_view name) noexcept {
  constexpr std::string_view others[] = {"age",
                                         "authorization",
                                         "cache-control",
                                         "connection",
                                         "content-encoding",
                                         "content-length",
                                         "content-range",
                                         "content-type",
                                         "cookie",
                                         "date",
                                         "expect",
                                         "expires",
                                         "host",
                                         "if-match",
                                         "if-modified-since",
                                         "if-none-match",
                                         "if-range",
                                         "if-unmodified-since",
                                         "keep-alive",
                                         "location",
                                         "max-forwards",
                                         "pragma",
                                         "proxy-authenticate",
                                         "proxy-authorization",
                                         "range",
                                         "retry-after",
                                         "set-cookie",
                                         "te",
                                         "trailer",
                                         "transfer-encoding",
                                         "upgrade",
                                         "vary",
                                         "warning",
                                         "www-authenticate"};
  return std::ranges::none_of(
      others, [name](std::string_view other) { return equal_ignoring_case(name, other); });
}

bool write_trailers(buffer& out, std::span<const header_field> trailers) {
  const bool all_valid = std::ranges::all_of(trailers, [](const header_field& field) {
    return is_writable(field) && may_be_trailer(field.name);
  });
  if (!all_valid) return false;
  char* const begin = out.prepare(bytes_of(trailers) + crlf.size());
  pen to{begin};
  put_fields(to, trailers);
  out.commit(static_cast<std::size_t>(to.at - begin));
  return true;
}

bool write_request_head(buffer& out, const request_head_parts& head) {
  if (!is_token(head.verb) || !is_target(head.target)) return false;
  if (!is_authority(head.host, port_rule::optional)) return false;
  if (!is_field_value(head.content_type) || !are_writable(head.fields)) return false;
  if (!is_writable(head.body, head.content_length)) return false;
  if (std::ranges::any_of(head.fields, names_host)) return false;

  const target_parts target = parts_of(head.verb, head.target);
  char* const begin =
      out.prepare(fixed_bytes_max + head.verb.size() + target.bytes_max() + head.host.size() +
                  head.content_type.size() + bytes_of(head.fields));
  pen to{begin};
  to.put(head.verb);
  to.put(" ");
  to.put(target.plain);
  to.at += encode_target(target.encoded, to.at);
  to.put(" HTTP/1.1\r\n");
  put_line(to, host_name, head.host);
  put_line(to, content_type_name, head.content_type);
  put_framing(to, head.body, head.content_length);
  put_rest(to, head.connection, head.fields);
  out.commit(static_cast<std::size_t>(to.at - begin));
  return true;
}

}  // namespace ferrule::http
