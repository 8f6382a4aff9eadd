#include "ferrule/resilience/retry.hpp"

using namespace std::chrono_literals;
using ferrule::checked_retry_policy;
using ferrule::method;

//! case: tries and backoffs that exceed the deadline
//! expect: retry_policy_has_tries_and_backoffs_that_exceed_its_deadline
#ifdef REFUSED
constexpr auto p = checked_retry_policy(
    method::get, {.tries_max = 3, .try_timeout = 1s, .backoff_base = 100ms, .deadline = 3s});
#else
constexpr auto p = checked_retry_policy(
    method::get, {.tries_max = 3, .try_timeout = 1s, .backoff_base = 100ms, .deadline = 3300ms});
#endif

//! case: retries of what is not idempotent
//! expect: retry_policy_is_for_idempotent_methods_or_requests_with_an_idempotency_key
#ifdef REFUSED
constexpr auto p = checked_retry_policy(method::post, {.tries_max = 2});
#else
constexpr auto p =
    checked_retry_policy(method::post, {.tries_max = 2, .has_idempotency_key = true});
#endif

//! case: no try at all
//! expect: retry_policy_must_have_from_1_to_100_tries
#ifdef REFUSED
constexpr auto p = checked_retry_policy(method::get, {.tries_max = 0});
#else
constexpr auto p = checked_retry_policy(method::get, {.tries_max = 1});
#endif

//! case: tries without time
//! expect: retry_policy_must_have_a_positive_try_timeout
#ifdef REFUSED
constexpr auto p = checked_retry_policy(method::get, {.try_timeout = 0s});
#else
constexpr auto p = checked_retry_policy(method::get, {.try_timeout = 1ms});
#endif

//! case: a backoff that begins above its maximum
//! expect: retry_policy_must_have_a_backoff_base_from_zero_to_its_backoff_max
#ifdef REFUSED
constexpr auto p = checked_retry_policy(method::get, {.backoff_base = 2s, .backoff_max = 1s});
#else
constexpr auto p = checked_retry_policy(method::get, {.backoff_base = 1s, .backoff_max = 1s});
#endif
