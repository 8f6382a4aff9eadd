#pragma once
/// @file
/// What a typed client stands on: something that takes a whole call and gives an answer of whatever
/// status, or says why there is none. `upstream` does it over the network with retries, breakers
/// and limits; `test::mock` does it in a test.
///
/// ```cpp
/// ferrule::task<int> health_of(ferrule::caller& service) {
///   auto answered = co_await service.call({.request = {.target = "/health"}});
///   co_return answered ? answered->status() : 0;
/// }
/// ```

#include <chrono>
#include <optional>
#include <string_view>

#include "ferrule/client/call_failure.hpp"
#include "ferrule/client/call_stream.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/resilience/retry.hpp"

namespace ferrule {

/// A call as a client hands it on. All views must live until the task has ended.
struct outgoing_call {
  http::client_request request;  ///< without a host
  std::string_view endpoint{};   ///< its pattern, a constant, for logs and records
  /// In place of the caller's own policy.
  const retry_policy* retry = nullptr;
  bool has_idempotency_key = false;
  /// For the whole call, in place of the policy's deadline; of a stream, until it is open.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// For a stream as a whole, from the call on. Without it a stream may last as long as its steps
  /// are done in time, and until the deadline of the task that reads it.
  std::optional<std::chrono::nanoseconds> stream_timeout{};
};

/// Makes calls. Thread rule: the reactor's thread.
class caller {
 public:
  using outcome = result<http::client_response, call_failure>;

  caller() = default;
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  virtual ~caller() = default;

  /// Gives the answer, whatever its status. Errors: a fault without an answer.
  /// Cancellation: ends the call's work and no other's; unwinds.
  virtual task<outcome> call(outgoing_call what) = 0;
  /// As `call`, but gives the response as a stream once its head has come; or, of a request whose
  /// body is `streamed`, once its head was sent. From then on the call is not made again: see
  /// `call_stream`.
  virtual task<result<call_stream, call_failure>> open(outgoing_call what) = 0;
  /// What is known of the service and was decided about it, as JSON, for an endpoint that shows it;
  /// null where nothing is.
  virtual json::raw report() { return {}; }
};

}  // namespace ferrule
