// Who is blamed for what: not a server for the haste of a caller or the limits of this side, but
// one that hangs, or has no room, is found out.
#include <gtest/gtest.h>

#include "cluster.hpp"

namespace ferrule::test {
namespace {

class blame : public testing::TestWithParam<std::uint64_t> {};

TEST_P(blame, callers_in_haste_shut_nobody_out) {
  cluster all(3, GetParam());
  for (std::size_t i = 0; i != 3; ++i) all.server(i).takes = 20ms;
  all.load(1s);
  all.expect_all_good();
  for (const nanoseconds haste : {4ms, 15ms}) {
    all.load(3s, 2ms, haste);
    EXPECT_EQ(all.good(), 0U) << "or they are in no haste";
    EXPECT_EQ(all.breaker(), circuit_state::closed);
    EXPECT_EQ(all.ejected(), 0U);
    all.load(1s);
    all.expect_all_good();
  }
  EXPECT_EQ(all.service->snapshot().breaker->tally.failed, 0U);
}

// Nor do they from the start on, when nothing is known of the servers.
TEST_P(blame, callers_in_haste_shut_nobody_out_of_what_is_new) {
  cluster all(3, GetParam());
  for (std::size_t i = 0; i != 3; ++i) all.server(i).takes = 20ms;
  all.load(1s, 2ms, 4ms);
  EXPECT_EQ(all.ejected(), 0U);
  all.load(1s);
  all.expect_all_good();
}

TEST_P(blame, one_that_hangs_is_found_out_though_no_caller_waits_for_long) {
  cluster all(3, GetParam());
  all.load(1s);
  all.server(1).takes = 1h;
  all.load(20s, 10ms, 100ms);  // a sixth of a try's time
  EXPECT_GT(all.good(), 1980U) << "of 2000, or a third were lost";
  const auto ejections = all.service->snapshot().ejections;
  ASSERT_GT(ejections.total(), 0U);
  for (const ejection_decision& each : ejections) EXPECT_EQ(each.endpoint, 1U);
  EXPECT_EQ(all.breaker(), circuit_state::closed);
  for (std::size_t i = 0; i != 3; ++i) all.server(i).takes = 1h;
  all.load(3s, 10ms, 100ms);
  EXPECT_EQ(all.breaker(), circuit_state::open) << "and so are all of them";
}

// It never answered, and callers leave before half of a try is over: the others are the measure.
TEST_P(blame, one_that_hung_from_the_start_is_found_out_by_callers_in_haste) {
  for (const balancing algorithm :
       {balancing::peak_ewma, balancing::least_request, balancing::round_robin}) {
    for (const bool is_silent : {false, true}) {
      cluster all(3, GetParam(), {.balancer = {.algorithm = algorithm}});
      all.server(1).takes = 1h;
      if (is_silent) all.link(1).half_open = 1;
      all.load(10s, 10ms, 100ms);
      EXPECT_GT(all.good(), 960U) << "of 1000, or a third were lost";
      for (const ejection_decision& each : all.service->snapshot().ejections) {
        EXPECT_EQ(each.endpoint, 1U);
      }
    }
  }
}

TEST_P(blame, one_that_has_no_room_attracts_nothing) {
  for (const balancing algorithm : {balancing::peak_ewma, balancing::least_request}) {
    for (const int status : {429, 503}) {
      cluster all(3, GetParam(),
                  {.balancer = {.algorithm = algorithm, .decay = std::chrono::seconds(1)}});
      for (std::size_t i = 0; i != 3; ++i) all.server(i).takes = 20ms;
      all.load(1s, 5ms);
      all.server(0).status = status;
      all.server(0).says_when = true;
      const std::uint64_t before = all.server(0).begun;
      all.load(5s, 5ms);
      all.expect_all_good();
      EXPECT_LT(all.server(0).begun - before, 50U) << "of 1,000";
      EXPECT_GT(all.server(0).begun - before, 0U);
      EXPECT_EQ(all.ejected(), 0U) << "it may have room again";
      EXPECT_EQ(all.breaker(), circuit_state::closed);
    }
  }
}

TEST_P(blame, a_service_without_room_is_asked_on_but_not_more_often) {
  cluster all(3, GetParam());
  for (std::size_t i = 0; i != 3; ++i) {
    all.server(i).status = 503;
    all.server(i).says_when = true;
  }
  all.load(5s, 5ms);
  EXPECT_EQ(all.good(), 0U);
  EXPECT_EQ(all.breaker(), circuit_state::closed) << "what it does answer would be lost";
  const auto begun = all.begun();
  EXPECT_LE(begun[0] + begun[1] + begun[2], 1000U + 200U + 100U) << "the budget";
}

TEST_P(blame, turns_go_on_while_endpoints_may_be_ejected) {
  cluster all(3, GetParam(), {.balancer = {.algorithm = balancing::round_robin}});
  all.load(3s, 10ms);
  EXPECT_EQ(all.begun(), (std::vector<std::uint64_t>{100, 100, 100}));
}

// 64 connections bear 160 calls a second of 400 ms; what is beyond waits in a queue of this side.
TEST_P(blame, the_own_queue_is_no_failure_of_the_service) {
  cluster all(1, GetParam());
  all.server(0).takes = 400ms;
  all.load(10s, std::chrono::microseconds(4545));
  EXPECT_EQ(all.breaker(), circuit_state::closed);
  EXPECT_EQ(all.service->snapshot().circuit.total(), 0U) << "nor has it ever been";
  EXPECT_EQ(all.service->snapshot().breaker->tally.failed, 0U);
  EXPECT_GT(all.good(), 1540U) << "of 2,200, 1,600 of which there is room for";
  for (const cluster_call& each : all.calls) {
    if (each.is_good) continue;
    ASSERT_TRUE(each.failed.has_value()) << each.what;
    EXPECT_EQ(each.failed->shed, shed_by::pool) << each.what;
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, blame, testing::Range<std::uint64_t>(1, 2));

}  // namespace
}  // namespace ferrule::test
