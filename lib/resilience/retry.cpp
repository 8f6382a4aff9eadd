#include "ferrule/resilience/retry.hpp"

#include "ferrule/resilience/decision_log.hpp"
#include "ferrule/resilience/retry_after.hpp"

namespace ferrule {

using std::chrono::nanoseconds;

retry_state::retry_state(const retry_policy& policy, const retry_call& call, retry_budget& budget,
                         retry_allowance& allowance, mono_time now) noexcept
    : policy_(&policy),
      budget_(&budget),
      allowance_(&allowance),
      deadline_(std::min(call.deadline, saturating_add(now, policy.deadline))),
      may_repeat_(is_idempotent(call.verb) || policy.has_idempotency_key ||
                  call.has_idempotency_key) {
  budget.deposit(now);
}

mono_time retry_state::begin_try(mono_time now) noexcept {
  ++tries_;
  return std::min(deadline_, saturating_add(now, policy_->try_timeout));
}

retry_verdict retry_state::verdict(mono_time now, const retry_decision& inputs,
                                   const try_failure& failure) const noexcept {
  if (!may_repeat_ && failure.was_sent) return retry_verdict::not_idempotent;
  if (!is_retryable(inputs.status)) return retry_verdict::not_retryable;
  if (tries_ >= policy_->tries_max) return retry_verdict::no_tries;
  if (saturating_add(now, nanoseconds(inputs.wait_ns)) >= deadline_) return retry_verdict::no_time;
  if (allowance_->left() == 0) return retry_verdict::no_allowance;
  // Asked last: what is withdrawn is used.
  return budget_->try_withdraw(now) ? retry_verdict::retry : retry_verdict::no_budget;
}

retry_decision retry_state::failed(mono_time now, rng& random,
                                   const try_failure& failure) noexcept {
  const nanoseconds ceiling = backoff_ceiling(*policy_, tries_);
  const nanoseconds asked = std::clamp<nanoseconds>(failure.retry_after.value_or(nanoseconds(0)),
                                                    nanoseconds(0), retry_after_max);
  const nanoseconds jitter(random.below(static_cast<std::uint64_t>(ceiling.count()) + 1));
  const nanoseconds wait = asked + std::min(jitter, nanoseconds::max() - asked);
  retry_decision decision{
      .at_ns = nanoseconds_of(now),
      .wait_ns = wait.count(),
      .tries = tries_,
      .status = failure.status,
      .backoff_ceiling_ns = ceiling.count(),
      .retry_after_ns = asked.count(),
      .time_left_ns = nanoseconds(deadline_ - now).count(),
      .budget = budget_->balance(now),
      .allowance = allowance_->left(),
  };
  decision.verdict = verdict(now, decision, failure);
  if (decision.verdict == retry_verdict::retry) {
    allowance_->try_take();
  } else {
    decision.wait_ns = 0;
  }
  return decision;
}

}  // namespace ferrule
