#include "upstream_fixture.hpp"

#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

static_assert(fault_of(upstream_retry) == retry_fault::none);
static_assert(upstream_retry.deadline == 2s, "the total timeout unless said otherwise");

TEST_F(upstream_test, retries_what_passes_and_says_so) {
  make({});
  network_.decide = [](std::size_t n, const origin&) {
    return n == 0 ? cut_off : n == 1 ? server_script{.status = 503} : server_script{};
  };
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(network_.sent.size(), 3U);
  const upstream_snapshot seen = made_->snapshot();
  ASSERT_EQ(seen.retries.size(), 2U);
  EXPECT_EQ(seen.retries[0].status, 0);
  EXPECT_EQ(seen.retries[1].status, 503);
  EXPECT_EQ(seen.retry_budget.withdrawals, 2U);
}

TEST_F(upstream_test, gives_the_last_answer_when_tries_are_used_up) {
  make({});
  server(0).status = 502;
  EXPECT_EQ(ask(), "502");
  EXPECT_EQ(count(0), 3U);
  server(0).status = 404;
  EXPECT_EQ(ask(), "404");
  EXPECT_EQ(count(0), 4U) << "asking again would not help";
}

TEST_F(upstream_test, does_not_repeat_what_may_have_been_done) {
  make({});
  server(0) = cut_off;
  EXPECT_EQ(ask("POST"), "no response: the connection ended early");
  EXPECT_EQ(count(0), 1U);
  EXPECT_FALSE(call("POST", true).has_value());
  EXPECT_EQ(count(0), 4U) << "a key makes it safe";
}

TEST_F(upstream_test, sends_anything_again_that_was_never_sent) {
  make({}, 2);
  server(0) = refused;
  server(1).status = 201;
  for (int i = 0; i != 10; ++i) EXPECT_EQ(ask("POST"), "201");
  EXPECT_EQ(count(1), 10U);
  EXPECT_GT(count(0), 0U);
}

TEST_F(upstream_test, a_retry_goes_to_another_endpoint) {
  make({.ejection = std::nullopt, .breaker = std::nullopt}, 3);
  server(0).status = server(1).status = 503;
  for (int i = 0; i != 50; ++i) EXPECT_EQ(ask(), "200") << "the third is found at the latest";
}

TEST_F(upstream_test, what_cannot_be_sent_twice_has_the_whole_time) {
  make({});
  server(0).takes = 1500ms;  // more than a try's 600 ms, less than the call's 2 s
  EXPECT_EQ(ask("POST"), "200");
  const mono_time start = world_.now();
  EXPECT_EQ(ask("GET"), "no response in time");
  EXPECT_LE(world_.now() - start, 2010ms);
  EXPECT_EQ(network_.sent.size(), 4U);
}

TEST_F(upstream_test, nothing_outlives_the_total_timeout) {
  make({}, 2);
  server(0).takes = server(1).takes = 24h;  // black holes
  for (const std::string_view verb : {"GET", "POST"}) {
    const mono_time start = world_.now();
    EXPECT_EQ(ask(verb), "no response in time");
    EXPECT_LE(world_.now() - start, 2002ms);
    EXPECT_EQ(network_.running_now, 0);
  }
}

TEST_F(upstream_test, the_served_requests_deadline_counts_if_it_is_earlier) {
  make({});
  server(0).takes = 24h;
  const auto served = [](upstream* to) -> task<bool> {
    const outgoing_call what{.request = {.target = "/x"}};
    const auto got = co_await with_deadline(300ms, to->call(what));
    co_return got.has_value() && !*got;
  };
  const mono_time start = world_.now();
  run(served(&*made_));
  EXPECT_LE(world_.now() - start, 302ms);
  EXPECT_EQ(network_.sent[0].field("Request-Timeout-Ms"), "300");
  EXPECT_EQ(made_->snapshot().breaker->tally.failed, 1U) << "a timeout, not a cancellation";
}

TEST_F(upstream_test, waits_as_long_as_the_answer_asks) {
  make({});
  network_.decide = [](std::size_t n, const origin&) {
    return n == 0 ? server_script{.status = 503, .fields = {{"Retry-After", "1"}}}
                  : server_script{};
  };
  const mono_time start = world_.now();
  EXPECT_EQ(ask(), "200");
  EXPECT_GE(world_.now() - start, 1s);
  network_.decide = [](std::size_t, const origin&) {
    return server_script{.status = 503, .fields = {{"Retry-After", "3600"}}};
  };
  EXPECT_EQ(ask(), "503") << "that is beyond the deadline";
  EXPECT_EQ(network_.sent.size(), 3U);
}

TEST_F(upstream_test, waits_for_the_answer_to_a_key_that_is_in_use) {
  make({});
  network_.decide = [](std::size_t n, const origin&) {
    return n == 0 ? server_script{.status = 409, .fields = {{"Retry-After", "1"}}}
                  : server_script{.status = 201};
  };
  const mono_time start = world_.now();
  const auto got = call("POST", true);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->status(), 201);
  EXPECT_GE(world_.now() - start, 1s);
  EXPECT_EQ(made_->snapshot().retry_budget.withdrawals, 1U);

  network_.decide = [](std::size_t, const origin&) {
    return server_script{.status = 409, .fields = {{"Retry-After", "1"}}};
  };
  EXPECT_EQ(ask("POST"), "409") << "without a key it is an answer like others";
  network_.decide = nullptr;
  server(0).status = 409;
  const auto last = call("POST", true);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->status(), 409) << "and so is one that says nothing of later";
  EXPECT_EQ(network_.sent.size(), 4U);
}

TEST_F(upstream_test, what_a_stale_connection_lost_costs_the_budget_and_no_reputation) {
  make({.budget = {.share = 0, .per_second_min = 1}});
  server(0).fails = transport_failure{transport_error::stale_connection, true};
  for (int i = 0; i != 20; ++i) EXPECT_FALSE(call().has_value());
  EXPECT_LE(count(0), 20U + 10U) << "one repetition a call would be 40";
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_EQ(seen.breaker->tally.failed, 0U);
  EXPECT_FALSE(seen.endpoints[0].ejection->is_ejected);
  const std::size_t before = count(0);
  EXPECT_FALSE(call("POST").has_value());
  EXPECT_EQ(count(0), before + 1) << "it may have been acted on";
}

TEST_F(upstream_test, the_budget_bounds_a_storm) {
  make({.budget = {.share = 0.2, .per_second_min = 1}, .breaker = std::nullopt});
  server(0).status = 503;
  for (int i = 0; i != 200; ++i) EXPECT_EQ(ask(), "503");
  EXPECT_LE(count(0), 200U + 40U + 10U);
  EXPECT_GE(count(0), 240U);
}

/// Calls on behalf of a request that may be retried so often; returns what is left of that.
task<std::uint8_t> call_with_allowance(upstream* to, std::uint32_t retries) {
  retry_allowance left(retries);
  environment env = co_await current_environment();
  env.retries = &left;
  ferrule::detail::noted_end ended;
  auto work = to->call({.request = {.target = "/x"}});
  work.start(env, ended);
  while (!ended.any()) co_await sleep(1ms);
  co_return left.left();
}

TEST_F(upstream_test, retries_come_out_of_the_served_requests_allowance) {
  make({});
  server(0) = cut_off;
  EXPECT_EQ(run(call_with_allowance(&*made_, 2)), 0);
  ASSERT_EQ(network_.sent.size(), 2U) << "one was lent and lost, one was spent";
  EXPECT_EQ(network_.sent[0].field("Retry-Allowance"), "1");
  EXPECT_EQ(network_.sent[1].field("Retry-Allowance"), "0");
}

TEST_F(upstream_test, what_was_never_sent_lent_nothing) {
  make({});
  server(0) = refused;
  EXPECT_EQ(run(call_with_allowance(&*made_, 2)), 0);
  EXPECT_EQ(network_.sent.size(), 3U) << "both were spent here";
}

/// Stops a source at a moment.
struct stop_at : timer {
  stop_at(executor& on, stop_source& to_stop, mono_time when)
      : timer([](timer& self) noexcept {
          static_cast<stop_at&>(self).stop.request_stop(stop_reason::deadline);
        }),
        stop(to_stop) {
    on.arm(*this, when);
  }
  stop_source& stop;
};

/// Calls on behalf of a request whose handler is stopped at its deadline, which comes together with
/// the end of the try.
task<bool> call_until_stopped(upstream* to) {
  environment env = co_await current_environment();
  stop_source stop;
  env.stop = &stop;
  env.deadline = env.loop->now() + 300ms;
  const stop_at stopping(*env.loop, stop, env.deadline);
  ferrule::detail::noted_end ended;
  auto work = to->call({.request = {.target = "/x"}});
  work.start(env, ended);
  while (!ended.any()) co_await sleep(1ms);
  co_return ended.any();
}

TEST_F(upstream_test, a_stop_at_the_deadline_is_a_timeout_to_the_breaker) {
  make({});
  server(0).takes = 24h;
  EXPECT_TRUE(run(call_until_stopped(&*made_)));
  EXPECT_EQ(made_->snapshot().breaker->tally.failed, 1U)
      << "else one that answers nobody would never be seen to fail";
  EXPECT_EQ(made_->snapshot().endpoints[0].ejection->failures_in_a_row, 1U);
}

TEST_F(upstream_test, gets_back_what_the_service_did_not_use) {
  make({});
  network_.decide = [](std::size_t n, const origin&) {
    return n < 2 ? server_script{.status = 503, .fields = {{"Retry-Allowance", "1"}}}
                 : server_script{.fields = {{"Retry-Allowance", "9"}}};
  };
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(network_.sent[0].field("Retry-Allowance"), "1");  // of 3
  EXPECT_EQ(network_.sent[1].field("Retry-Allowance"), "1");  // of 3 - 1
  EXPECT_EQ(network_.sent[2].field("Retry-Allowance"), "0");  // of 2 - 1
}

// Limits of this side.

TEST_F(upstream_test, limits_refuse_and_say_which) {
  const auto together = [](upstream* to, int calls) -> task<std::vector<shed_by>> {
    co_return co_await with_scope(
        [](scope& all, upstream* at, int count) -> task<std::vector<shed_by>> {
          std::vector<shed_by> why;
          const auto one = [](upstream* service, std::vector<shed_by>* noted) -> task<> {
            const auto got = co_await service->call({.request = {.target = "/x"}});
            if (!got) noted->push_back(got.error().shed);
          };
          for (int i = 0; i != count; ++i) all.spawn(one(at, &why));
          co_await sleep(5s);
          co_return why;
        },
        to, calls);
  };
  server(0).takes = 300ms;
  make({.bulkhead = bulkhead_settings{.running_max = 2, .waiting_max = 2, .wait_max = 100ms}});
  EXPECT_EQ(run(together(&*made_, 6)), (std::vector{shed_by::bulkhead, shed_by::bulkhead,
                                                    shed_by::bulkhead, shed_by::bulkhead}));
  EXPECT_EQ(made_->snapshot().bulkhead->expired, 2U);
  EXPECT_EQ(made_->snapshot().bulkhead->running, 0U);
  EXPECT_EQ(made_->snapshot().breaker->tally.calls, 2U) << "refusals say nothing of the service";

  make({.limit = concurrency_limit_settings{.limit_initial = 4, .limit_min = 4}});
  EXPECT_EQ(run(together(&*made_, 5)), (std::vector{shed_by::concurrency_limit}));
  EXPECT_EQ(made_->snapshot().limit->running, 0U);

  make({.rate = rate_limit_settings{.per_second = 1, .burst = 2}});
  EXPECT_EQ(run(together(&*made_, 3)), (std::vector{shed_by::rate_limit}));
  EXPECT_EQ(made_->snapshot().rate->refused, 1U);

  make({}, 0);
  EXPECT_EQ(run(together(&*made_, 1)), (std::vector{shed_by::no_endpoint}));

  server(0) = {.fails = transport_failure{transport_error::too_many, false}};
  make({});
  EXPECT_EQ(run(together(&*made_, 1)), (std::vector{shed_by::pool}));
  EXPECT_EQ(made_->snapshot().breaker->tally.calls, 0U);
  EXPECT_EQ(network_.sent.size(), 2U + 4U + 2U + 1U) << "none of this is tried again";
}

TEST_F(upstream_test, what_is_cancelled_gives_everything_back) {
  make({.bulkhead = bulkhead_settings{.running_max = 1, .waiting_max = 1, .wait_max = 1min},
        .limit = concurrency_limit_settings{}});
  const auto cancel_two = [](upstream* to) -> task<bool> {
    const auto one = [](upstream* at) -> task<> {
      const auto got = co_await at->call({.request = {.target = "/x"}});
      EXPECT_TRUE(got.has_value()) << "not reached";
    };
    const auto enough = []() -> task<> { co_await sleep(100ms); };
    co_await race(one(to), one(to), enough());
    co_return true;
  };
  server(0).takes = 500ms;  // one is cancelled in the transport, one in the bulkhead's queue
  run(cancel_two(&*made_));
  upstream_snapshot seen = made_->snapshot();
  EXPECT_EQ(network_.running_now, 0);
  EXPECT_EQ(seen.bulkhead->running, 0U);
  EXPECT_EQ(seen.bulkhead->cancelled, 1U);
  EXPECT_EQ(seen.limit->running, 0U);
  EXPECT_EQ(seen.endpoints[0].balance.running, 0U);
  EXPECT_EQ(seen.breaker->tally.calls, 0U) << "a cancelled call says nothing of the service";

  server(0) = {.status = 503, .fields = {{"Retry-After", "1"}}};  // both between two tries
  run(cancel_two(&*made_));
  seen = made_->snapshot();
  EXPECT_EQ(seen.bulkhead->running, 0U);
  EXPECT_EQ(seen.endpoints[0].balance.running, 0U);
}

TEST_F(upstream_test, nothing_is_lost_whenever_it_is_cancelled) {
  make({.retry = {.tries_max = 3,
                  .try_timeout = 20ms,
                  .backoff_base = 5ms,
                  .backoff_max = 5ms,
                  .deadline = 80ms},
        .ejection = outlier_settings{.interval = 5ms, .ejection_base = 5ms, .ejection_max = 20ms},
        .breaker =
            circuit_breaker_settings{
                .calls_min = 10, .failure_rate = 0.7, .open_wait = 5ms, .open_wait_max = 20ms},
        .bulkhead = bulkhead_settings{.running_max = 2, .waiting_max = 2, .wait_max = 10ms},
        .limit = concurrency_limit_settings{}},
       2);
  rng random(9);
  network_.decide = [&random](std::size_t, const origin&) {  // answers, fails, hangs
    const auto takes = std::chrono::milliseconds(random.below(40));
    if (random.below(3) == 0) return cut_off;
    return server_script{.takes = takes, .status = random.below(3) == 0 ? 503 : 200};
  };
  for (int span_us = 0; span_us < 100'000; span_us += 500) {
    EXPECT_FALSE(run(call_for(&*made_, std::chrono::microseconds(span_us))));
    const upstream_snapshot seen = made_->snapshot();
    ASSERT_EQ(network_.running_now, 0) << span_us;
    ASSERT_EQ(seen.bulkhead->running, 0U) << span_us;
    ASSERT_EQ(seen.bulkhead->waiting, 0U) << span_us;
    ASSERT_EQ(seen.limit->running, 0U) << span_us;
    for (const auto& each : seen.endpoints) ASSERT_EQ(each.balance.running, 0U) << span_us;
    ASSERT_EQ(seen.breaker->trials_running, 0U) << span_us;
  }
  EXPECT_GT(network_.sent.size(), 200U);
}

TEST_F(upstream_test, hands_the_trace_on) {
  make({});
  const auto traced = [](upstream* to) -> task<bool> {
    trace_context trace{.sampled = true};
    trace.trace_id[0] = 0xab;
    trace.span_id[0] = 0xcd;
    environment env = co_await current_environment();
    env.trace = &trace;
    ferrule::detail::noted_end ended;
    auto work = to->call({.request = {.target = "/x"}});
    work.start(env, ended);
    while (!ended.any()) co_await sleep(1ms);
    co_return true;
  };
  run(traced(&*made_));
  EXPECT_EQ(network_.sent[0].field("traceparent"),
            "00-ab000000000000000000000000000000-cd00000000000000-01");
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(network_.sent[1].field("traceparent"), "(none)");
}

TEST_F(upstream_test, its_state_is_json) {
  make({.bulkhead = bulkhead_settings{}, .limit = concurrency_limit_settings{}});
  EXPECT_EQ(ask(), "200");
  const json::raw report = made_->report();
  const std::string text(report.text());
  EXPECT_NE(text.find(R"("name":"shop","endpoints":[{"origin":"http://s0")"), text.npos) << text;
  EXPECT_NE(text.find(R"("breaker":{"state":"closed")"), text.npos) << text;
  EXPECT_NE(text.find(R"("picks":[{"at_ns":)"), text.npos) << text;
}

}  // namespace
}  // namespace ferrule
