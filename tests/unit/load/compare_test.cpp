#include "load/compare.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ferrule/json/write.hpp"

namespace ferrule::load {
namespace {

/// A run whose intervals scatter by a fifth around `p99_us`.
run_report recorded(double p99_us, std::uint64_t seed, double rate = 1000) {
  rng random(seed);
  run_report report;
  report.url = "http://a/";
  report.requests = report.ok = 40000;
  for (int i = 0; i != 40; ++i) {
    const double scatter = 0.8 + 0.4 * random.uniform();
    report.intervals.push_back({.at_s = i * 0.25,
                                .rate = rate,
                                .failed = 0,
                                .p50_us = 100 * scatter,
                                .p90_us = 200 * scatter,
                                .p99_us = p99_us * scatter,
                                .max_us = 2 * p99_us});
  }
  return report;
}

const compared_metric& metric_of(const compare_report& report, std::string_view name) {
  for (const compared_metric& each : report.metrics) {
    if (each.name == name) return each;
  }
  ADD_FAILURE() << "no metric " << name;
  return report.metrics.front();
}

TEST(compare, alike_runs_are_the_same) {
  const compare_report report = compare_runs({recorded(1000, 1)}, {recorded(1000, 2)}, 0.1, 1);
  EXPECT_FALSE(report.regressed);
  EXPECT_TRUE(report.valid);
  EXPECT_EQ(metric_of(report, "p99").says, verdict::same);
  EXPECT_EQ(metric_of(report, "rate").says, verdict::same);
}

TEST(compare, a_regression_is_found_where_it_is) {
  const compare_report report = compare_runs({recorded(1000, 1)}, {recorded(1300, 2)}, 0.05, 1);
  EXPECT_TRUE(report.regressed);
  EXPECT_EQ(metric_of(report, "p99").says, verdict::regression);
  EXPECT_NEAR(metric_of(report, "p99").change, 0.3, 0.06);
  EXPECT_LT(metric_of(report, "p99").low, 0.3);
  EXPECT_GT(metric_of(report, "p99").high, 0.3);
  EXPECT_NE(metric_of(report, "p50").says, verdict::regression);
  EXPECT_NE(compare_text(report).find("B is worse by more than 5 %"), std::string::npos);

  EXPECT_FALSE(compare_runs({recorded(1300, 1)}, {recorded(1000, 2)}, 0.05, 1).regressed);
}

TEST(compare, less_rate_is_worse) {
  const compare_report report =
      compare_runs({recorded(1000, 1, 1000)}, {recorded(1000, 2, 900)}, 0.05, 1);
  EXPECT_TRUE(report.regressed);
  EXPECT_EQ(metric_of(report, "rate").says, verdict::regression);
  EXPECT_EQ(
      metric_of(compare_runs({recorded(1, 1, 900)}, {recorded(1, 2, 1000)}, 0.05, 1), "rate").says,
      verdict::better);
}

TEST(compare, what_scatters_too_much_is_unclear) {
  // The runs themselves differ by more than A and B do.
  const compare_report report = compare_runs({recorded(600, 1), recorded(1800, 2)},
                                             {recorded(700, 3), recorded(2000, 4)}, 0.05, 1);
  EXPECT_FALSE(report.regressed);
  EXPECT_EQ(metric_of(report, "p99").says, verdict::unclear);
}

TEST(compare, failures_are_a_regression) {
  run_report worse = recorded(1000, 2);
  worse.ok -= 400;
  worse.failed = 400;
  const compare_report report = compare_runs({recorded(1000, 1)}, {worse}, 0.1, 1);
  EXPECT_TRUE(report.regressed);
  EXPECT_FALSE(report.warnings.empty());
}

TEST(compare, doubts_are_told) {
  run_report late = recorded(1000, 2);
  late.valid = false;
  late.connections = 7;
  const compare_report report = compare_runs({recorded(1000, 1)}, {late}, 0.1, 1);
  EXPECT_FALSE(report.valid);
  EXPECT_EQ(report.warnings.size(), 2U);
}

TEST(compare, the_interval_covers_the_truth_about_as_often_as_it_says) {
  // Two samples of one distribution: the true ratio is 1.
  rng random(5);
  const auto draw = [&random] {
    sample s(1);
    for (int i = 0; i != 40; ++i) s[0].push_back(-std::log1p(-random.uniform()));
    return s;
  };
  int covered = 0;
  for (int i = 0; i != 200; ++i) {
    const ratio_estimate estimate = bootstrap_ratio(draw(), draw(), random);
    EXPECT_LE(estimate.low, estimate.ratio);
    EXPECT_GE(estimate.high, estimate.ratio);
    covered += estimate.low <= 1 && estimate.high >= 1 ? 1 : 0;
  }
  EXPECT_GE(covered, 178);
  EXPECT_LE(covered, 199);
}

TEST(compare, a_recorded_run_reads_back) {
  const run_report before = recorded(1000, 1);
  const auto after = parse_report(json::write(before));
  ASSERT_TRUE(after) << after.error();
  EXPECT_EQ(json::write(*after), json::write(before));
  EXPECT_FALSE(parse_report("{}"));
  EXPECT_FALSE(parse_report("not json"));
  EXPECT_FALSE(parse_report(R"({"kind":"compare","intervals":[]})"));
}

}  // namespace
}  // namespace ferrule::load
