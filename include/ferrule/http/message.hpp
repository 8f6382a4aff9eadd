#pragma once
/// @file
/// The head of a request or response as the parser leaves it: views into the received bytes, and
/// what the head says about the body.
///
/// ```cpp
/// inline bool wants_json(const ferrule::request_head& head) {
///   return head.verb == ferrule::method::get && head.header("accept") == "application/json";
/// }
/// ```
///
/// Source: RFC 9112 sections 3 to 6 and 9.3.

#include <cstdint>
#include <span>
#include <string_view>

#include "ferrule/http/fields.hpp"
#include "ferrule/http/method.hpp"

namespace ferrule {

/// How the end of a body is known (RFC 9112 section 6.3).
enum class body_kind : std::uint8_t {
  none,         ///< no body; also Content-Length: 0
  length,       ///< `content_length` bytes, at least one
  chunked,      ///< in chunks
  until_close,  ///< up to the end of the connection; responses only
};

/// A request's head. Every view lies in the bytes that were parsed and lives as long as they do.
/// Thread rule: as a plain value.
struct request_head {
  method verb = method::unknown;
  std::uint8_t version_minor = 1;  ///< 0 or 1; HTTP/1.2 to 1.9 are processed as 1.1
  body_kind body = body_kind::none;
  std::uint64_t content_length = 0;  ///< the field's value in bytes; 0 without the field

  std::string_view method_text;  ///< as sent, also for `method::unknown`
  std::string_view target;       ///< as sent: origin, absolute, authority or asterisk form
  /// Raw, not decoded. Begins with '/', or is "*" (OPTIONS about the server), or is empty
  /// (CONNECT). Its escapes are valid and it has no dot segments: the parser refuses others.
  std::string_view path;
  std::string_view query;  ///< raw, what follows the first '?'; escapes are valid
  /// Host and port by which the client knows the server: the target's authority, else the Host
  /// field. Empty only in HTTP/1.0.
  std::string_view host;
  std::span<const header_field> fields;  ///< in order, in the storage given to the parser

  /// The value of the first field of that name, case ignored; see `find_field`.
  std::string_view header(std::string_view name) const noexcept { return find_field(fields, name); }
};

/// A response's head. Every view lies in the bytes that were parsed and lives as long as they do.
/// Thread rule: as a plain value.
struct response_head {
  int status = 0;  ///< 100 to 599
  std::uint8_t version_minor = 1;
  body_kind body = body_kind::none;  ///< with regard to the request's method
  bool keep_alive = true;            ///< false also when the body ends with the connection
  std::uint64_t content_length = 0;  ///< the field's value in bytes, also for HEAD; 0 without it

  std::string_view reason;               ///< as sent; often empty
  std::span<const header_field> fields;  ///< in order, in the storage given to the parser

  /// The value of the first field of that name, case ignored; see `find_field`.
  std::string_view header(std::string_view name) const noexcept { return find_field(fields, name); }
};

namespace http {

/// Lets a head live on after its bytes were copied from `from` to `to`: every view that lies in
/// `from` is moved, and the fields are constructed in `storage`, which is at least
/// `head.fields.size()` long, and may be bare memory or the storage they are in. `from` is compared
/// and never read, so it may be gone.
void rebase(request_head& head, std::span<header_field> storage, std::string_view from,
            const char* to) noexcept;
void rebase(response_head& head, std::span<header_field> storage, std::string_view from,
            const char* to) noexcept;

}  // namespace http
}  // namespace ferrule
