#pragma once
/// @file
/// What went wrong with a call: on which side, and whether the service can have acted on it.
///
/// ```cpp
/// ferrule::problem answer_instead(const ferrule::call_failure& failed) {
///   return ferrule::to_problem(failed);  // 503 with Retry-After, 504 or 502
/// }
/// ```

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ferrule/api/problem.hpp"
#include "ferrule/client/transport_error.hpp"

namespace ferrule {

/// How a call ended that did not bring what its endpoint promises.
enum class call_fault : std::uint8_t {
  transport,     ///< no answer: `transport` says why
  timeout,       ///< no response in time: the call's, its last try's, or the served request's
  circuit_open,  ///< not made: the breaker is open
  shed,          ///< not made: a limit of this side, `shed` says which
  declared,      ///< answered with one of the endpoint's declared errors
  undeclared,    ///< answered with another problem or status
  unreadable,    ///< answered with success, but the answer is not what the endpoint promises
  broken_off,    ///< of a stream: answered, and then it broke off: `transport` says why
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
  transport_error transport = transport_error::no_response;  ///< of `transport` and `broken_off`
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

}  // namespace ferrule
