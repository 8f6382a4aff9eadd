#pragma once
/// @file
/// Heads of responses and requests as bytes: everything is checked first and then written into a
/// buffer in one piece, so that no value can smuggle a line end into a message.
///
/// ```cpp
/// inline bool greet(ferrule::buffer& out, const ferrule::http::date_text& date) {
///   const bool written = ferrule::http::write_response_head(
///       out, {.content_type = "text/plain", .body = ferrule::body_kind::length,
///             .content_length = 5, .date = &date});
///   if (written) out.append("hello");
///   return written;
/// }
/// ```
///
/// Source: RFC 9112 sections 3, 4 and 6; RFC 9110 sections 5.5, 6.6.1 and 8.6.

#include <cstdint>
#include <span>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/date.hpp"
#include "ferrule/http/message.hpp"

namespace ferrule::http {

/// What a head says about the connection. HTTP/1.1 need only say `close`, and a server tells an
/// HTTP/1.0 client `keep_alive`; `upgrade` goes with an Upgrade field.
enum class connection_option : std::uint8_t { unsaid, close, keep_alive, upgrade };

/// What a response head is made of. Views are only read during the call.
struct response_head_parts {
  int status = 200;                    ///< 100 to 599
  std::string_view content_type = {};  ///< empty: no field
  /// `length` gives Content-Length, 0 included; `chunked` gives Transfer-Encoding; the others
  /// give neither. With 1xx and 204 neither is written, whatever is asked for.
  body_kind body = body_kind::none;
  std::uint64_t content_length = 0;  ///< bytes, used for `body_kind::length`
  connection_option connection = connection_option::unsaid;
  const date_text* date = nullptr;            ///< see `date_cache`; null: no field
  std::span<const header_field> fields = {};  ///< written as they are, after the others
};

/// What a request head is made of. Views are only read during the call.
struct request_head_parts {
  std::string_view verb = "GET";
  std::string_view target = "/";       ///< raw: encoded where need be
  std::string_view host = {};          ///< with the port unless it is the scheme's; must be given
  std::string_view content_type = {};  ///< empty: no field
  body_kind body = body_kind::none;    ///< as for responses
  std::uint64_t content_length = 0;
  connection_option connection = connection_option::unsaid;
  std::span<const header_field> fields = {};
};

/// Whether a head may have this field from outside: its name is a token, its value has no control
/// byte, and it is none of those that the other parts of a head decide.
bool is_writable(const header_field& field) noexcept;

/// Appends a response head with its empty line to `out`. 426 says beside its Upgrade field that it
/// is of the connection (RFC 9110 section 7.8).
/// Returns false, with `out` unchanged, when it would not be a valid head: a status out of range, a
/// name that is no token, a value with CR, LF, NUL or another control byte, a length of 2^63 bytes
/// or more; or when `fields` contain what the other parts decide: Connection, Content-Length or
/// Transfer-Encoding.
[[nodiscard]] bool write_response_head(buffer& out, const response_head_parts& head);

/// Whether a field may stand behind a body (RFC 9110 section 6.5.1): it is none that says how the
/// message is framed, routed, authenticated, cached or to be understood.
bool may_be_trailer(std::string_view name) noexcept;
/// Appends the fields behind a chunked body and the empty line after them, without the last chunk
/// itself. Returns false, with `out` unchanged, when one is not valid or may not be there.
[[nodiscard]] bool write_trailers(buffer& out, std::span<const header_field> trailers);

/// Appends a request head with its empty line to `out`. Of the target's path and query what
/// RFC 3986 does not allow but browsers send is percent-encoded, as by `encode_target`.
/// Returns false, with `out` unchanged, for the same reasons, and when the method is no token, the
/// target has a byte that targets may not have, the host is not valid, or `fields` name another.
[[nodiscard]] bool write_request_head(buffer& out, const request_head_parts& head);

}  // namespace ferrule::http
