#pragma once
/// @file
/// Of which `outcome_class` an answer is, or a try without one. An application that knows more of
/// its service's answers gives the upstream a function of its own.
///
/// ```cpp
/// #include "ferrule/client/upstream.hpp"
///
/// inline ferrule::outcome_class of_a_store(
///     const ferrule::http::client_response& answer) noexcept {
///   if (answer.status() == 507) return ferrule::outcome_class::overload;  // its disk is full
///   return ferrule::classify_answer(answer);
/// }
/// constexpr ferrule::upstream_settings to_the_store{.classify = of_a_store};
/// ```

#include "ferrule/client/transport.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/resilience/outcome.hpp"

namespace ferrule {

/// 429, and 503 with Retry-After, are `overload`; else 500 to 599 are `failure`; all else, mistakes
/// of the caller included, is `success`.
constexpr outcome_class classify_status(int status, bool has_retry_after) noexcept {
  if (status == 429 || (status == 503 && has_retry_after)) return outcome_class::overload;
  return status >= 500 && status <= 599 ? outcome_class::failure : outcome_class::success;
}
/// The same of an answer.
inline outcome_class classify_answer(const http::client_response& answer) noexcept {
  return classify_status(answer.status(), !answer.header("Retry-After").empty());
}

/// A try without an answer. Whether a `timeout` was the endpoint's is for those to say who know
/// how much time there was: it is `timed_out` here.
constexpr outcome_class classify_failure(transport_error error) noexcept {
  switch (error) {
    case transport_error::invalid_request:
    case transport_error::unsupported_scheme:
      return outcome_class::not_sendable;
    case transport_error::too_large:
      return outcome_class::not_taken;
    case transport_error::no_resources:
    case transport_error::too_many:
    case transport_error::queue_timeout:
      return outcome_class::refused_here;
    case transport_error::unknown_host:
    case transport_error::name_lookup_failed:
    case transport_error::connect_failed:
    case transport_error::connect_timeout:
    case transport_error::proxy_failed:
      return outcome_class::not_reached;
    case transport_error::stale_connection:
      return outcome_class::stale;
    case transport_error::no_response:
    case transport_error::closed_early:
    case transport_error::malformed:
    case transport_error::bad_encoding:
      return outcome_class::broken;
    case transport_error::timeout:
      return outcome_class::timed_out;
  }
  return outcome_class::broken;
}

}  // namespace ferrule
