#pragma once
/// @file
/// A service that is called: its endpoints, and the layers that a call to it goes through.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// constexpr ferrule::upstream_settings settings = ferrule::checked_upstream(
///     {.retry = {.tries_max = 2, .try_timeout = 400ms, .backoff_max = 100ms, .deadline = 1s},
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
/// 3. **retry** with its budget and the request's allowance. Each try, on its own, goes through
/// 4. the **breaker**: refuses while it is open;
/// 5. the **bulkhead**, if there is one: waits for a slot, or refuses;
/// 6. the **concurrency limit**, if there is one: refuses;
/// 7. the **balancer** with **ejection**: picks the endpoint last, when the call can be made at
///    once, so that no endpoint is charged with a call that waits. A retry goes to an endpoint that
///    the call has not tried, if there is one, and rather to an ejected one than to one that has
///    just failed; if that answers, it is back;
/// 8. the **transport**, with the try's timeout.
///
/// A try has failed, for breaker and ejection, when there was no answer or one of 500 to 599. What
/// a limit of this side refuses, and what is cancelled, counts for nothing. Requests are tried
/// again if their method is idempotent, if they carry an idempotency key, or if nothing of them was
/// sent.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/client/caller.hpp"
#include "ferrule/resilience/async_bulkhead.hpp"
#include "ferrule/resilience/balancer.hpp"
#include "ferrule/resilience/circuit_breaker.hpp"
#include "ferrule/resilience/concurrency_limit.hpp"
#include "ferrule/resilience/outlier_ejection.hpp"
#include "ferrule/resilience/rate_limiter.hpp"
#include "ferrule/resilience/retry.hpp"

namespace ferrule {

/// Three tries of 600 ms in 2 s.
inline constexpr retry_policy upstream_retry =
    checked_retry_policy(method::get, {.tries_max = 3,
                                       .try_timeout = std::chrono::milliseconds(600),
                                       .backoff_base = std::chrono::milliseconds(25),
                                       .backoff_max = std::chrono::milliseconds(100),
                                       .deadline = std::chrono::seconds(2)});

/// Which layers there are. The defaults are shorter than those of the parts, so that a service that
/// returns is used again within seconds.
struct upstream_settings {
  /// `deadline` is the total timeout. A policy with a fault (see `fault_of`) ends the process.
  retry_policy retry = upstream_retry;
  retry_budget_settings budget{};
  balancer_settings balancer{.decay = std::chrono::seconds(1)};
  std::optional<outlier_settings> ejection =
      outlier_settings{.interval = std::chrono::seconds(1),
                       .ejection_base = std::chrono::seconds(2),
                       .ejection_max = std::chrono::seconds(8),
                       .ejection_jitter = std::chrono::milliseconds(500),
                       .ejected_share_max = 0.5};
  /// Above one half, so that it stays closed as long as retries elsewhere succeed.
  std::optional<circuit_breaker_settings> breaker =
      circuit_breaker_settings{.calls_min = 10,
                               .failure_rate = 0.6,
                               .open_wait = std::chrono::seconds(1),
                               .open_wait_max = std::chrono::seconds(5),
                               .half_open_calls = 3,
                               .half_open_wait_max = std::chrono::seconds(5)};
  std::optional<bulkhead_settings> bulkhead{};
  std::optional<concurrency_limit_settings> limit{};
  std::optional<rate_limit_settings> rate{};  ///< of all calls together
  std::size_t decisions_max = 64;             ///< of retries, that are kept in the log
};

/// The settings, if their retry policy is sound; else a compile error that says why not.
consteval upstream_settings checked_upstream(const upstream_settings& settings) {
  checked_retry_policy(method::get, settings.retry);
  return settings;
}

/// One endpoint, for people and JSON.
struct upstream_endpoint_snapshot {
  std::string origin{};
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
  /// `name` is for people. `network` and `loop` must outlive it. At most
  /// `balancer_settings::endpoints_max` endpoints.
  upstream(std::string name, transport& network, std::vector<origin> endpoints, executor& loop,
           const upstream_settings& settings = {});

  task<outcome> call(outgoing_call what) override;

  const std::string& name() const noexcept { return name_; }
  /// To force its state, or null.
  circuit_breaker* breaker() noexcept { return breaker_ ? &*breaker_ : nullptr; }
  /// Allocates.
  upstream_snapshot snapshot();
  /// The snapshot.
  json::raw report() override;

 private:
  class running_call;
  class hold;

  task<outcome> attempt(running_call* of, mono_time by);
  std::optional<call_failure> pass_rate_limit();
  std::optional<call_failure> pass_breaker(hold& held);
  task<bool> enter_bulkhead();
  std::optional<std::uint32_t> pick(const std::vector<std::uint32_t>& tried);
  std::optional<std::uint32_t> pick_ejected(const std::vector<std::uint32_t>& tried);

  std::string name_;
  transport& network_;
  executor& loop_;
  std::vector<origin> endpoints_;  // by the balancer's numbers
  retry_policy retry_;
  retry_budget budget_;
  balancer balancer_;
  std::optional<outlier_ejection> ejection_;
  std::optional<circuit_breaker> breaker_;
  std::optional<async_bulkhead> bulkhead_;
  std::optional<concurrency_limit> limit_;
  std::optional<rate_limiter> rate_;
  decision_log<retry_decision> retries_;
};

}  // namespace ferrule
