// The breaker, balancing and ejection, through real calls.
#include "upstream_fixture.hpp"

namespace ferrule {
namespace {

TEST_F(upstream_test, the_breaker_opens_tries_and_closes) {
  make({.breaker = quick});
  server(0).status = 500;
  for (int i = 0; i != 4; ++i) EXPECT_EQ(ask(), "500");
  const auto open = call();
  ASSERT_FALSE(open.has_value());
  EXPECT_EQ(open.error().fault, call_fault::circuit_open);
  EXPECT_FALSE(open.error().was_sent);
  EXPECT_GT(open.error().retry_after, 900ms);
  EXPECT_EQ(count(0), 4U) << "no call is made";

  wait(1s);
  EXPECT_EQ(ask(), "500") << "a trial";
  EXPECT_EQ(call().error().fault, call_fault::circuit_open) << "one of two trials is enough";
  wait(1500ms);
  EXPECT_EQ(call().error().fault, call_fault::circuit_open) << "it waits twice as long now";
  wait(500ms);
  server(0).status = 200;
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(made_->breaker()->state(), circuit_state::closed);

  std::vector<circuit_state> went;
  for (const circuit_decision& each : made_->snapshot().circuit) went.push_back(each.to);
  constexpr auto half_open = circuit_state::half_open;
  EXPECT_EQ(went, (std::vector{circuit_state::open, half_open, circuit_state::open, half_open,
                               circuit_state::closed}));
}

TEST_F(upstream_test, half_open_lets_only_trials_through) {
  make({.breaker = quick});
  server(0).status = 500;
  for (int i = 0; i != 4; ++i) ask();
  wait(1s);
  server(0) = {.takes = 100ms};
  const auto burst = [](upstream* to) -> task<int> {
    co_return co_await with_scope(
        [](scope& all, upstream* at) -> task<int> {
          int refusals = 0;
          const auto one = [](upstream* service, int* count) -> task<> {
            const auto got = co_await service->call({.request = {.target = "/x"}});
            if (!got && got.error().fault == call_fault::circuit_open) ++*count;
          };
          for (int i = 0; i != 5; ++i) all.spawn(one(at, &refusals));
          co_await sleep(1s);
          co_return refusals;
        },
        to);
  };
  EXPECT_EQ(run(burst(&*made_)), 3);
}

TEST_F(upstream_test, slow_calls_open_the_breaker_too) {
  circuit_breaker_settings slow = quick;
  slow.slow_after = 100ms;
  make({.breaker = slow});
  server(0).takes = 200ms;
  for (int i = 0; i != 4; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(call().error().fault, call_fault::circuit_open);
}

// What nobody said follows the policy's times, however short or long they are.
constexpr upstream_settings of_deadline(std::chrono::milliseconds deadline) {
  return {.retry = {.tries_max = 1, .try_timeout = deadline, .deadline = deadline}};
}
static_assert(fault_of(of_deadline(100ms)) == upstream_fault::none);
static_assert(fault_of(of_deadline(10s)) == upstream_fault::none);
static_assert(fault_of({.breaker = circuit_breaker_settings{}}) == upstream_fault::none);
static_assert(filled_in(of_deadline(100ms)).breaker->slow_after == 75ms);
static_assert(filled_in(of_deadline(100ms)).connect_timeout == 100ms);
static_assert(filled_in(of_deadline(10s)).breaker->half_open_wait_max == 10s);
static_assert(filled_in({}).breaker->slow_after == 1500ms);

TEST_F(upstream_test, slow_calls_of_a_short_deadline_open_the_breaker) {
  make(of_deadline(100ms));
  server(0).takes = 80ms;
  for (int i = 0; i != 10; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(made_->breaker()->state(), circuit_state::open);
}

TEST_F(upstream_test, the_breaker_judges_calls_and_not_their_tries) {
  make({.breaker = quick});
  server(0) = cut_off;
  for (int i = 0; i != 4; ++i) EXPECT_EQ(ask(), "no response: the connection ended early");
  EXPECT_EQ(count(0), 12U) << "no retry found it open";
  EXPECT_EQ(call().error().fault, call_fault::circuit_open);

  make({.breaker = quick});
  network_.decide = [](std::size_t n, const origin&) {  // two of three tries fail
    return n % 3 == 2 ? server_script{} : cut_off;
  };
  network_.sent.clear();
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(made_->snapshot().breaker->tally.failed, 0U);
}

TEST_F(upstream_test, answers_to_mistakes_do_not_open_the_breaker) {
  make({.breaker = quick});
  server(0).status = 404;
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "404");
  EXPECT_EQ(made_->breaker()->state(), circuit_state::closed);
}

// Balancing and ejection.

TEST_F(upstream_test, ejects_an_endpoint_that_fails_and_takes_it_back) {
  make({}, 3);
  server(1) = refused;
  for (int i = 0; i != 100; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(count(1), 1U) << "it is asked no more at once";
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_TRUE(seen.endpoints[1].ejection->is_ejected);
  EXPECT_FALSE(seen.endpoints[1].balance.is_available);
  ASSERT_EQ(seen.ejections.size(), 1U);
  EXPECT_EQ(seen.ejections[0].cause, ejection_cause::unreachable);

  server(1) = {};
  wait(5s);
  for (int i = 0; i != 100; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_GT(count(1), 10U) << "it is back";
}

TEST_F(upstream_test, asks_an_ejected_endpoint_when_the_other_fails) {
  make({}, 2);
  server(1) = refused;
  for (int i = 0; i != 50; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_TRUE(made_->snapshot().endpoints[1].ejection->is_ejected);
  server(1) = {};
  server(0) = refused;
  for (int i = 0; i != 50; ++i) EXPECT_EQ(ask(), "200") << i;
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_FALSE(seen.endpoints[1].ejection->is_ejected) << "it is back";
  EXPECT_TRUE(seen.endpoints[1].balance.is_available);
  EXPECT_TRUE(seen.endpoints[0].ejection->is_ejected);
  EXPECT_EQ(count(0), 50U + 1U + 1U) << "once when it was dead, and once when both were back";
}

TEST_F(upstream_test, ejects_without_retries_too) {
  make({.breaker = std::nullopt}, 2);
  server(1) = cut_off;
  for (int i = 0; i != 100; ++i, wait(1s)) ask("POST");
  EXPECT_TRUE(made_->snapshot().endpoints[1].ejection->is_ejected);
  EXPECT_LT(count(1), 20U) << "three times, and when its time was up";
}

TEST_F(upstream_test, quick_failures_are_no_low_latency) {
  make({.breaker = std::nullopt,
        .limit = concurrency_limit_settings{.window_time = 10ms, .window_calls = 1}});
  server(0) = refused;
  for (int i = 0; i != 20; ++i) ask();
  EXPECT_EQ(made_->snapshot().limit->long_ns, 0) << "the limit learns nothing from them";
  server(0) = {};
  for (int i = 0; i != 20; ++i) ask();
  EXPECT_GT(made_->snapshot().limit->long_ns, 0);
}

TEST_F(upstream_test, one_failing_endpoint_of_two_does_not_open_the_breaker) {
  for (int round = 0; round != 50; ++round) {  // however the first picks fall
    make({}, 2);
    server(0) = refused;
    for (int i = 0; i != 30; ++i) EXPECT_EQ(ask(), "200");
  }
}

TEST_F(upstream_test, moves_away_from_a_slow_endpoint) {
  make({}, 3);
  server(2).takes = 50ms;
  for (int i = 0; i != 300; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_LT(count(2), 20U);
  EXPECT_GT(count(0), 80U);
  EXPECT_GT(count(1), 80U);
  const auto& picks = made_->snapshot().picks;
  EXPECT_EQ(picks.total(), 300U);
}

}  // namespace
}  // namespace ferrule
