#pragma once
/// @file
/// What the end of a try says, and to whom: a class for each way in which it can end, and one table
/// of what each class means for retry, balancer, ejection, breaker and concurrency limit.
///
/// ```cpp
/// constexpr ferrule::outcome_meaning dead =
///     ferrule::meaning_of(ferrule::outcome_class::not_reached);
/// static_assert(dead.fails_over && dead.ejection == ferrule::ejection_signal::unreachable);
/// ```
///
/// Sources: Finagle's ResponseClassifier, by which an application says what failed and what may be
/// asked again; Envoy's outlier detection, which tells what a host answered from what kept it from
/// being reached ("external" and "local origin").

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ferrule {

/// How a try ended, as far as policies are concerned.
enum class outcome_class : std::uint8_t {
  success,       ///< an answer, be it to a mistake of the caller
  failure,       ///< an answer that says that the service failed: 500 to 599
  overload,      ///< an answer that says that it had no room: 429, or 503 with Retry-After
  broken,        ///< the connection was lost or the answer made no sense, after something was sent
  timed_out,     ///< it had all the time of a try, or much more than this endpoint usually takes
  not_reached,   ///< there was no connection: nothing was sent
  stale,         ///< the server had closed the kept connection just before: it may do so any time
  cut_short,     ///< whoever asked did not wait longer, or was cancelled
  refused_here,  ///< by a limit of this side: the endpoint knows nothing of it
  not_sendable,  ///< the same request could be sent to nobody
  not_taken,     ///< an answer larger than this side takes, most likely of whomever was asked
};
inline constexpr std::size_t outcome_classes = 11;

/// Whether the request may be tried again, provided that it is idempotent or was never sent.
enum class retry_rule : std::uint8_t {
  never,
  by_status,  ///< as `is_retryable` says
  always,
};

/// What a balancer learns of an endpoint's latency.
enum class latency_signal : std::uint8_t {
  none,
  taken,      ///< so long does it take
  at_least,   ///< no less than so long, and than what was known: a quick failure is not quick
  penalised,  ///< as if it had taken very long
};

/// What ejection learns.
enum class ejection_signal : std::uint8_t { none, succeeded, failed, unreachable };

/// How a call ended, as a breaker sees it: `ignored` for what says nothing about the service.
enum class call_result : std::uint8_t { succeeded, failed, ignored };

/// What a concurrency limit learns.
enum class limit_signal : std::uint8_t {
  none,
  taken,     ///< so long does it take: queueing shows in it
  at_least,  ///< no less than so long, which counts if it is longer than usual
  overload,  ///< there were too many
};

/// A line of the table.
struct outcome_meaning {
  retry_rule retry = retry_rule::never;
  /// To an endpoint in good standing that the call has not tried, it may go at once.
  bool fails_over = false;
  latency_signal balancer = latency_signal::none;
  ejection_signal ejection = ejection_signal::none;
  call_result breaker = call_result::ignored;  ///< if the call ends with it
  limit_signal limit = limit_signal::none;

  constexpr bool operator==(const outcome_meaning&) const = default;
};

namespace detail {
// In the order of outcome_class; client/calls.md has it with reasons.
inline constexpr std::array<outcome_meaning, outcome_classes> outcome_table{{
    // success
    {retry_rule::by_status, false, latency_signal::taken, ejection_signal::succeeded,
     call_result::succeeded, limit_signal::taken},
    // failure
    {retry_rule::by_status, true, latency_signal::at_least, ejection_signal::failed,
     call_result::failed, limit_signal::none},
    // overload
    {retry_rule::always, false, latency_signal::penalised, ejection_signal::none,
     call_result::ignored, limit_signal::overload},
    // broken
    {retry_rule::always, true, latency_signal::penalised, ejection_signal::failed,
     call_result::failed, limit_signal::none},
    // timed_out
    {retry_rule::always, true, latency_signal::penalised, ejection_signal::failed,
     call_result::failed, limit_signal::taken},
    // not_reached
    {retry_rule::always, true, latency_signal::penalised, ejection_signal::unreachable,
     call_result::failed, limit_signal::none},
    // stale
    {retry_rule::always, true, latency_signal::none, ejection_signal::none, call_result::ignored,
     limit_signal::none},
    // cut_short
    {retry_rule::never, false, latency_signal::at_least, ejection_signal::none,
     call_result::ignored, limit_signal::at_least},
    // refused_here
    {},
    // not_sendable
    {},
    // not_taken
    {retry_rule::never, false, latency_signal::penalised, ejection_signal::none,
     call_result::ignored, limit_signal::none},
}};
}  // namespace detail

/// What a try of that class means.
constexpr const outcome_meaning& meaning_of(outcome_class how) noexcept {
  return detail::outcome_table[static_cast<std::size_t>(how)];
}

}  // namespace ferrule
