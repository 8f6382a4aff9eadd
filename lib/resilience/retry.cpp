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
  if (!failure.may_pass && !is_retryable(inputs.status)) return retry_verdict::not_retryable;
  if (counted_tries() >= policy_->tries_max) return retry_verdict::no_tries;
  if (saturating_add(now, nanoseconds(inputs.wait_ns)) >= deadline_) return retry_verdict::no_time;
  if (allowance_->left() == 0) return retry_verdict::no_allowance;
  // Asked last: what is withdrawn is used.
  return budget_->try_withdraw(now) ? retry_verdict::retry : retry_verdict::no_budget;
}

retry_decision retry_state::inputs_of(mono_time now, const try_failure& failure) const noexcept {
  return {
      .at_ns = nanoseconds_of(now),
      .tries = tries_,
      .status = failure.status,
      .time_left_ns = nanoseconds(deadline_ - now).count(),
      .budget = budget_->balance(now),
      .allowance = allowance_->left(),
  };
}

retry_decision retry_state::failed(mono_time now, rng& random,
                                   const try_failure& failure) noexcept {
  const nanoseconds ceiling = backoff_ceiling(*policy_, counted_tries());
  const nanoseconds asked = std::clamp<nanoseconds>(failure.retry_after.value_or(nanoseconds(0)),
                                                    nanoseconds(0), retry_after_max);
  const nanoseconds jitter(random.below(static_cast<std::uint64_t>(ceiling.count()) + 1));
  const nanoseconds wait = asked + std::min(jitter, nanoseconds::max() - asked);
  retry_decision decision = inputs_of(now, failure);
  decision.wait_ns = wait.count();
  decision.backoff_ceiling_ns = ceiling.count();
  decision.retry_after_ns = asked.count();
  decision.verdict = verdict(now, decision, failure);
  if (decision.verdict == retry_verdict::retry) {
    allowance_->try_take();
  } else {
    decision.wait_ns = 0;
  }
  return decision;
}

retry_verdict retry_state::verdict_on_failing_over(mono_time now,
                                                   const try_failure& failure) const noexcept {
  if (!may_repeat_ && failure.was_sent) return retry_verdict::not_idempotent;
  if (now >= deadline_) return retry_verdict::no_time;
  if (failure.was_sent && !budget_->try_withdraw(now)) return retry_verdict::no_budget;
  return retry_verdict::fail_over;
}

retry_decision retry_state::fail_over(mono_time now, const try_failure& failure) noexcept {
  retry_decision decision = inputs_of(now, failure);
  decision.verdict = verdict_on_failing_over(now, failure);
  if (decision.verdict == retry_verdict::fail_over) ++failed_over_;
  return decision;
}

}  // namespace ferrule
