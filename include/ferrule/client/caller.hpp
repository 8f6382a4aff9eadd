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
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ferrule/api/problem.hpp"
#include "ferrule/client/transport.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/resilience/retry.hpp"

namespace ferrule {

/// How a call ended that did not bring what its endpoint promises.
enum class call_fault : std::uint8_t {
  transport,     ///< no answer: `transport` says why
  timeout,       ///< no answer in time: the call's, its last try's, or the served request's
  circuit_open,  ///< not made: the breaker is open
  shed,          ///< not made: a limit of this side, `shed` says which
  declared,      ///< answered with one of the endpoint's declared errors
  undeclared,    ///< answered with another problem or status
  unreadable,    ///< answered with success, but the answer is not what the endpoint promises
};

/// Which limit refused a call.
enum class shed_by : std::uint8_t {
  none,
  rate_limit,
  bulkhead,
  concurrency_limit,
  pool,
  no_endpoint
};

/// What went wrong with a call.
struct call_failure {
  call_fault fault = call_fault::transport;
  transport_error transport = transport_error::no_response;  ///< of `transport`
  shed_by shed = shed_by::none;                              ///< of `shed`
  /// The service may have acted on the request.
  bool was_sent = false;
  int status = 0;        ///< of an answer; 0: there was none
  std::string detail{};  ///< of the answer's problem, or why it is unreadable; for a log line
  /// How long to leave the service alone, as its answer, the breaker or the limit says.
  std::optional<std::chrono::nanoseconds> retry_after{};
  std::uint32_t tries = 0;  ///< requests that were made, when there was no answer
};

const char* to_string(call_fault fault) noexcept;
const char* to_string(shed_by limit) noexcept;
/// One line for a log: what happened, and with what.
std::string to_string(const call_failure& failed);

/// What a handler answers when it can do nothing without the call: 503 with Retry-After when it was
/// not made, 504 for a timeout, 502 for the rest.
problem to_problem(const call_failure& failed);

/// A call as a client hands it on. All views must live until the task has ended.
struct outgoing_call {
  http::client_request request;  ///< without a host
  std::string_view endpoint{};   ///< its pattern, for logs
  /// In place of the caller's own policy.
  const retry_policy* retry = nullptr;
  bool has_idempotency_key = false;
  /// For the whole call, in place of the policy's deadline.
  std::optional<std::chrono::nanoseconds> timeout{};
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
  /// What is known of the service and was decided about it, as JSON, for an endpoint that shows it;
  /// null where nothing is.
  virtual json::raw report() { return {}; }
};

}  // namespace ferrule
