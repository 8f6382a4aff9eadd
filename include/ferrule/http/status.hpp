#pragma once
/// @file
/// Status codes by name, their phrases, and whole status lines ready to be copied.
///
/// ```cpp
/// constexpr auto missing = ferrule::status::not_found;
/// inline std::string_view phrase = ferrule::reason_phrase(404);          // "Not Found"
/// inline std::string_view line = ferrule::http::status_line(200);        // "HTTP/1.1 200 OK\r\n"
/// ```
///
/// Source: RFC 9110 section 15 and the IANA registry of HTTP status codes.

#include <cstdint>
#include <string_view>

namespace ferrule {

/// The registered status codes. Any other number from 100 to 599 is a status too: functions take
/// an `int`, and `static_cast<int>(status::ok)` is 200.
enum class status : std::uint16_t {
  continue_ = 100,
  switching_protocols = 101,
  processing = 102,
  early_hints = 103,

  ok = 200,
  created = 201,
  accepted = 202,
  non_authoritative_information = 203,
  no_content = 204,
  reset_content = 205,
  partial_content = 206,
  multi_status = 207,
  already_reported = 208,
  im_used = 226,

  multiple_choices = 300,
  moved_permanently = 301,
  found = 302,
  see_other = 303,
  not_modified = 304,
  use_proxy = 305,
  temporary_redirect = 307,
  permanent_redirect = 308,

  bad_request = 400,
  unauthorized = 401,
  payment_required = 402,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  not_acceptable = 406,
  proxy_authentication_required = 407,
  request_timeout = 408,
  conflict = 409,
  gone = 410,
  length_required = 411,
  precondition_failed = 412,
  content_too_large = 413,
  uri_too_long = 414,
  unsupported_media_type = 415,
  range_not_satisfiable = 416,
  expectation_failed = 417,
  misdirected_request = 421,
  unprocessable_content = 422,
  locked = 423,
  failed_dependency = 424,
  too_early = 425,
  upgrade_required = 426,
  precondition_required = 428,
  too_many_requests = 429,
  request_header_fields_too_large = 431,
  unavailable_for_legal_reasons = 451,

  internal_server_error = 500,
  not_implemented = 501,
  bad_gateway = 502,
  service_unavailable = 503,
  gateway_timeout = 504,
  http_version_not_supported = 505,
  variant_also_negotiates = 506,
  insufficient_storage = 507,
  loop_detected = 508,
  network_authentication_required = 511,
};

/// The registered phrase of a status code, such as "Not Found"; empty for a code without one.
std::string_view reason_phrase(int code) noexcept;
inline std::string_view reason_phrase(status code) noexcept {
  return reason_phrase(static_cast<int>(code));
}

namespace http {

/// The whole status line of a registered code with its line end, "HTTP/1.1 200 OK\r\n"; empty for
/// a code without one. The text is static.
std::string_view status_line(int code) noexcept;

/// Whether an answer with that status ends with its head (RFC 9110, 15.3.5, 15.3.6, 15.4.5).
constexpr bool has_no_body(int code) noexcept { return code == 204 || code == 205 || code == 304; }

}  // namespace http
}  // namespace ferrule
