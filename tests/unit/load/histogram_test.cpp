#include "load/histogram.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ferrule/core/rng.hpp"

namespace ferrule::load {
namespace {

/// Latencies from a microsecond to minutes, most of them small.
std::vector<nanoseconds> long_tailed(std::size_t count, std::uint64_t seed) {
  rng random(seed);
  std::vector<nanoseconds> values;
  for (std::size_t i = 0; i != count; ++i) {
    values.emplace_back(static_cast<std::int64_t>(1000 * std::exp(random.uniform() * 18)));
  }
  return values;
}

nanoseconds exact_quantile(const std::vector<nanoseconds>& sorted, double q) {
  const double rank = std::ceil(q * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

constexpr double quantiles[] = {0, 0.001, 0.1, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};

TEST(histogram, is_within_a_thousandth_of_exact_quantiles) {
  std::vector<nanoseconds> values = long_tailed(200000, 1);
  histogram h;
  for (const nanoseconds each : values) h.record(each);
  std::sort(values.begin(), values.end());
  for (const double q : quantiles) {
    const auto exact = static_cast<double>(exact_quantile(values, q).count());
    EXPECT_NEAR(static_cast<double>(h.quantile(q).count()), exact, exact * 0.001) << q;
  }
  EXPECT_EQ(h.min(), values.front());
  EXPECT_EQ(h.max(), values.back());
  EXPECT_EQ(h.quantile(1), values.back());
  EXPECT_EQ(h.count(), values.size());
}

TEST(histogram, is_exact_for_small_values) {
  histogram h;
  for (int i = 1; i <= 1000; ++i) h.record(nanoseconds(i));
  EXPECT_EQ(h.quantile(0.5), nanoseconds(500));
  EXPECT_EQ(h.quantile(0.99), nanoseconds(990));
  EXPECT_EQ(h.mean(), nanoseconds(501));  // 500.5
}

TEST(histogram, every_value_is_near_its_bucket) {
  for (std::int64_t ns = 1; ns < std::int64_t{1} << 45; ns = ns * 3 / 2 + 1) {
    for (const std::int64_t near : {ns - 1, ns, ns + 1}) {
      histogram h;
      h.record(nanoseconds(0));
      h.record(nanoseconds(near));
      h.record(nanoseconds(INT64_MAX / 2));
      const auto off = std::abs(static_cast<double>(h.quantile(0.5).count() - near));
      EXPECT_LE(off, 0.001 * static_cast<double>(near)) << near;
    }
  }
}

TEST(histogram, parts_that_are_merged_are_the_whole) {
  histogram whole;
  histogram parts;
  for (std::uint64_t part = 0; part != 4; ++part) {
    histogram one;
    for (const nanoseconds each : long_tailed(5000, part)) {
      whole.record(each);
      one.record(each);
    }
    parts.merge(one);
  }
  for (const double q : quantiles) EXPECT_EQ(parts.quantile(q), whole.quantile(q)) << q;
  EXPECT_EQ(parts.mean(), whole.mean());
  EXPECT_EQ(parts.min(), whole.min());
  EXPECT_EQ(parts.count(), 20000U);
}

TEST(histogram, empty_and_odd_values_do_no_harm) {
  histogram h;
  EXPECT_EQ(h.quantile(0.99), nanoseconds(0));
  EXPECT_EQ(h.mean(), nanoseconds(0));
  EXPECT_EQ(h.min(), nanoseconds(0));
  h.record(nanoseconds(-5));
  EXPECT_EQ(h.quantile(0.5), nanoseconds(0));
  h.record(nanoseconds(7), 3);
  EXPECT_EQ(h.count(), 4U);
  EXPECT_EQ(h.quantile(0.26), nanoseconds(7));
}

}  // namespace
}  // namespace ferrule::load
