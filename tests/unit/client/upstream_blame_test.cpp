// Who is blamed for what, and where a call goes next, through real calls.
#include "upstream_fixture.hpp"

namespace ferrule {
namespace {

const server_script fails{.status = 500};
const server_script has_no_room{.status = 503, .fields = {{"Retry-After", "1"}}};

TEST_F(upstream_test, goes_on_from_any_number_of_dead_endpoints_at_once) {
  for (const server_script& dead : {refused, cut_off, fails}) {
    make({.retry = {.tries_max = 1}, .breaker = std::nullopt}, 10);
    for (std::size_t i = 0; i != 9; ++i) server(i) = dead;
    server(9) = {};
    const mono_time start = world_.now();
    for (int i = 0; i != 100; ++i) EXPECT_EQ(ask(), "200");
    EXPECT_LE(world_.now() - start, 100 * 1ms + 60 * 1ms) << "without waiting";
  }
}

TEST_F(upstream_test, a_request_that_cannot_be_sent_twice_goes_on_only_if_it_was_not_sent) {
  make({.breaker = std::nullopt}, 2);
  server(0) = server(1) = fails;
  EXPECT_EQ(ask("POST"), "500");
  EXPECT_EQ(network_.sent.size(), 1U);
}

// Going on to an endpoint takes that it answered last: or each call would try all of them.
TEST_F(upstream_test, a_service_that_fails_as_a_whole_is_not_asked_more_often) {
  make({.ejection = std::nullopt, .breaker = std::nullopt}, 10);
  for (std::size_t i = 0; i != 10; ++i) server(i) = fails;
  for (int i = 0; i != 100; ++i) EXPECT_EQ(ask(), "500");
  EXPECT_LE(network_.sent.size(), 100U + 10U);
}

TEST_F(upstream_test, what_was_told_to_hurry_may_answer_504) {
  make({}, 2);
  server(0) = server(1) = {.takes = 20ms};
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(ask(), "200");
  server(0) = server(1) = {.takes = 4ms, .status = 504};
  const auto hurried = [](upstream* to) -> task<int> {
    const outgoing_call what{.request = {.target = "/x"}};
    const auto got = co_await with_deadline(5ms, to->call(what));
    co_return got && *got ? (*got)->status() : 0;
  };
  for (int i = 0; i != 50; ++i) EXPECT_EQ(run(hurried(&*made_)), 504);
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_EQ(seen.breaker->tally.failed, 0U);
  EXPECT_EQ(seen.ejections.total(), 0U);
  for (int i = 0; i != 8; ++i) EXPECT_EQ(ask(), "504") << "with all the time it is a failure";
  EXPECT_NE(made_->breaker()->state(), circuit_state::closed);
}

// Nobody is blamed for it, but a queue shows in it: as long as usual is not known of them.
TEST_F(upstream_test, a_try_that_was_cut_short_counts_with_the_limit_if_it_took_long) {
  make({.limit = concurrency_limit_settings{.window_time = 10ms, .window_calls = 1}});
  server(0) = {.takes = 10ms};
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  const auto latency = [&] { return made_->snapshot().limit->short_ns; };
  const double usual = latency();
  EXPECT_NEAR(usual, 1e7, 1e6);
  server(0).takes = 1s;
  const auto call_for_so_long = [](upstream* to, std::chrono::nanoseconds span) -> task<bool> {
    const auto got = co_await with_deadline(span, to->call({.request = {.target = "/x"}}));
    co_return got && got->has_value();
  };
  const auto leave_after = [&](std::chrono::nanoseconds span) {
    EXPECT_FALSE(run(call_for_so_long(&*made_, span)));
    wait(10ms);
  };
  for (int i = 0; i != 20; ++i) leave_after(1ms);
  EXPECT_EQ(latency(), usual) << "who leaves at once makes no service quick";
  for (int i = 0; i != 3; ++i) leave_after(16ms);
  EXPECT_GT(latency(), 1.5 * usual);
  EXPECT_EQ(made_->snapshot().breaker->tally.failed, 0U);
}

TEST_F(upstream_test, an_overloaded_endpoint_is_left_for_another_without_its_wait) {
  make({}, 3);
  server(0) = has_no_room;
  const mono_time start = world_.now();
  for (int i = 0; i != 50; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_LE(world_.now() - start, 200ms);
  EXPECT_LE(count(0), 2U);
  EXPECT_EQ(made_->breaker()->state(), circuit_state::closed);
  server(1) = server(2) = has_no_room;
  const mono_time full = world_.now();
  EXPECT_EQ(ask(), "503");
  EXPECT_GE(world_.now() - full, 1s) << "when all have none it is heeded";
}

TEST_F(upstream_test, an_application_may_know_better_what_an_answer_says) {
  const auto of_a_store = [](const http::client_response& answer) noexcept {
    if (answer.status() == 507) return outcome_class::overload;
    return answer.status() == 404 ? outcome_class::failure : classify_answer(answer);
  };
  make({.classify = of_a_store}, 2);
  server(0) = {.status = 507};
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(made_->snapshot().breaker->tally.failed, 0U);
  server(0) = server(1) = {.status = 404};
  for (int i = 0; i != 40; ++i) ask();
  EXPECT_NE(made_->breaker()->state(), circuit_state::closed);
}

// One of two answers at once with what cannot be taken; it must not be the quick one.
TEST_F(upstream_test, an_answer_too_large_attracts_nothing_and_shuts_nobody_out) {
  make({}, 2);
  server(0) = {.takes = 1ms, .fails = transport_failure{transport_error::too_large, true}};
  server(1) = {.takes = 20ms};
  for (int i = 0; i != 50; ++i) ask();
  EXPECT_LT(count(0), 10U);
  EXPECT_GT(count(0), 0U) << "or this test says nothing";
  server(1) = server(0);
  for (int i = 0; i != 50; ++i) ask();
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_EQ(seen.ejections.total(), 0U) << "it may be what was asked for";
  EXPECT_EQ(made_->breaker()->state(), circuit_state::closed);
}

TEST_F(upstream_test, goes_on_from_an_endpoint_whose_coding_is_broken) {
  make({}, 2);
  server(0) = {.takes = 1ms, .fails = transport_failure{transport_error::bad_encoding, true}};
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_GT(count(0), 0U) << "or this test says nothing";
  EXPECT_TRUE(made_->snapshot().endpoints[0].is_doubted);
}

TEST_F(upstream_test, a_failure_of_this_side_says_nothing_about_the_service) {
  make({}, 2);
  server(0) = server(1) = {.fails = transport_failure{transport_error::queue_timeout, false}};
  for (int i = 0; i != 50; ++i) EXPECT_EQ(call().error().shed, shed_by::pool);
  const upstream_snapshot seen = made_->snapshot();
  EXPECT_EQ(seen.breaker->tally.calls, 0U);
  EXPECT_EQ(seen.ejections.total(), 0U);
  for (const auto& each : seen.endpoints) EXPECT_FALSE(each.is_doubted);
}

}  // namespace
}  // namespace ferrule
