// What the policies allocate: their memory when they are made, and nothing for any event, with logs
// that have long been full.

#include <gtest/gtest.h>

#include <array>

#include "ferrule/resilience/balancer.hpp"
#include "ferrule/resilience/bulkhead.hpp"
#include "ferrule/resilience/circuit_breaker.hpp"
#include "ferrule/resilience/concurrency_limit.hpp"
#include "ferrule/resilience/outlier_ejection.hpp"
#include "ferrule/resilience/rate_limiter.hpp"
#include "ferrule/resilience/retry.hpp"
#include "start.hpp"
#include "support/counted.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr int events = 20'000;

// How many blocks are allocated by that many events at random times.
template <class Event>
std::size_t allocated_by(Event event) {
  rng random(1);
  mono_time now = start;
  const std::size_t before = allocations();
  for (int i = 0; i != events; ++i) {
    now += nanoseconds(random.below(200'000'000));
    event(now, random);
  }
  return allocations() - before;
}

TEST(allocation, a_call_with_retries) {
  const retry_policy policy;
  retry_budget budget({}, start);
  decision_log<retry_decision> log(16);
  EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
              retry_allowance allowance;
              retry_state call(policy, {}, budget, allowance, now);
              call.begin_try(now);
              log.add(call.failed(now, random, {.status = 503}));
            }),
            0U);
  EXPECT_EQ(log.total(), events);
}

TEST(allocation, a_breaker_that_opens_and_closes) {
  circuit_breaker breaker({.window = circuit_window::time, .calls_min = 5}, start);
  EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
              if (const auto permit = breaker.try_acquire(now, random)) {
                const bool fails = random.below(2) == 0;
                breaker.record(*permit, now, random,
                               {fails ? call_result::failed : call_result::succeeded, 1ms});
              }
            }),
            0U);
  EXPECT_GT(breaker.decisions().total(), breaker.decisions().size());
}

TEST(allocation, a_bulkhead_whose_queue_fills) {
  bulkhead slots({.running_max = 2, .waiting_max = 4, .wait_max = 1s});
  EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
              if (random.below(3) != 0) {
                slots.enter(now);
              } else if (slots.snapshot().running != 0) {
                slots.leave(now);
              }
              while (slots.expire(now)) {
              }
            }),
            0U);
  EXPECT_GT(slots.snapshot().refused, 0U);
  EXPECT_GT(slots.snapshot().expired, 0U);
}

TEST(allocation, a_rate_limiter_with_too_many_keys) {
  rng secret(1);
  rate_limiter limiter({.per_second = 0.001, .burst = 2, .keys_max = 8}, secret);
  EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
              const std::array<char, 1> key{static_cast<char>(random.below(100))};
              limiter.ask({key.data(), key.size()}, now);
            }),
            0U);
  EXPECT_GT(limiter.snapshot().evicted, 0U);
}

TEST(allocation, a_concurrency_limit_that_moves) {
  concurrency_limit limit({.limit_initial = 4, .limit_max = 1000, .decisions_max = 16}, start);
  EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
              if (!limit.try_acquire()) limit.release(now, nanoseconds(random.below(100'000'000)));
            }),
            0U);
  EXPECT_GT(limit.decisions().total(), limit.decisions().size());
}

TEST(allocation, balancing_with_ejection) {
  for (const balancing algorithm :
       {balancing::peak_ewma, balancing::least_request, balancing::round_robin}) {
    rng random_start(1);
    balancer endpoints({.algorithm = algorithm}, random_start);
    outlier_ejection outliers({.decisions_max = 4}, start);
    for (int i = 0; i != 20; ++i) outliers.add(endpoints.add().value());
    const std::vector<std::uint32_t> avoided{2, 3};
    EXPECT_EQ(allocated_by([&](mono_time now, rng& random) {
                const auto picked =
                    random.below(4) == 0
                        ? endpoints.pick(now, random, {.avoided = avoided, .from = pick_from::good})
                        : endpoints.pick(now, random);
                const std::uint32_t endpoint =
                    picked
                        ? *picked
                        : endpoints.pick(now, random, {.avoided = avoided, .from = pick_from::any})
                              .value();
                const bool failed = random.below(20) < endpoint;
                endpoints.end(endpoint, now, 5ms,
                              failed ? latency_signal::penalised : latency_signal::taken);
                for (const ejection_change& change : outliers.reinstate(endpoint, now)) {
                  endpoints.set_available(change.endpoint, !change.is_ejected);
                }
                endpoints.set_doubted(endpoint, failed);
                const auto said = failed ? ejection_signal::failed : ejection_signal::succeeded;
                if (outliers.record(endpoint, said, now, random)) {
                  endpoints.set_available(endpoint, false);
                }
                for (const ejection_change& change : outliers.sweep(now, random)) {
                  endpoints.set_available(change.endpoint, !change.is_ejected);
                }
              }),
              0U);
    EXPECT_GT(outliers.decisions().total(), outliers.decisions().size());
  }
}

}  // namespace
}  // namespace ferrule
