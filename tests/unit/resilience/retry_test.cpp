#include "ferrule/resilience/retry.hpp"

#include <gtest/gtest.h>

#include <array>

#include "ferrule/json/write.hpp"
#include "ferrule/resilience/decision_log.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr retry_policy policy = checked_retry_policy(method::get, {.tries_max = 4,
                                                                   .try_timeout = 100ms,
                                                                   .backoff_base = 10ms,
                                                                   .backoff_max = 30ms,
                                                                   .deadline = 470ms});
constexpr retry_policy keyed = checked_retry_policy(method::post, {.has_idempotency_key = true});

static_assert(backoff_ceiling(policy, 1) == 10ms);
static_assert(backoff_ceiling(policy, 2) == 20ms);
static_assert(backoff_ceiling(policy, 3) == 30ms);
static_assert(backoff_ceiling(policy, 100) == 30ms);
static_assert(backoff_ceiling({.backoff_base = 0s, .backoff_max = 1s}, 100) == 0s);
static_assert(backoff_ceiling({.backoff_base = 1ns, .backoff_max = nanoseconds::max()}, 100) ==
              nanoseconds::max());

static_assert(backoff_ceiling({.backoff_base = -1s}, 2) == 0s);
static_assert(backoff_ceiling({.backoff_max = -1s}, 2) == 0s);

static_assert(fault_of(retry_policy{}) == retry_fault::none, "the defaults agree");
static_assert(fault_of(retry_policy{.tries_max = 0}) == retry_fault::tries_not_from_1_to_100);
static_assert(fault_of(retry_policy{.tries_max = 101}) == retry_fault::tries_not_from_1_to_100);
static_assert(fault_of(retry_policy{.try_timeout = 0s}) == retry_fault::try_timeout_not_positive);
static_assert(fault_of(retry_policy{.backoff_base = 2s, .backoff_max = 1s}) ==
              retry_fault::backoff_base_not_from_zero_to_backoff_max);
static_assert(fault_of(retry_policy{.backoff_base = -1ns}) ==
              retry_fault::backoff_base_not_from_zero_to_backoff_max);
static_assert(fault_of(retry_policy{.deadline = 0s}) == retry_fault::exceeds_deadline);
static_assert(fault_of(retry_policy{.tries_max = 100,
                                    .try_timeout = nanoseconds::max(),
                                    .backoff_base = nanoseconds::max(),
                                    .backoff_max = nanoseconds::max(),
                                    .deadline = nanoseconds::max()}) ==
                  retry_fault::exceeds_deadline,
              "no sum overflows");

constexpr retry_policy with_deadline(nanoseconds deadline) {
  retry_policy shorter = policy;
  shorter.deadline = deadline;
  return shorter;
}
static_assert(fault_of(with_deadline(460ms)) == retry_fault::none);  // 4 × 100 + 10 + 20 + 30
static_assert(fault_of(with_deadline(460ms - 1ns)) == retry_fault::exceeds_deadline);

static_assert(fault_of({}, method::put) == retry_fault::none);
static_assert(fault_of({}, method::post) == retry_fault::not_idempotent);
static_assert(fault_of({}, method::patch) == retry_fault::not_idempotent);
static_assert(fault_of({}, method::connect) == retry_fault::not_idempotent);
static_assert(fault_of({}, method::unknown) == retry_fault::not_idempotent);
static_assert(fault_of({.tries_max = 1}, method::post) == retry_fault::none, "never sent twice");

// A call with all it needs, at a time of its own.
struct retry_fixture {
  mono_time now{100s};
  rng random{1};
  retry_budget budget{{}, now};
  retry_allowance allowance{20};

  retry_state begin(const retry_policy& used, const retry_call& call = {}) {
    return {used, call, budget, allowance, now};
  }
  retry_decision fail(retry_state& call, const try_failure& failure = {}) {
    return call.failed(now, random, failure);
  }
};

TEST(retry, ends_with_the_tries) {
  retry_fixture f;
  retry_state call = f.begin(policy);
  for (std::uint32_t tries = 1; tries != 4; ++tries) {
    EXPECT_EQ(call.begin_try(f.now), f.now + 100ms);
    const retry_decision decision = f.fail(call);
    EXPECT_EQ(decision.verdict, retry_verdict::retry);
    EXPECT_EQ(decision.tries, tries);
    EXPECT_LE(decision.wait_ns, backoff_ceiling(policy, tries).count());
    EXPECT_EQ(decision.budget, 101 - tries) << "a reserve of 100, and what was taken before";
    EXPECT_EQ(decision.allowance, 21 - tries);
  }
  call.begin_try(f.now);
  const retry_decision last = f.fail(call);
  EXPECT_EQ(last.verdict, retry_verdict::no_tries);
  EXPECT_EQ(last.wait_ns, 0);
  EXPECT_EQ(f.allowance.left(), 17);
  EXPECT_EQ(f.budget.snapshot(f.now).withdrawals, 3U);
  EXPECT_EQ(f.budget.snapshot(f.now).deposits, 1U);
}

TEST(retry, waits_are_spread_evenly_up_to_their_ceiling) {
  constexpr retry_policy patient{
      .tries_max = 100, .try_timeout = 1s, .backoff_base = 8ms, .backoff_max = 8ms, .deadline = 1h};
  std::array<int, 8> spread{};
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    retry_fixture f;
    f.random = rng(seed);
    f.allowance = retry_allowance(99);
    retry_state call = f.begin(patient);
    for (int i = 0; i != 80; ++i) {
      call.begin_try(f.now);
      const retry_decision decision = f.fail(call);
      ASSERT_EQ(decision.verdict, retry_verdict::retry);
      ASSERT_LE(decision.wait_ns, 8'000'000);
      ++spread.at(
          static_cast<std::size_t>(std::min<std::int64_t>(decision.wait_ns / 1'000'000, 7)));
    }
  }
  double chi_square = 0;
  for (const int count : spread) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 24.3) << "7 degrees of freedom, p = 0.001";
}

TEST(retry, honours_retry_after_and_adds_jitter_to_it) {
  bool any_jitter = false;
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    retry_fixture f;
    f.random = rng(seed);
    retry_state call = f.begin(policy);
    call.begin_try(f.now);
    const retry_decision decision = f.fail(call, {.status = 429, .retry_after = 300ms});
    EXPECT_EQ(decision.verdict, retry_verdict::retry);
    EXPECT_GE(decision.wait_ns, 300'000'000);
    EXPECT_LE(decision.wait_ns, 310'000'000);
    any_jitter = any_jitter || decision.wait_ns != 300'000'000;
  }
  EXPECT_TRUE(any_jitter);
}

TEST(retry, gives_up_at_once_when_the_wait_would_miss_the_deadline) {
  retry_fixture f;
  retry_state call = f.begin(policy);
  call.begin_try(f.now);
  const retry_decision decision = f.fail(call, {.status = 503, .retry_after = 470ms});
  EXPECT_EQ(decision.verdict, retry_verdict::no_time);
  EXPECT_EQ(decision.wait_ns, 0);
  EXPECT_EQ(decision.retry_after_ns, 470'000'000);
  EXPECT_EQ(decision.time_left_ns, 470'000'000);
  EXPECT_EQ(f.budget.balance(f.now), 100) << "nothing was paid for it";
  EXPECT_EQ(f.allowance.left(), 20);
}

TEST(retry, a_wait_that_ends_at_the_deadline_is_too_long) {
  constexpr retry_policy without_backoff{.backoff_base = 0s, .backoff_max = 0s, .deadline = 4s};
  static_assert(fault_of(without_backoff) == retry_fault::none);
  retry_fixture f;
  retry_state call = f.begin(without_backoff);
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call, {.retry_after = 4s}).verdict, retry_verdict::no_time);
  EXPECT_EQ(f.fail(call, {.retry_after = 4s - 1ns}).verdict, retry_verdict::retry);
}

TEST(retry, an_absurd_retry_after_overflows_nothing) {
  retry_fixture f;
  retry_state call = f.begin(policy);
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call, {.status = 503, .retry_after = nanoseconds::max()}).verdict,
            retry_verdict::no_time);
  EXPECT_EQ(f.fail(call, {.status = 503, .retry_after = nanoseconds::min()}).retry_after_ns, 0);
  const retry_policy endless{.backoff_base = nanoseconds::max(), .backoff_max = nanoseconds::max()};
  retry_state other = f.begin(endless);
  other.begin_try(f.now);
  EXPECT_EQ(f.fail(other, {.status = 503, .retry_after = 24h}).verdict, retry_verdict::no_time);
}

TEST(retry, keeps_to_the_callers_deadline) {
  retry_fixture f;
  const mono_time deadline = f.now + 150ms;
  retry_state call = f.begin(policy, {.deadline = deadline});
  EXPECT_EQ(call.deadline(), deadline);
  EXPECT_EQ(call.begin_try(f.now), f.now + 100ms);
  f.now += 100ms;
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::retry);
  EXPECT_EQ(call.begin_try(f.now), deadline) << "a shorter try";
  f.now = deadline;
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::no_time);
}

TEST(retry, only_what_may_be_sent_twice) {
  for (const method verb : {method::post, method::patch, method::connect, method::unknown}) {
    retry_fixture f;
    retry_state call = f.begin(policy, {.verb = verb});
    call.begin_try(f.now);
    EXPECT_EQ(f.fail(call).verdict, retry_verdict::not_idempotent);
  }
  retry_fixture with_key;
  retry_state one = with_key.begin(policy, {.verb = method::post, .has_idempotency_key = true});
  one.begin_try(with_key.now);
  EXPECT_EQ(with_key.fail(one).verdict, retry_verdict::retry) << "this one has a key";

  retry_fixture unsent;
  retry_state never_sent = unsent.begin(policy, {.verb = method::post});
  never_sent.begin_try(unsent.now);
  const auto decision = never_sent.failed(unsent.now, unsent.random, {.was_sent = false});
  EXPECT_EQ(decision.verdict, retry_verdict::retry) << "the server has seen nothing of it";

  retry_fixture f;
  retry_state call = f.begin(keyed, {.verb = method::post});
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::retry);
}

TEST(retry, only_what_may_end_better) {
  for (int status = 0; status != 600; ++status) {
    retry_fixture f;
    retry_state call = f.begin(policy);
    call.begin_try(f.now);
    const bool expected = status == 0 || status == 408 || status == 425 || status == 429 ||
                          status == 502 || status == 503 || status == 504;
    EXPECT_EQ(f.fail(call, {.status = status}).verdict,
              expected ? retry_verdict::retry : retry_verdict::not_retryable);
  }
}

TEST(retry, stops_without_budget_or_allowance) {
  retry_fixture f;
  f.budget = retry_budget({.share = 0, .per_second_min = 0}, f.now);
  retry_state call = f.begin(policy);
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::no_budget);
  EXPECT_EQ(f.allowance.left(), 20);
  f.budget = retry_budget({}, f.now);
  f.allowance = retry_allowance(0);
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::no_allowance);
  EXPECT_EQ(f.budget.balance(f.now), 100);
}

TEST(retry, fails_over_at_once_and_that_is_none_of_its_tries) {
  retry_fixture f;
  f.allowance = retry_allowance(0);
  retry_state call = f.begin(policy);
  for (std::uint32_t tries = 1; tries != 10; ++tries) {
    call.begin_try(f.now);
    const retry_decision decision = call.fail_over(f.now, {.status = 500});
    EXPECT_EQ(decision.verdict, retry_verdict::fail_over) << "of any status, without allowance";
    EXPECT_EQ(decision.wait_ns, 0);
    EXPECT_EQ(call.tries(), tries);
  }
  EXPECT_EQ(f.budget.snapshot(f.now).withdrawals, 9U) << "the budget pays";
  f.allowance = retry_allowance(20);
  for (std::uint32_t tries = 1; tries != 4; ++tries) {
    call.begin_try(f.now);
    const retry_decision decision = f.fail(call);
    EXPECT_EQ(decision.verdict, retry_verdict::retry);
    EXPECT_EQ(decision.backoff_ceiling_ns, nanoseconds(backoff_ceiling(policy, tries)).count());
  }
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call).verdict, retry_verdict::no_tries);
}

TEST(retry, fails_over_with_what_may_be_sent_again_while_there_is_time_and_budget) {
  retry_fixture f;
  f.budget = retry_budget({.share = 0, .per_second_min = 0}, f.now);
  retry_state call = f.begin(policy, {.verb = method::post});
  call.begin_try(f.now);
  EXPECT_EQ(call.fail_over(f.now, {}).verdict, retry_verdict::not_idempotent);
  EXPECT_EQ(call.fail_over(f.now, {.was_sent = false}).verdict, retry_verdict::fail_over)
      << "what reached nobody costs nothing";
  EXPECT_EQ(call.fail_over(f.now + 470ms, {.was_sent = false}).verdict, retry_verdict::no_time);
  retry_state read = f.begin(policy);
  read.begin_try(f.now);
  EXPECT_EQ(read.fail_over(f.now, {}).verdict, retry_verdict::no_budget);
}

TEST(retry, what_may_pass_is_retried_whatever_its_status) {
  retry_fixture f;
  retry_state call = f.begin(policy);
  call.begin_try(f.now);
  EXPECT_EQ(f.fail(call, {.status = 507}).verdict, retry_verdict::not_retryable);
  EXPECT_EQ(f.fail(call, {.status = 507, .may_pass = true}).verdict, retry_verdict::retry);
}

// Every try takes all of its time and every wait is whatever chance makes it.
TEST(retry, a_checked_policy_is_done_by_its_deadline_with_all_tries_made) {
  for (std::uint64_t seed = 0; seed != 300; ++seed) {
    retry_fixture f;
    f.random = rng(seed);
    retry_state call = f.begin(policy);
    const mono_time deadline = f.now + policy.deadline;
    for (bool again = true; again;) {
      f.now = call.begin_try(f.now);
      const retry_decision decision = f.fail(call);
      again = decision.verdict == retry_verdict::retry;
      f.now += nanoseconds(decision.wait_ns);
    }
    EXPECT_EQ(call.tries(), policy.tries_max);
    EXPECT_LE(f.now, deadline);
  }
}

// A service that answers nobody gets a fifth more calls, and not four times as many.
TEST(retry, a_budget_keeps_an_outage_from_multiplying_the_load) {
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    retry_fixture f;
    f.random = rng(seed);
    std::uint64_t tries = 0;
    for (int calls = 0; calls != 60'000; ++calls) {
      f.now += 1ms;
      retry_allowance own;
      retry_state call(policy, {}, f.budget, own, f.now);
      do {
        call.begin_try(f.now);
      } while (f.fail(call).verdict == retry_verdict::retry);
      tries += call.tries();
    }
    const std::uint64_t reserve = 100 + 60 * 10;
    EXPECT_LE(tries, 60'000U * 12 / 10 + reserve);
    EXPECT_GE(tries, 60'000U * 12 / 10) << "and it is used";
  }
}

TEST(retry, decisions_are_logged_with_their_inputs) {
  retry_fixture f;
  decision_log<retry_decision> log(8);
  retry_state call = f.begin(policy);
  call.begin_try(f.now);
  log.add(f.fail(call, {.status = 503, .retry_after = 1h}));
  EXPECT_EQ(json::write(log),
            R"([{"at_ns":100000000000,"verdict":"no_time","wait_ns":0,"tries":1,"status":503,)"
            R"("backoff_ceiling_ns":10000000,"retry_after_ns":3600000000000,)"
            R"("time_left_ns":470000000,"budget":100,"allowance":20}])");
}

}  // namespace
}  // namespace ferrule
