#include "load/search.hpp"

#include <gtest/gtest.h>

#include "sim_server.hpp"

namespace ferrule::load {
namespace {

/// A server that keeps its promise up to a rate, with hiccups where they are asked for.
class ideal_server : public trial_runner {
 public:
  explicit ideal_server(double capacity) : capacity_(capacity) {}

  std::optional<trial> run(double rate) override {
    if (runs++ == stop_after) return std::nullopt;
    trial made;
    const bool hiccup = hiccups > 0 && hiccups-- > 0;
    made.point = {
        .offered_rate = rate, .rate = rate, .passed = rate <= capacity_ && !hiccup, .why = {}};
    made.tool_was_late = rate > tool_capacity;
    return made;
  }

  int runs = 0;
  int stop_after = -1;
  int hiccups = 0;
  double tool_capacity = 1e9;

 private:
  double capacity_;
};

TEST(find_max, comes_near_from_above_and_from_below) {
  for (const double capacity : {3.0, 700.0, 1000.0, 123456.0}) {
    ideal_server server(capacity);
    const search_outcome found = find_max(server, 1000, 0.02);
    ASSERT_TRUE(found.best);
    EXPECT_LE(found.best->point.offered_rate, capacity);
    EXPECT_GE(found.best->point.offered_rate, capacity / 1.02);
    EXPECT_LE(server.runs, 40);
    EXPECT_FALSE(found.was_broken_off);
  }
}

TEST(find_max, forgives_one_hiccup) {
  ideal_server server(5000);
  server.hiccups = 1;
  const search_outcome found = find_max(server, 1000, 0.05);
  ASSERT_TRUE(found.best);
  EXPECT_GE(found.best->point.offered_rate, 5000 / 1.05);
}

TEST(find_max, finds_nothing_where_nothing_passes) {
  ideal_server server(0.5);
  EXPECT_FALSE(find_max(server, 1000, 0.02).best);
}

TEST(find_max, can_be_broken_off) {
  ideal_server server(5000);
  server.stop_after = 3;
  const search_outcome found = find_max(server, 1000, 0.02);
  EXPECT_TRUE(found.was_broken_off);
  EXPECT_EQ(found.points.size(), 3U);
  ASSERT_TRUE(found.best);
  EXPECT_DOUBLE_EQ(found.best->point.offered_rate, 4000);
}

TEST(find_max, says_when_the_tool_was_the_limit) {
  ideal_server server(5000);
  server.tool_capacity = 5000;
  EXPECT_TRUE(find_max(server, 1000, 0.02).tool_is_the_limit);
  ideal_server alone(5000);
  EXPECT_FALSE(find_max(alone, 1000, 0.02).tool_is_the_limit);
}

/// Real trials of three seconds in a simulated world.
class sim_trials : public trial_runner {
 public:
  explicit sim_trials(slo promise) : promise_(std::move(promise)) {}

  std::optional<trial> run(double rate) override {
    sim_fixture in;
    in.queue.service_time = 2ms;
    const request_set requests = requests_for("/queued");
    const drive_settings drive = in.settings_for(requests, 16);
    run_outcome outcome;
    outcome.books = recorder(1);
    run_in(in, drive, {.rate = rate_profile{{1, rate, rate}}, .duration = 3s, .step = 100us},
           outcome.books);
    outcome.offered = rate;
    outcome.seconds = 3;
    run_settings settings;
    settings.requests = &requests;
    settings.rate = rate_profile{{1, rate, rate}};
    settings.duration = 3s;
    const run_report report = make_report({}, settings, "sim", outcome);
    return judge_trial(promise_, rate, report, outcome.books.total().response);
  }

 private:
  slo promise_;
};

TEST(find_max, finds_what_a_server_of_known_capacity_can_do) {
  sim_trials trials(*parse_slo("p99=20ms"));
  const search_outcome found = find_max(trials, 200, 0.02);
  ASSERT_TRUE(found.best);
  // 500 a second; a little above it the queue grows too slowly for three seconds to show.
  EXPECT_GE(found.best->point.offered_rate, 490);
  EXPECT_LE(found.best->point.offered_rate, 505);
  EXPECT_TRUE(found.best->report.valid);
}

TEST(walk, runs_at_every_rate) {
  ideal_server server(100);
  const search_outcome curve = walk(server, {50, 200, 70});
  ASSERT_EQ(curve.points.size(), 3U);
  EXPECT_TRUE(curve.points[0].passed);
  EXPECT_FALSE(curve.points[1].passed);
  EXPECT_EQ(rates_up_to(1000).front(), 100);
  EXPECT_EQ(rates_up_to(1000).back(), 1000);
  EXPECT_EQ(rates_up_to(2).front(), 1);
}

}  // namespace
}  // namespace ferrule::load
