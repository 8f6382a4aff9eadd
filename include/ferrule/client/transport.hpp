#pragma once
/// @file
/// One request to one server, and its answer or the reason why there is none. What stands behind
/// it is a pool of connections, or a stand-in in a test; retries, breakers and balancing are built
/// on top of it.
///
/// ```cpp
/// ferrule::task<int> health_of(ferrule::transport& network, const ferrule::origin& server) {
///   auto answered = co_await network.send(server, {.target = "/health"});
///   co_return answered ? answered->status() : 0;
/// }
/// ```

#include <chrono>
#include <cstdint>

#include "ferrule/client/origin.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/client_connection.hpp"

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

/// How far a request has come.
enum class send_stage : std::uint8_t {
  waiting,     ///< in this side's own queue for a connection
  connecting,  ///< looking the name up included
  sent,        ///< there is a connection, and the request is on its way
};

/// The times of one try, and how far it came. Whoever sends hands it in and reads it afterwards,
/// be the try ended, cancelled or out of time.
struct send_watch {
  /// For connecting to an address: `connect_timeout`. A name has all the time that the transport
  /// gives it, since it has to be looked up and may have many.
  std::chrono::nanoseconds connect_within = std::chrono::nanoseconds::max();
  /// From the moment when there is a connection: `timeout`.
  std::chrono::nanoseconds answer_within = std::chrono::nanoseconds::max();
  send_stage stage = send_stage::waiting;
  mono_time since{};  ///< when the stage began; of `waiting`, nothing
};

/// Sends requests. `what` and `to` are read until the task has ended, as are all views in them.
/// Thread rule: the reactor's thread.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  /// One try: sends `what` to `to`, once, and gives the whole answer. An empty `what.host` is
  /// filled in from `to`. Ends by the deadline of the awaiting task's environment, as `timeout`.
  /// Cancellation: ends this request's work and no other's; unwinds. The connection it used is
  /// closed.
  virtual task<result<http::client_response, transport_failure>> send(
      const origin& to, http::client_request what) = 0;
  /// The same within the times of `watch`, which must live until the task has ended. What has no
  /// connections and no queue is `sent` from the beginning on.
  virtual task<result<http::client_response, transport_failure>> send_within(
      const origin& to, http::client_request what, send_watch* watch);
};

}  // namespace ferrule
