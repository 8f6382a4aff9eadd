#pragma once
/// @file
/// A service that is called: its endpoints, and the layers that a call to it goes through.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// constexpr ferrule::upstream_settings settings = ferrule::checked_upstream(
///     {.retry = {.tries_max = 2, .try_timeout = 400ms, .backoff_max = 100ms, .deadline = 2s},
///      .bulkhead = ferrule::bulkhead_settings{.running_max = 100}});
///
/// ferrule::task<int> status_of_users(ferrule::transport& network, ferrule::executor& loop) {
///   std::vector<ferrule::origin> where = {*ferrule::origin::parse("http://10.0.0.1:8001"),
///                                         *ferrule::origin::parse("http://10.0.0.2:8001")};
///   ferrule::upstream users("users", network, std::move(where), loop, settings);
///   auto answered = co_await users.call({.request = {.target = "/users/7"}});
///   co_return answered ? answered->status() : 0;
/// }
/// ```
///
/// A call goes from the outside in through
///
/// 1. the **total timeout**: the policy's deadline (2 s), or the call's own, and never beyond the
///    deadline of the request that is being served;
/// 2. the **rate limit**, if there is one: refuses;
/// 3. the **breaker**: refuses while it is open. It judges calls, and knows nothing of tries;
/// 4. **retry** with its budget and the request's allowance. Each try, on its own, goes through
/// 5. the **bulkhead**, if there is one: waits for a slot, or refuses;
/// 6. the **concurrency limit**, if there is one: refuses;
/// 7. the **balancer** with **ejection**: picks the endpoint last, when the call can be made at
///    once, so that no endpoint is charged with a call that waits;
/// 8. the **transport**. The try's time begins when there is a connection: waiting in a queue of
///    this side is no fault of the service.
///
/// What the end of a try means to each of them is one table, by `outcome_class`: see
/// resilience/outcome.hpp, and calls.md with the reasons.
///
/// Requests are tried again if their method is idempotent, if they carry an idempotency key, or if
/// nothing of them was sent. A retry goes to an endpoint that the call has not tried, if there is
/// one: rather to one whose last answer was good, and rather to an ejected one than to one that has
/// just failed. From an endpoint that is dead a call goes on at once, as long as there is one that
/// the call has not tried: see `retry_state::fail_over`.
///
/// The set of endpoints may change at any time, by `update`.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/call_stream.hpp"
#include "ferrule/client/caller.hpp"
#include "ferrule/client/classify.hpp"
#include "ferrule/client/upstream_endpoint.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/resilience/async_bulkhead.hpp"
#include "ferrule/resilience/balancer.hpp"
#include "ferrule/resilience/circuit_breaker.hpp"
#include "ferrule/resilience/concurrency_limit.hpp"
#include "ferrule/resilience/outlier_ejection.hpp"
#include "ferrule/resilience/rate_limiter.hpp"
#include "ferrule/resilience/retry.hpp"

namespace ferrule {

class endpoint_set;

/// Three tries of 600 ms in 2 s.
inline constexpr retry_policy upstream_retry =
    checked_retry_policy(method::get, {.tries_max = 3,
                                       .try_timeout = std::chrono::milliseconds(600),
                                       .backoff_base = std::chrono::milliseconds(25),
                                       .backoff_max = std::chrono::milliseconds(100),
                                       .deadline = std::chrono::seconds(2)});

/// Which layers there are. The defaults are shorter than those of the parts, so that a service that
/// returns is used again within seconds. Numbers and rates are one reactor's, as an `upstream` is:
/// `reactor::share_of` and `rate_share_of` divide what the process may do.
struct upstream_settings {
  /// `deadline` is the total timeout. A policy with a fault (see `fault_of`) ends the process.
  retry_policy retry = upstream_retry;
  /// How long a try may take to connect to an address; then it goes elsewhere. A pool's own limit
  /// holds for names, and if it is shorter. 0: 200 ms, ten times what it takes within a region, or
  /// a try's time if that is less.
  std::chrono::nanoseconds connect_timeout{0};
  /// Of which class an answer is. Of a stream it sees the head, with an empty body.
  outcome_class (*classify)(const http::client_response& answer) noexcept = classify_answer;
  retry_budget_settings budget{};
  balancer_settings balancer{.decay = std::chrono::seconds(1)};
  /// Success rates are compared from three endpoints on with some calls a second.
  std::optional<outlier_settings> ejection =
      outlier_settings{.consecutive_failures = 3,
                       .interval = std::chrono::seconds(1),
                       .ejection_base = std::chrono::seconds(2),
                       .ejection_max = std::chrono::seconds(8),
                       .ejection_jitter = std::chrono::milliseconds(500),
                       .ejected_share_max = 0.5,
                       .success_rate_endpoints_min = 3,
                       .success_rate_calls_min = 50,
                       .success_rate_deviations = 1.1,
                       .success_rate_drop_min = 0.1};
  /// A call is slow that took most of its time, retries included: three quarters, unless
  /// `slow_after` says otherwise. Trials are waited for 5 s, or a call's deadline if that is later,
  /// unless `half_open_wait_max` does.
  std::optional<circuit_breaker_settings> breaker =
      circuit_breaker_settings{.calls_min = 10,
                               .failure_rate = 0.6,
                               .open_wait = std::chrono::seconds(1),
                               .open_wait_max = std::chrono::seconds(5),
                               .half_open_calls = 3};
  std::optional<bulkhead_settings> bulkhead{};
  std::optional<concurrency_limit_settings> limit{};
  std::optional<rate_limit_settings> rate{};  ///< of all calls of this reactor together
  std::size_t decisions_max = 64;             ///< of retries, that are kept in the log
};

/// The same settings, with what was left open as the retry policy suggests it.
constexpr upstream_settings filled_in(upstream_settings settings) noexcept {
  constexpr std::chrono::nanoseconds open{0};
  const retry_policy& retry = settings.retry;
  if (settings.connect_timeout == open) {
    settings.connect_timeout =
        std::min<std::chrono::nanoseconds>(std::chrono::milliseconds(200), retry.try_timeout);
  }
  if (!settings.breaker) return settings;
  if (settings.breaker->slow_after == open) settings.breaker->slow_after = retry.deadline / 4 * 3;
  if (settings.breaker->half_open_wait_max == open) {
    settings.breaker->half_open_wait_max =
        std::max<std::chrono::nanoseconds>(std::chrono::seconds(5), retry.deadline);
  }
  return settings;
}

/// What is wrong with the settings of an upstream, beside its retry policy: one part switches
/// another off without a word.
enum class upstream_fault : std::uint8_t {
  none,
  connects_longer_than_a_try,
  slow_calls_end_before_they_are_slow,  ///< `slow_after` is no less than the call's deadline
  breaker_needs_more_calls_than_it_keeps,
  trials_may_outlast_their_time,  ///< `half_open_wait_max` is below the call's deadline
  bulkhead_waits_longer_than_a_call,
  no_success_rate_is_low_enough,  ///< see `can_eject_by_rate`
  ejects_for_longer_than_its_maximum,
};

/// Checks that the parts work together.
constexpr upstream_fault fault_of(const upstream_settings& given) noexcept {
  const upstream_settings settings = filled_in(given);
  if (settings.connect_timeout > settings.retry.try_timeout) {
    return upstream_fault::connects_longer_than_a_try;
  }
  if (const auto& breaker = settings.breaker) {
    if (breaker->slow_rate <= 1 && breaker->slow_after >= settings.retry.deadline) {
      return upstream_fault::slow_calls_end_before_they_are_slow;
    }
    if (breaker->window == circuit_window::calls && breaker->calls_min > breaker->window_calls) {
      return upstream_fault::breaker_needs_more_calls_than_it_keeps;
    }
    if (breaker->half_open_wait_max < settings.retry.deadline) {
      return upstream_fault::trials_may_outlast_their_time;
    }
  }
  if (const auto& ejection = settings.ejection) {
    if (!can_eject_by_rate(*ejection)) return upstream_fault::no_success_rate_is_low_enough;
    if (ejection->ejection_base > ejection->ejection_max) {
      return upstream_fault::ejects_for_longer_than_its_maximum;
    }
  }
  if (settings.bulkhead && settings.bulkhead->wait_max >= settings.retry.deadline) {
    return upstream_fault::bulkhead_waits_longer_than_a_call;
  }
  return upstream_fault::none;
}

namespace detail {

// Not constexpr and never defined: calling one ends constant evaluation with its name in the error.
void upstream_settings_let_a_try_connect_for_longer_than_it_may_take();
void upstream_settings_have_a_breaker_whose_slow_after_is_not_below_the_retry_deadline();
void upstream_settings_have_a_breaker_whose_calls_min_exceeds_its_window_calls();
void upstream_settings_have_a_breaker_whose_half_open_wait_max_is_below_the_retry_deadline();
void upstream_settings_have_a_bulkhead_whose_wait_max_is_not_below_the_retry_deadline();
void upstream_settings_have_an_ejection_whose_success_rate_deviations_no_endpoint_can_reach();
void upstream_settings_have_an_ejection_whose_base_exceeds_its_max();

consteval void refuse(upstream_fault fault) {
  switch (fault) {
    case upstream_fault::none:
      break;
    case upstream_fault::connects_longer_than_a_try:
      upstream_settings_let_a_try_connect_for_longer_than_it_may_take();
      break;
    case upstream_fault::slow_calls_end_before_they_are_slow:
      upstream_settings_have_a_breaker_whose_slow_after_is_not_below_the_retry_deadline();
      break;
    case upstream_fault::breaker_needs_more_calls_than_it_keeps:
      upstream_settings_have_a_breaker_whose_calls_min_exceeds_its_window_calls();
      break;
    case upstream_fault::trials_may_outlast_their_time:
      upstream_settings_have_a_breaker_whose_half_open_wait_max_is_below_the_retry_deadline();
      break;
    case upstream_fault::bulkhead_waits_longer_than_a_call:
      upstream_settings_have_a_bulkhead_whose_wait_max_is_not_below_the_retry_deadline();
      break;
    case upstream_fault::no_success_rate_is_low_enough:
      upstream_settings_have_an_ejection_whose_success_rate_deviations_no_endpoint_can_reach();
      break;
    case upstream_fault::ejects_for_longer_than_its_maximum:
      upstream_settings_have_an_ejection_whose_base_exceeds_its_max();
      break;
  }
}

}  // namespace detail

/// The settings, if they are sound: the retry policy, and the parts together; else a compile error
/// that says why not.
consteval upstream_settings checked_upstream(const upstream_settings& settings) {
  checked_retry_policy(method::get, settings.retry);
  detail::refuse(fault_of(settings));
  return settings;
}
static_assert(fault_of(upstream_settings{}) == upstream_fault::none);

/// One endpoint, for people and JSON.
struct upstream_endpoint_snapshot {
  std::string origin{};
  std::string id{};
  std::string zone{};
  std::map<std::string, std::string> labels{};
  bool is_leaving = false;  ///< removed, and kept by calls under way; its weight is 0
  bool is_doubted = false;  ///< its last try that says something failed
  balancer_endpoint_snapshot balance{};
  std::optional<outlier_endpoint_snapshot> ejection{};
};

/// All that is known and was decided, for people and JSON.
struct upstream_snapshot {
  std::string name{};
  std::vector<upstream_endpoint_snapshot> endpoints{};
  retry_budget_snapshot retry_budget{};
  std::optional<circuit_snapshot> breaker{};
  std::optional<bulkhead_snapshot> bulkhead{};
  std::optional<concurrency_limit_snapshot> limit{};
  std::optional<rate_limit_snapshot> rate{};
  decision_log<pick_decision> picks{0};
  decision_log<ejection_decision> ejections{0};
  decision_log<circuit_decision> circuit{0};
  decision_log<limit_decision> limits{0};
  decision_log<retry_decision> retries{0};
};

/// Calls one service. It neither moves nor dies while calls run.
/// Thread rule: belongs to the reactor's thread; make one for each reactor.
class upstream final : public caller {
 public:
  /// `name` is for people. `network` and `loop` must outlive it. `endpoints` are a set that
  /// `update` would take, or the process ends.
  upstream(std::string name, transport& network, std::vector<upstream_endpoint> endpoints,
           executor& loop, const upstream_settings& given = {});
  /// The same with `endpoints_at(addresses)`. A template, so that `{}` means the one above.
  template <class = void>
  upstream(std::string name, transport& network, const std::vector<origin>& addresses,
           executor& loop, const upstream_settings& given = {})
      : upstream(std::move(name), network, endpoints_at(addresses), loop, given) {}
  ~upstream() override;

  task<outcome> call(outgoing_call what) override;
  /// A response after which a call may be made again, such as 503 to a GET, is collected before
  /// that is decided, and given as a whole if it is the last.
  task<result<call_stream, call_failure>> open(outgoing_call what) override;

  /// From now on these are the endpoints. Who stays, by id and address, keeps what is known of it:
  /// latency, running calls, ejection; its weight, authority and labels may be others. Who joins
  /// begins with one call at a time and gets more as it answers (see balancer.hpp). Who is removed
  /// gets no calls and no retries; tries under way end as they would have, and what is known of it
  /// is forgotten when the last call has ended that tried it, unless it comes back before then. Its
  /// ejection is forgotten at once.
  /// With an empty set, or one of nothing but weights of 0, calls are refused at once:
  /// `shed_by::no_endpoint`.
  /// Errors: a set with a fault is not taken, and nothing changes.
  /// Allocates. Costs O(endpoints), and as much again for each that joins.
  result<endpoint_changes, endpoints_refusal> update(std::vector<upstream_endpoint> endpoints);

  const std::string& name() const noexcept { return name_; }
  /// To force its state, or null.
  circuit_breaker* breaker() noexcept { return breaker_ ? &*breaker_ : nullptr; }
  /// Allocates.
  upstream_snapshot snapshot();
  /// The snapshot.
  json::raw report() override;

 private:
  class permit;
  class held_call;
  class running_call;
  class hold;
  class opening;
  using answer = result<http::client_response, transport_failure>;
  struct ended_try {
    outcome got;
    outcome_class how;
  };

  /// With all that was left open filled in.
  upstream(const upstream_settings& settings, std::string name, transport& network,
           std::vector<upstream_endpoint> endpoints, executor& loop);

  std::optional<call_failure> refuse();
  task<outcome> run(outgoing_call what, opening* into);
  task<ended_try> attempt(running_call* of);
  task<answer> open_stream(running_call* of, hold* held, const origin* at,
                           http::client_request request);
  ended_try judge(hold& held, answer answered);
  bool may_go_on(running_call& of, const http::client_response& head,
                 outcome_class how) const noexcept;
  std::optional<retry_decision> after(running_call& of, const ended_try& ended);
  task<bool> enter_bulkhead();

  std::string name_;
  transport& network_;
  executor& loop_;
  retry_policy retry_;
  std::chrono::nanoseconds connect_timeout_;
  outcome_class (*classify_)(const http::client_response& answer) noexcept;
  retry_budget budget_;
  std::unique_ptr<endpoint_set> endpoints_;
  std::optional<circuit_breaker> breaker_;
  std::optional<async_bulkhead> bulkhead_;
  std::optional<concurrency_limit> limit_;
  std::optional<rate_limiter> rate_;
  decision_log<retry_decision> retries_;
};

}  // namespace ferrule
