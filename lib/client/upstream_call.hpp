#pragma once
// What a call of an upstream holds until it has ended, with its stream if it has one: the breaker's
// permit and the endpoints it has tried, and what one try holds of the layers below the retry; and
// the state that its tries share. However they end, each layer gets back what is its.

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "client/call_note.hpp"
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
    on_.breaker_->record(*given_, now, on_.loop_.random(),
                         {result_, std::min(now, answered_at_) - begun_});
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
  /// A stream has begun: how long it lasts says nothing.
  void note_answer() noexcept { answered_at_ = on_.loop_.now(); }

 private:
  upstream& on_;
  mono_time begun_;
  mono_time answered_at_ = no_deadline;
  std::optional<circuit_permit> given_;
  call_result result_ = call_result::ignored;
  bool is_trial_ = false;
};

/// What a call holds until it has ended: the permit, and the endpoints that it has tried.
class upstream::held_call {
 public:
  explicit held_call(upstream& on) noexcept
      : note(on.name_, on.loop_), allowed(on), endpoints_(*on.endpoints_) {}
  held_call(const held_call&) = delete;
  held_call& operator=(const held_call&) = delete;
  ~held_call() {
    for (const std::uint32_t each : tried_) endpoints_.release(each);
  }

  call_note note;
  permit allowed;

  /// Endpoints that the call has tried, in ascending order.
  std::span<const std::uint32_t> tried() const noexcept { return tried_; }
  void note_tried(std::uint32_t endpoint) {
    const auto at = std::ranges::lower_bound(tried_, endpoint);
    if (at != tried_.end() && *at == endpoint) return;
    tried_.insert(at, endpoint);
    endpoints_.keep(endpoint);
  }

 private:
  endpoint_set& endpoints_;
  std::vector<std::uint32_t> tried_;
};

/// One call while it is made, and what its tries share.
class upstream::running_call {
 public:
  /// `stream`: where the call's stream and what it holds go; null: the response is wanted whole.
  running_call(upstream& on, const outgoing_call& what, const environment& env, held_call& held,
               opening* stream)
      : what_(what),
        policy_(what.retry != nullptr ? *what.retry : on.retry_),
        env_(env),
        held_(held),
        stream_(stream),
        state_(with_timeout(policy_, what.timeout),
               {.verb = parse_method(what.request.verb),
                .deadline = env.deadline,
                .has_idempotency_key = what.has_idempotency_key},
               on.budget_, allowance(), env.loop->now()) {}
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;

  const outgoing_call& what() const noexcept { return what_; }
  const environment& env() const noexcept { return env_; }
  retry_state& state() noexcept { return state_; }
  held_call& held() noexcept { return held_; }
  opening* stream() noexcept { return stream_; }
  bool is_trial() const noexcept { return held_.allowed.is_trial(); }
  retry_allowance& allowance() noexcept { return env_.retries != nullptr ? *env_.retries : own_; }

  std::chrono::nanoseconds try_timeout() const noexcept { return policy_.try_timeout; }
  /// How long a try is waited for. A request that cannot be sent twice has all the time for its
  /// one.
  std::chrono::nanoseconds answer_within() const noexcept {
    return state_.may_repeat() ? policy_.try_timeout : std::chrono::nanoseconds::max();
  }
  std::chrono::nanoseconds left() const noexcept { return state_.deadline() - env_.loop->now(); }
  /// What the endpoint is told: how long it is waited for. Nothing of a stream that may last.
  std::optional<std::chrono::nanoseconds> waits() const noexcept;
  bool has_stream() const noexcept;

 private:
  static retry_policy& with_timeout(retry_policy& policy,
                                    std::optional<std::chrono::nanoseconds> timeout) {
    if (timeout) policy.deadline = *timeout;
    return policy;
  }

  const outgoing_call& what_;
  retry_policy policy_;
  const environment& env_;
  held_call& held_;
  opening* stream_;
  retry_allowance own_;
  retry_state state_;
};

/// What a try holds of the layers below the retry, until its response or its stream has ended.
class upstream::hold {
 public:
  hold(upstream& on, held_call& call) noexcept : on_(on), call_(call) {}
  /// Of a try that is no longer watched. Nothing is held by the other one.
  hold(hold&& other) noexcept
      : on_(other.on_),
        call_(other.call_),
        watch_(other.watch_),
        picked_(std::move(other.picked_)),
        answer_(other.answer_),
        left_as_(other.left_as_),
        try_timeout_(other.try_timeout_),
        was_hurried_(other.was_hurried_),
        has_slot_(other.has_slot_),
        has_limit_(other.has_limit_),
        ended_(std::exchange(other.ended_, true)) {}
  hold& operator=(hold&&) = delete;
  /// Cancelled, refused by one of the layers, or a stream that was left before its end.
  ~hold() {
    if (!ended_) end(left_as_ ? *left_as_ : silence());
  }

  void take_slot() noexcept { has_slot_ = true; }
  void take_limit() noexcept { has_limit_ = true; }
  void take(const endpoint_set::taken& picked, const running_call& by);

  send_watch& watch() noexcept { return watch_; }
  /// Of which class a response is.
  outcome_class judge(const http::client_response& answer) noexcept;
  /// The class of a try that has had no answer until now.
  outcome_class silence() noexcept;
  void end(outcome_class how) noexcept;

  // Of a try with a stream.

  /// The response has begun, and so long it took; it is of this class if it comes to its end.
  void answer(outcome_class how) noexcept;
  /// From now on the endpoint has all that it needs to answer.
  void note_sent() noexcept { watch_.note_sent(on_.loop_.now()); }
  /// Who leaves the stream now says so of the try.
  void leave_as(outcome_class how) noexcept { left_as_ = how; }
  bool is_answered() const noexcept { return answer_.has_value(); }
  void end_answered() noexcept { end(answer_->how); }

 private:
  struct begun_answer {
    std::chrono::nanoseconds took;
    outcome_class how;
  };

  std::chrono::nanoseconds took() const noexcept;

  upstream& on_;
  held_call& call_;
  send_watch watch_;
  std::optional<endpoint_set::taken> picked_;
  std::optional<begun_answer> answer_;
  std::optional<outcome_class> left_as_;
  std::chrono::nanoseconds try_timeout_{0};
  bool was_hurried_ = false;
  bool has_slot_ = false;
  bool has_limit_ = false;
  bool ended_ = false;
};

/// What a stream holds of its upstream, and how its end is judged.
class upstream::opening final : public stream_account {
 public:
  void sent() noexcept override { held->note_sent(); }
  void send_failed(transport_error why, bool is_late) noexcept override;
  void answered(const response_head& head) override;
  void ended() noexcept override;
  void failed(transport_error why, bool is_late) noexcept override;

  std::optional<held_call> call;
  // Once the stream is open.
  std::optional<hold> held;
  std::optional<client_stream> stream;

 private:
  outcome_class class_of(transport_error why, bool is_late) noexcept;
};

inline bool upstream::running_call::has_stream() const noexcept {
  return stream_ != nullptr && stream_->stream;
}

}  // namespace ferrule
