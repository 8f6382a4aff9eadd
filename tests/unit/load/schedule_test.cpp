#include "load/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace ferrule::load {
namespace {

using namespace std::chrono_literals;

std::vector<double> seconds_of(schedule s) {
  std::vector<double> times;
  for (; s.next(); s.advance()) times.push_back(std::chrono::duration<double>(*s.next()).count());
  return times;
}

std::size_t count_in(const std::vector<double>& times, double from, double to) {
  return static_cast<std::size_t>(
      std::count_if(times.begin(), times.end(), [&](double t) { return t >= from && t < to; }));
}

TEST(schedule, constant_arrivals_are_evenly_spaced) {
  const auto times = seconds_of({{{10, 100, 100}}, arrival_kind::constant, 0, 1, 1});
  ASSERT_EQ(times.size(), 1000U);
  for (std::size_t i = 0; i != times.size(); ++i) {
    EXPECT_NEAR(times[i], static_cast<double>(i) / 100, 1e-8);
  }
}

TEST(schedule, threads_share_constant_arrivals_evenly) {
  std::vector<double> all;
  for (unsigned part = 0; part != 3; ++part) {
    const auto times = seconds_of({{{3, 100, 100}}, arrival_kind::constant, part, 3, 1});
    EXPECT_EQ(times.size(), 100U);
    all.insert(all.end(), times.begin(), times.end());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i != all.size(); ++i) {
    EXPECT_NEAR(all[i], static_cast<double>(i) / 100, 1e-8);
  }
}

TEST(schedule, a_ramp_sends_as_many_as_its_area) {
  const auto times = seconds_of({{{10, 0.0001, 200}}, arrival_kind::constant, 0, 1, 1});
  EXPECT_NEAR(static_cast<double>(times.size()), 1000, 1);
  // Half of the time is a quarter of the triangle.
  EXPECT_NEAR(static_cast<double>(count_in(times, 0, 5)), 250, 1);
  EXPECT_NEAR(static_cast<double>(count_in(times, 9, 10)), 190, 1);
}

TEST(schedule, a_ramp_may_fall) {
  const auto times = seconds_of({{{10, 200, 100}}, arrival_kind::constant, 0, 1, 1});
  EXPECT_NEAR(static_cast<double>(times.size()), 1500, 1);
  EXPECT_NEAR(static_cast<double>(count_in(times, 0, 1)), 195, 1);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST(schedule, steps_follow_each_other) {
  const auto times =
      seconds_of({{{2, 10, 10}, {1, 100, 100}, {1, 1, 1}}, arrival_kind::constant, 0, 1, 1});
  EXPECT_EQ(count_in(times, 0, 2), 20U);
  EXPECT_EQ(count_in(times, 2, 3), 100U);
  EXPECT_EQ(count_in(times, 3, 4), 1U);
}

TEST(schedule, poisson_gaps_are_exponential) {
  std::vector<double> gaps;
  double before = 0;
  for (const double t : seconds_of({{{100, 1000, 1000}}, arrival_kind::poisson, 0, 1, 7})) {
    gaps.push_back(t - before);
    before = t;
  }
  const auto n = static_cast<double>(gaps.size());
  EXPECT_NEAR(n, 100000, 4 * std::sqrt(100000.0));
  double sum = 0;
  double squares = 0;
  for (const double g : gaps) sum += g, squares += g * g;
  EXPECT_NEAR(sum / n, 0.001, 0.00002);
  EXPECT_NEAR(squares / n, 2e-6, 6e-8);  // an exponential's second moment
  std::sort(gaps.begin(), gaps.end());
  EXPECT_NEAR(gaps[gaps.size() / 2], 0.001 * std::log(2.0), 0.00002);
}

TEST(schedule, poisson_threads_differ_and_add_up) {
  const auto first = seconds_of({{{10, 1000, 1000}}, arrival_kind::poisson, 0, 2, 1});
  const auto second = seconds_of({{{10, 1000, 1000}}, arrival_kind::poisson, 1, 2, 2});
  EXPECT_NE(first, second);
  EXPECT_NEAR(static_cast<double>(first.size() + second.size()), 10000, 400);
}

TEST(rate, is_read_in_every_form) {
  const auto constant = parse_rate("1.5k");
  ASSERT_TRUE(constant);
  EXPECT_DOUBLE_EQ(constant->front().from, 1500);
  const auto mixed = parse_rate("100,200..400");
  ASSERT_TRUE(mixed);
  ASSERT_EQ(mixed->size(), 2U);
  EXPECT_DOUBLE_EQ((*mixed)[1].to, 400);
  for (const char* wrong : {"", "0", "-1", "x", "100..", "..5", "1,,2", "1e99", "10 ", "nan"}) {
    EXPECT_FALSE(parse_rate(wrong)) << wrong;
  }
}

TEST(rate, is_stretched_over_the_run) {
  const rate_profile run = stretched_to(*parse_rate("100,300"), 10, 2);
  ASSERT_EQ(run.size(), 3U);
  EXPECT_DOUBLE_EQ(run[0].seconds, 2);
  EXPECT_DOUBLE_EQ(run[0].to, 100);
  EXPECT_DOUBLE_EQ(run[2].seconds, 5);
  EXPECT_DOUBLE_EQ(requests_in(run), 200 + 500 + 1500);
}

}  // namespace
}  // namespace ferrule::load
