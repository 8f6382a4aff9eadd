#pragma once
/// @file
/// Why a request has no response, or not all of it.
///
/// ```cpp
/// inline bool may_have_been_done(const ferrule::transport_failure& failed) {
///   return failed.was_sent && failed.error != ferrule::transport_error::stale_connection;
/// }
/// ```

#include <cstdint>

namespace ferrule {

/// Why a request has no answer.
enum class transport_error : std::uint8_t {
  invalid_request,     ///< not a valid request; nothing was sent
  unsupported_scheme,  ///< https, which needs TLS; nothing was sent
  unknown_host,        ///< the name has no address
  name_lookup_failed,  ///< no name server gave an answer
  no_resources,        ///< this process or machine has no descriptors, ports or memory left for
                       ///< it, and nothing is known of the server
  connect_failed,      ///< refused, unreachable, reset while connecting
  connect_timeout,     ///< no address answered in time
  too_many,            ///< a limit of the pool: the request was not even queued
  queue_timeout,       ///< no connection became free in time
  proxy_failed,        ///< the proxy did not let the request through
  no_response,         ///< the connection ended before any byte of an answer
  stale_connection,    ///< the same of one that had carried requests before. Most likely the server
                       ///< closed it just before this one came, as it may at any time: no sign of
                       ///< its health (RFC 9112 section 9.3.1)
  closed_early,        ///< it ended within the answer
  malformed,           ///< the answer is not HTTP/1.1, or ambiguous, or beyond a limit of heads
  too_large,           ///< the answer's body is beyond its limit
  bad_encoding,        ///< the answer's Content-Encoding is unknown or its data broken
  timeout,             ///< the time for this try, or for the whole call, was up
};

/// A short static text for a log line.
const char* to_string(transport_error error) noexcept;

/// Why there is no answer, and whether the server can have acted on the request all the same.
struct transport_failure {
  transport_error error = transport_error::no_response;
  /// Part of the request may have reached the server: repeating it may do its work twice.
  bool was_sent = false;
};

}  // namespace ferrule
