// Calls with streams: what they hold and until when, what may be tried again, and how each end is
// judged. Over servers on scripts, in virtual time.
#include "ferrule/client/call_stream.hpp"

#include "call_stream_fixture.hpp"

namespace ferrule {
namespace {

TEST_F(call_stream_test, holds_its_endpoint_until_its_end_and_counts_then) {
  make_patient();
  server(0) = streams;
  {
    opened stream = open();
    ASSERT_TRUE(stream.has_value());
    EXPECT_EQ(stream->status(), 200);
    EXPECT_EQ(running(), 1U);
    EXPECT_EQ(tally().calls, 0U);
    EXPECT_EQ(read(*stream), "part part part ");
    EXPECT_EQ(stream->failure(), nullptr);
    EXPECT_EQ(running(), 0U) << "it has ended, though it lives";
    EXPECT_EQ(tally().calls, 1U);
    EXPECT_EQ(read(*stream), "") << "an end stays one";
  }
  EXPECT_EQ(tally().calls, 1U);
  EXPECT_EQ(tally().failed, 0U);
  expect_nothing_held();
}

TEST_F(call_stream_test, how_long_it_lasts_is_not_how_long_its_endpoint_takes) {
  circuit_breaker_settings slow = quick;
  slow.slow_after = 100ms;
  make({.breaker = slow});
  server(0) = streams;
  for (int i = 0; i != 4; ++i) EXPECT_EQ(run(download(&*made_, get())), "200 part part part ");
  EXPECT_EQ(tally().slow, 0U);
  EXPECT_LT(made_->snapshot().endpoints[0].balance.latency_ns, 3e6);
}

TEST_F(call_stream_test, one_that_is_left_gives_all_back_and_blames_nobody) {
  make({.breaker = quick,
        .bulkhead = bulkhead_settings{.running_max = 1},
        .limit = concurrency_limit_settings{}});
  server(0) = streams;
  for (const int parts : {0, 1, 2, 0, 1}) {
    EXPECT_EQ(run(leave(&*made_, parts)), "200");
    expect_nothing_held();
    EXPECT_EQ(made_->snapshot().bulkhead->running, 0U);
    EXPECT_EQ(made_->snapshot().limit->running, 0U);
  }
  EXPECT_EQ(tally().calls, 0U) << "it says nothing about the service";
  EXPECT_EQ(made_->snapshot().endpoints[0].ejection->failures_in_a_row, 0U);
}

TEST_F(call_stream_test, one_that_was_left_counts_by_the_status_that_it_had) {
  make({.retry = {.tries_max = 1}, .breaker = quick});
  server(0) = {.status = 500, .parts = 3};
  const auto leave_a_post = [](upstream* service) -> task<int> {
    const auto stream = co_await service->open({.request = {.verb = "POST"}});
    co_return stream ? stream->status() : 0;
  };
  EXPECT_EQ(run(leave_a_post(&*made_)), 500);
  EXPECT_EQ(tally().failed, 1U);
}

TEST_F(call_stream_test, limits_hold_it_until_its_end) {
  make({.bulkhead = bulkhead_settings{.running_max = 1, .wait_max = 0ns},
        .limit = concurrency_limit_settings{}});
  server(0) = streams;
  {
    opened first = open();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(made_->snapshot().limit->running, 1U);
    const opened second = open();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().shed, shed_by::bulkhead);
    EXPECT_EQ(ask(), "not called: too many calls are running and waiting");
    EXPECT_EQ(read(*first), "part part part ");
    server(0) = {};
    EXPECT_EQ(ask(), "200");
  }
}

TEST_F(call_stream_test, one_that_breaks_off_is_a_failure_of_its_endpoint) {
  for (const transport_error why :
       {transport_error::closed_early, transport_error::malformed, transport_error::timeout}) {
    make({.breaker = quick});
    server(0) = breaking(why);
    auto stream = open();
    ASSERT_TRUE(stream.has_value());
    const std::string said = why == transport_error::timeout
                                 ? "the response did not go on in time (200)"
                                 : fmt::format("the response broke off: {} (200)", to_string(why));
    EXPECT_EQ(read(*stream), "part " + said);
    ASSERT_NE(stream->failure(), nullptr);
    EXPECT_EQ(stream->failure()->status, 200);
    EXPECT_TRUE(stream->failure()->was_sent);
    EXPECT_EQ(to_problem(*stream->failure()).status, why == transport_error::timeout ? 504 : 502);
    EXPECT_EQ(read(*stream), said) << "it stays broken";
    EXPECT_EQ(running(), 0U);
    EXPECT_EQ(tally().failed, 1U);
    EXPECT_EQ(made_->snapshot().endpoints[0].ejection->failures_in_a_row, 1U);
    EXPECT_EQ(network_.sent.size(), 1U) << "its beginning was given away";
    network_.sent.clear();
  }
}

TEST_F(call_stream_test, what_this_side_lacks_is_not_the_endpoints_fault) {
  make_patient();
  for (const transport_error why : {transport_error::no_resources, transport_error::too_large}) {
    server(0) = breaking(why);
    EXPECT_EQ(run(download(&*made_, get())),
              fmt::format("200 part the response broke off: {} (200)", to_string(why)));
  }
  EXPECT_EQ(tally().calls, 0U);
}

TEST_F(call_stream_test, an_endpoint_whose_streams_break_off_is_ejected) {
  make({.balancer = {.algorithm = balancing::round_robin}, .breaker = std::nullopt}, 3);
  for (const std::size_t i : {0U, 1U, 2U}) server(i) = {.parts = 2, .part_takes = 1ms};
  server(1) = breaking(transport_error::closed_early);
  server(1).part_takes = 1ms;
  for (int i = 0; i != 60; ++i) run(download(&*made_, get()));
  EXPECT_EQ(count(1), 3U) << "three in a row";
  EXPECT_EQ(made_->snapshot().ejections.total(), 1U);
}

TEST_F(call_stream_test, streams_go_to_the_endpoint_with_the_fewest) {
  make({.balancer = {.algorithm = balancing::least_request}}, 2);
  server(0) = server(1) = {.takes = 1ms, .parts = 1000, .part_takes = 1s};
  std::vector<call_stream> open_ones;
  for (int i = 0; i != 20; ++i) {
    opened stream = open();
    ASSERT_TRUE(stream.has_value());
    open_ones.push_back(std::move(*stream));
  }
  EXPECT_EQ(count(0), 10U);
  open_ones.clear();
  expect_nothing_held();
}

// Tries, until the response begins.

TEST_F(call_stream_test, is_tried_again_until_its_response_begins) {
  make_patient(2);
  network_.decide = [](std::size_t n, const origin&) {
    return n == 0 ? cut_off : n == 1 ? server_script{.status = 503, .parts = 2} : streams;
  };
  EXPECT_EQ(run(download(&*made_, get())), "200 part part part ");
  EXPECT_EQ(network_.sent.size(), 3U);
  EXPECT_EQ(made_->snapshot().retries.size(), 2U);
  EXPECT_EQ(tally().calls, 1U) << "a breaker judges calls";
  expect_nothing_held();
}

TEST_F(call_stream_test, the_last_response_is_given_as_a_whole) {
  make_patient();
  server(0) = {.status = 503, .body = "down "};
  EXPECT_EQ(run(download(&*made_, get())), "503 down  ");
  EXPECT_EQ(count(0), 3U);
  opened stream = open();
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->status(), 503);
  expect_nothing_held();
}

TEST_F(call_stream_test, a_response_that_is_not_asked_for_again_is_a_stream) {
  make_patient();
  server(0) = {.status = 503, .parts = 2};
  EXPECT_EQ(run(download(&*made_, {.request = {.verb = "POST"}})), "503 part part ");
  EXPECT_EQ(count(0), 1U);
  server(0) = {.status = 404, .parts = 2};
  EXPECT_EQ(run(download(&*made_, get())), "404 part part ");
  EXPECT_EQ(count(0), 2U);
  EXPECT_EQ(tally().failed, 1U);
}

TEST_F(call_stream_test, a_response_that_cannot_be_collected_is_no_response) {
  make_patient();
  server(0) = breaking(transport_error::closed_early);
  server(0).status = 503;
  server(0).part_takes = 1ms;
  EXPECT_EQ(run(download(&*made_, get())), "no response: the connection ended early");
  EXPECT_EQ(count(0), 3U);
}

TEST_F(call_stream_test, opening_has_a_trys_time_and_the_streams_steps_have_their_own) {
  make_patient();
  server(0) = {.takes = 1h};
  const mono_time begin = world_.now();
  EXPECT_EQ(run(download(&*made_, get())), "no response in time");
  EXPECT_LE(world_.now() - begin, 2s + 2ms);
  expect_nothing_held();
  server(0) = {.takes = 100ms, .parts = 4, .part_takes = 9s};
  EXPECT_EQ(run(download(&*made_, get())), "200 part part part part ");
}

// Time, for the whole.

TEST_F(call_stream_test, the_whole_has_the_time_that_it_was_given) {
  make_patient();
  server(0) = streams;
  const mono_time begin = world_.now();
  EXPECT_EQ(run(download(&*made_, get(2500ms))),
            "200 part part the response did not go on in time (200)");
  EXPECT_TRUE(has_passed(begin, 2500ms));
  EXPECT_EQ(tally().calls, 0U) << "it is not known how much longer it would have taken";
  expect_nothing_held();
}

TEST_F(call_stream_test, the_time_of_the_whole_holds_for_opening_too) {
  make_patient();
  server(0) = {.takes = 500ms};
  const mono_time begin = world_.now();
  EXPECT_EQ(run(download(&*made_, get(300ms))), "no response in time");
  EXPECT_TRUE(has_passed(begin, 300ms));
  EXPECT_EQ(run(download(&*made_, get(1s))), "200 ");
  expect_nothing_held();
}

TEST_F(call_stream_test, an_endpoint_is_told_only_of_an_end_that_there_is) {
  make_patient();
  server(0) = {};
  run(download(&*made_, get()));
  run(download(&*made_, get(5s)));
  const auto served = [](upstream* to) -> task<bool> {
    co_return (co_await with_deadline(3s, download(to, get()))).has_value();
  };
  EXPECT_TRUE(run(served(&*made_)));
  EXPECT_EQ(network_.sent[0].field("Request-Timeout-Ms"), "(none)");
  EXPECT_EQ(network_.sent[1].field("Request-Timeout-Ms"), "5000");
  EXPECT_EQ(network_.sent[2].field("Request-Timeout-Ms"), "3000");
}

TEST_F(call_stream_test, a_task_that_is_stopped_gives_all_back_at_once) {
  for (const auto after : {0ms, 1ms, 3ms, 1500ms, 2500ms}) {
    make({.breaker = quick, .bulkhead = bulkhead_settings{.running_max = 2}});
    server(0) = streams;
    const auto pass = [](std::chrono::nanoseconds span) -> task<> { co_await sleep(span); };
    const auto stopped = [](upstream* to, task<> when) -> task<bool> {
      const auto first = co_await race(download(to, get()), std::move(when));
      co_return first.index() == 1;
    };
    const mono_time begin = world_.now();
    EXPECT_TRUE(run(stopped(&*made_, pass(after))));
    EXPECT_TRUE(has_passed(begin, after));
    expect_nothing_held();
    EXPECT_EQ(made_->snapshot().bulkhead->running, 0U);
    EXPECT_EQ(tally().failed, 0U);
  }
}

TEST_F(call_stream_test, is_collected_when_it_is_wanted_whole_after_all) {
  make_patient();
  server(0) = streams;
  const auto collect = [](upstream* service) -> task<std::string> {
    auto stream = co_await service->open(get());
    const auto whole = co_await stream->collect();
    co_return whole ? std::string(whole->body()) : to_string(whole.error());
  };
  EXPECT_EQ(run(collect(&*made_)), "partpartpart");
  EXPECT_EQ(tally().calls, 1U);
  server(0) = breaking(transport_error::closed_early);
  EXPECT_EQ(run(collect(&*made_)), "the response broke off: the connection ended early (200)");
  EXPECT_EQ(tally().failed, 1U);
}

TEST_F(call_stream_test, an_endpoint_that_left_is_kept_until_its_streams_have_ended) {
  make_patient();
  server(0) = streams;
  opened stream = open();
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(made_->update({})->removed, 1U);
  EXPECT_EQ(made_->snapshot().endpoints.size(), 1U);
  EXPECT_EQ(read(*stream), "part part part ");
  EXPECT_EQ(made_->snapshot().endpoints.size(), 0U);
}

TEST_F(call_stream_test, may_move_between_its_steps) {
  make_patient();
  server(0) = streams;
  opened first = open();
  opened second = open();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(running(), 2U);
  *first = std::move(*second);
  EXPECT_EQ(running(), 1U);
  EXPECT_EQ(network_.running_now, 1);
  EXPECT_EQ(read(*first), "part part part ");
  EXPECT_EQ(running(), 0U);
}

TEST_F(call_stream_test, a_trial_of_the_breaker_counts_when_its_stream_has_ended) {
  make({.breaker = quick});
  server(0).status = 500;
  for (int i = 0; i != 4; ++i) ask();
  wait(1s);
  server(0) = {.parts = 2, .part_takes = 1s};
  EXPECT_EQ(run(download(&*made_, get())), "200 part part ");
  EXPECT_EQ(made_->breaker()->state(), circuit_state::half_open);
  EXPECT_EQ(run(download(&*made_, get())), "200 part part ");
  EXPECT_EQ(made_->breaker()->state(), circuit_state::closed);
}

}  // namespace
}  // namespace ferrule
