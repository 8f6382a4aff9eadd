#pragma once
// What a call of an upstream holds while it runs: the breaker's permit, the state that its tries
// share, and what one try holds of the layers below the retry. However they end, each layer gets
// back what is its.

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "client/endpoint_set.hpp"
#include "ferrule/client/upstream.hpp"

namespace ferrule {

/// The breaker's permit to make one call.
class upstream::permit {
 public:
  explicit permit(upstream& on) noexcept : on_(on), begun_(on.loop_.now()) {}
  permit(const permit&) = delete;
  permit& operator=(const permit&) = delete;
  ~permit() {
    if (!given_) return;
    const mono_time now = on_.loop_.now();
    on_.breaker_->record(*given_, now, on_.loop_.random(), {result_, now - begun_});
  }

  /// Why there is none.
  std::optional<call_failure> refused() {
    if (!on_.breaker_) return std::nullopt;
    given_ = on_.breaker_->try_acquire(begun_, on_.loop_.random());
    is_trial_ = on_.breaker_->state() == circuit_state::half_open;
    if (given_) return std::nullopt;
    const std::chrono::nanoseconds wait(on_.breaker_->snapshot(begun_).opens_again_ns);
    return call_failure{.fault = call_fault::circuit_open, .retry_after = wait};
  }
  /// The breaker is half-open, and finds out by this call whether the service is well.
  bool is_trial() const noexcept { return is_trial_; }
  /// A call ends as its last try that says something about the service.
  void judge(outcome_class how) noexcept {
    const call_result result = meaning_of(how).breaker;
    if (result != call_result::ignored) result_ = result;
  }

 private:
  upstream& on_;
  mono_time begun_;
  std::optional<circuit_permit> given_;
  call_result result_ = call_result::ignored;
  bool is_trial_ = false;
};

/// One call and what its tries share.
class upstream::running_call {
 public:
  running_call(upstream& on, const outgoing_call& what, const environment& env, permit& allowed)
      : endpoints_(*on.endpoints_),
        what_(what),
        policy_(what.retry != nullptr ? *what.retry : on.retry_),
        env_(env),
        allowed_(allowed),
        state_(with_timeout(policy_, what.timeout),
               {.verb = parse_method(what.request.verb),
                .deadline = env.deadline,
                .has_idempotency_key = what.has_idempotency_key},
               on.budget_, allowance(), env.loop->now()) {}
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;
  ~running_call() {
    for (const std::uint32_t each : tried_) endpoints_.release(each);
  }

  const outgoing_call& what() const noexcept { return what_; }
  const environment& env() const noexcept { return env_; }
  retry_state& state() noexcept { return state_; }
  void judge(outcome_class how) noexcept { allowed_.judge(how); }
  bool is_trial() const noexcept { return allowed_.is_trial(); }
  retry_allowance& allowance() noexcept { return env_.retries != nullptr ? *env_.retries : own_; }

  /// Endpoints that the call has tried, in ascending order. It keeps them until it has ended.
  std::span<const std::uint32_t> tried() const noexcept { return tried_; }
  void note_tried(std::uint32_t endpoint) {
    const auto at = std::ranges::lower_bound(tried_, endpoint);
    if (at != tried_.end() && *at == endpoint) return;
    tried_.insert(at, endpoint);
    endpoints_.keep(endpoint);
  }

  std::chrono::nanoseconds try_timeout() const noexcept { return policy_.try_timeout; }
  /// How long a try is waited for. A request that cannot be sent twice has all the time for its
  /// one.
  std::chrono::nanoseconds answer_within() const noexcept {
    return state_.may_repeat() ? policy_.try_timeout : std::chrono::nanoseconds::max();
  }
  std::chrono::nanoseconds left() const noexcept { return state_.deadline() - env_.loop->now(); }

 private:
  static retry_policy& with_timeout(retry_policy& policy,
                                    std::optional<std::chrono::nanoseconds> timeout) {
    if (timeout) policy.deadline = *timeout;
    return policy;
  }

  endpoint_set& endpoints_;
  const outgoing_call& what_;
  retry_policy policy_;
  const environment& env_;
  permit& allowed_;
  retry_allowance own_;
  retry_state state_;
  std::vector<std::uint32_t> tried_;
};

/// What a try holds of the layers below the retry.
class upstream::hold {
 public:
  hold(upstream& on, running_call& call) noexcept : on_(on), call_(call) {}
  hold(const hold&) = delete;
  hold& operator=(const hold&) = delete;
  /// Cancelled, or refused by one of the layers.
  ~hold() {
    if (!ended_) end(silence());
  }

  void take_slot() noexcept { has_slot_ = true; }
  void take_limit() noexcept { has_limit_ = true; }
  void take(const endpoint_set::taken& picked);

  send_watch& watch() noexcept { return watch_; }
  /// The call had less time than a try has, so that the endpoint is not to blame for the lack of
  /// it.
  bool was_hurried() const noexcept { return was_hurried_; }
  /// The class of a try that has had no answer until now.
  outcome_class silence() noexcept;
  void end(outcome_class how) noexcept;

 private:
  std::chrono::nanoseconds took() const noexcept;

  upstream& on_;
  running_call& call_;
  send_watch watch_;
  std::optional<endpoint_set::taken> picked_;
  bool was_hurried_ = false;
  bool has_slot_ = false;
  bool has_limit_ = false;
  bool ended_ = false;
};

}  // namespace ferrule
