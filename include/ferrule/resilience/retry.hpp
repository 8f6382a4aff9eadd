#pragma once
/// @file
/// Retrying a call: which failures, which requests, how often, after how long, and never beyond the
/// call's deadline.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// constexpr ferrule::retry_policy policy = ferrule::checked_retry_policy(
///     ferrule::method::get, {.tries_max = 3, .try_timeout = 200ms, .backoff_base = 10ms,
///                            .backoff_max = 100ms, .deadline = 1s});
///
/// inline ferrule::retry_decision after_a_503(ferrule::mono_time now, ferrule::rng& random) {
///   ferrule::retry_budget budget({}, now);
///   ferrule::retry_allowance allowance;
///   ferrule::retry_state call(policy, {ferrule::method::get}, budget, allowance, now);
///   const ferrule::mono_time answer_by = call.begin_try(now);
///   return call.failed(answer_by, random, {.status = 503});  // wait_ns, then begin_try again
/// }
/// ```
///
/// The wait is drawn anew each time from zero to `backoff_base` doubled with each try ("full
/// jitter"), so that clients that failed together do not return together. An answer's Retry-After
/// is waited for in full, and the jitter after it.
///
/// Sources: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; RFC 9110
/// sections 9.2.2 (idempotent methods) and 10.2.3 (Retry-After).

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/retry_allowance.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/http/method.hpp"
#include "ferrule/resilience/retry_budget.hpp"

namespace ferrule {

/// When and how long a call is retried. `checked_retry_policy` has the compiler check it;
/// `fault_of` checks one that was read at run time.
struct retry_policy {
  std::uint32_t tries_max = 3;  ///< the first included
  /// How long each try may take.
  std::chrono::nanoseconds try_timeout = std::chrono::seconds(1);
  /// The longest wait after the first try; it doubles with each further one, up to `backoff_max`.
  std::chrono::nanoseconds backoff_base = std::chrono::milliseconds(25);
  std::chrono::nanoseconds backoff_max = std::chrono::seconds(1);
  /// For the whole call: all tries and waits fit into it.
  std::chrono::nanoseconds deadline = std::chrono::seconds(10);
  /// Every request carries an idempotency key, by which the service tells a retry from a new
  /// request: then POST and PATCH are retried as well.
  bool has_idempotency_key = false;
};

/// The longest wait after try `tries` (from 1 on); never negative.
constexpr std::chrono::nanoseconds backoff_ceiling(const retry_policy& policy,
                                                   std::uint32_t tries) noexcept {
  using std::chrono::nanoseconds;
  const nanoseconds most = std::max(nanoseconds(0), policy.backoff_max);
  nanoseconds ceiling = std::max(nanoseconds(0), policy.backoff_base);
  for (std::uint32_t i = 1; i < tries && ceiling.count() > 0; ++i) {
    if (ceiling > most / 2) return most;
    ceiling *= 2;
  }
  return std::min(ceiling, most);
}

/// What is wrong with a policy.
enum class retry_fault : std::uint8_t {
  none,
  tries_not_from_1_to_100,
  try_timeout_not_positive,
  backoff_base_not_from_zero_to_backoff_max,
  exceeds_deadline,  ///< tries_max × try_timeout and the longest waits between them
  not_idempotent,
};

/// Checks a policy's numbers.
constexpr retry_fault fault_of(const retry_policy& policy) noexcept {
  using std::chrono::nanoseconds;
  if (policy.tries_max < 1 || policy.tries_max > 100) return retry_fault::tries_not_from_1_to_100;
  if (policy.try_timeout <= nanoseconds(0)) return retry_fault::try_timeout_not_positive;
  if (policy.backoff_base < nanoseconds(0) || policy.backoff_base > policy.backoff_max) {
    return retry_fault::backoff_base_not_from_zero_to_backoff_max;
  }
  nanoseconds left = policy.deadline;  // counted down, for a sum of such times could overflow
  for (std::uint32_t tries = 1; tries <= policy.tries_max; ++tries) {
    const bool is_last = tries == policy.tries_max;
    const nanoseconds wait = is_last ? nanoseconds(0) : backoff_ceiling(policy, tries);
    if (left < policy.try_timeout || left - policy.try_timeout < wait) {
      return retry_fault::exceeds_deadline;
    }
    left -= policy.try_timeout + wait;
  }
  return retry_fault::none;
}

/// Methods whose requests may be sent twice (RFC 9110 section 9.2.2).
constexpr bool is_idempotent(method verb) noexcept {
  return verb == method::get || verb == method::head || verb == method::put ||
         verb == method::delete_ || verb == method::options || verb == method::trace;
}

/// Checks a policy for requests of that method.
constexpr retry_fault fault_of(const retry_policy& policy, method verb) noexcept {
  if (policy.tries_max > 1 && !is_idempotent(verb) && !policy.has_idempotency_key) {
    return retry_fault::not_idempotent;
  }
  return fault_of(policy);
}

namespace detail {

// Not constexpr and never defined: calling one ends constant evaluation with its name in the error.
void retry_policy_must_have_from_1_to_100_tries();
void retry_policy_must_have_a_positive_try_timeout();
void retry_policy_must_have_a_backoff_base_from_zero_to_its_backoff_max();
void retry_policy_has_tries_and_backoffs_that_exceed_its_deadline();
void retry_policy_is_for_idempotent_methods_or_requests_with_an_idempotency_key();

consteval void refuse(retry_fault fault) {
  switch (fault) {
    case retry_fault::none:
      break;
    case retry_fault::tries_not_from_1_to_100:
      retry_policy_must_have_from_1_to_100_tries();
      break;
    case retry_fault::try_timeout_not_positive:
      retry_policy_must_have_a_positive_try_timeout();
      break;
    case retry_fault::backoff_base_not_from_zero_to_backoff_max:
      retry_policy_must_have_a_backoff_base_from_zero_to_its_backoff_max();
      break;
    case retry_fault::exceeds_deadline:
      retry_policy_has_tries_and_backoffs_that_exceed_its_deadline();
      break;
    case retry_fault::not_idempotent:
      retry_policy_is_for_idempotent_methods_or_requests_with_an_idempotency_key();
      break;
  }
}

}  // namespace detail

/// The policy, if it is one for requests of that method; else a compile error that says why not.
consteval retry_policy checked_retry_policy(method verb, const retry_policy& policy) {
  detail::refuse(fault_of(policy, verb));
  return policy;
}

/// Whether an answer of that status may be another when asked again: 408, 425 (RFC 8470), 429, 502,
/// 503 and 504. 0 stands for no answer: refused, reset, timed out.
constexpr bool is_retryable(int status) noexcept {
  return status == 0 || status == 408 || status == 425 || status == 429 || status == 502 ||
         status == 503 || status == 504;
}

/// What the policy has to know of a call.
struct retry_call {
  method verb = method::get;
  mono_time deadline = no_deadline;  ///< of whoever makes the call; the earlier one counts
  bool has_idempotency_key = false;  ///< this request does, whatever the policy says of all
};

/// How a try ended.
struct try_failure {
  int status = 0;  ///< of the answer; 0 when there was none
  /// What `parse_retry_after` found; taken as at most `retry_after_max`.
  std::optional<std::chrono::nanoseconds> retry_after{};
  /// False: the server cannot have acted on the request, so any method may be tried again.
  bool was_sent = true;
  /// Another try may end otherwise, whatever the status is.
  bool may_pass = false;
};

/// Retry, or why not.
enum class retry_verdict : std::uint8_t {
  retry,
  fail_over,       ///< at once, and it is none of `tries_max`
  not_idempotent,  ///< the request must not be sent twice, and may have been sent
  not_retryable,   ///< the answer would be the same
  no_tries,        ///< `tries_max` were made
  no_time,         ///< the wait would end at the deadline or later
  no_allowance,    ///< the request's retries are used up, here or elsewhere in the call tree
  no_budget,       ///< this client's are
};

/// A decision with its inputs; for a `decision_log`.
struct retry_decision {
  std::int64_t at_ns = 0;
  retry_verdict verdict = retry_verdict::retry;
  std::int64_t wait_ns = 0;  ///< until the next try
  std::uint32_t tries = 0;   ///< made so far
  int status = 0;
  std::int64_t backoff_ceiling_ns = 0;
  std::int64_t retry_after_ns = 0;  ///< 0: the answer did not say
  std::int64_t time_left_ns = 0;    ///< to the call's deadline
  std::int64_t budget = 0;          ///< retries that the client had left before this decision
  std::uint32_t allowance = 0;      ///< and the request
};

/// One call and its tries. Memory: this object. Cost: O(1) an event, apart from the doubling, which
/// is O(tries). Thread rule: belongs to one thread; policy, budget and allowance outlive it.
class retry_state {
 public:
  /// The call begins: the budget gets its deposit.
  retry_state(const retry_policy& policy, const retry_call& call, retry_budget& budget,
              retry_allowance& allowance, mono_time now) noexcept;

  /// Counts a try and says by when it has to be done.
  mono_time begin_try(mono_time now) noexcept;
  /// A try failed: whether to wait `wait_ns` and begin another. Then the budget and the allowance
  /// have paid for it.
  retry_decision failed(mono_time now, rng& random, const try_failure& failure) noexcept;
  /// A try failed, and there is an endpoint that has not: whether to begin another try there, at
  /// once. It is none of the policy's tries and costs no allowance, for it looks for a better
  /// endpoint and repeats nothing there; the budget pays if the failed one may have acted on the
  /// request. Whoever asks bounds them: each endpoint has one, and only what is in good standing.
  retry_decision fail_over(mono_time now, const try_failure& failure) noexcept;

  /// That were begun, all together.
  std::uint32_t tries() const noexcept { return tries_; }
  /// Whether the request may be sent again although it may have been acted on.
  bool may_repeat() const noexcept { return may_repeat_; }
  mono_time deadline() const noexcept { return deadline_; }

 private:
  std::uint32_t counted_tries() const noexcept { return tries_ - failed_over_; }
  retry_decision inputs_of(mono_time now, const try_failure& failure) const noexcept;
  retry_verdict verdict(mono_time now, const retry_decision& inputs,
                        const try_failure& failure) const noexcept;
  retry_verdict verdict_on_failing_over(mono_time now, const try_failure& failure) const noexcept;

  const retry_policy* policy_;
  retry_budget* budget_;
  retry_allowance* allowance_;
  mono_time deadline_;
  std::uint32_t tries_ = 0;
  std::uint32_t failed_over_ = 0;
  bool may_repeat_;
};

}  // namespace ferrule
