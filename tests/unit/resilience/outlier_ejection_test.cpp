#include "ferrule/resilience/outlier_ejection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto failed = ejection_signal::failed;
constexpr auto succeeded = ejection_signal::succeeded;
constexpr auto unreachable = ejection_signal::unreachable;

constexpr outlier_settings plain{.ejection_jitter = 0s, .success_rate_deviations = 1.9};
static_assert(can_eject_by_rate(outlier_settings{}));
static_assert(!can_eject_by_rate({.success_rate_deviations = 1.9}), "as Envoy's defaults are");

struct ejection_fixture {
  mono_time now{100s};
  rng random{1};
  outlier_ejection outliers;

  explicit ejection_fixture(std::uint32_t endpoints, const outlier_settings& settings = plain)
      : outliers(settings, now) {
    for (std::uint32_t i = 0; i != endpoints; ++i) EXPECT_TRUE(outliers.add(i));
  }
  bool fail(std::uint32_t endpoint, int times = 5) {
    bool ejected = false;
    for (int i = 0; i != times; ++i) ejected |= outliers.record(endpoint, failed, now, random);
    return ejected;
  }
  void succeed(std::uint32_t endpoint, int times = 1) {
    for (int i = 0; i != times; ++i) {
      EXPECT_FALSE(outliers.record(endpoint, succeeded, now, random));
    }
  }
  // Calls of which some fail, but never five in a row.
  void mix(std::uint32_t endpoint, int calls, int failures) {
    for (int i = 0; i != calls; ++i) {
      const bool fails = (i + 1) * failures / calls != i * failures / calls;
      EXPECT_FALSE(outliers.record(endpoint, fails ? failed : succeeded, now, random));
    }
  }
  std::vector<ejection_change> sweep() {
    now = std::max(now, outliers.next_sweep());
    const auto changes = outliers.sweep(now, random);
    return {changes.begin(), changes.end()};
  }
  // Sweeps until the endpoint is back and returns how long that took.
  nanoseconds return_of(std::uint32_t endpoint) {
    const mono_time ejected = now;
    while (outliers.is_ejected(endpoint)) sweep();
    return now - ejected;
  }
  const ejection_decision& last() const {
    return outliers.decisions()[outliers.decisions().size() - 1];
  }
};

TEST(outlier_ejection, five_failures_in_a_row_eject) {
  ejection_fixture f(3);
  EXPECT_FALSE(f.fail(1, 4));
  f.succeed(1);
  EXPECT_FALSE(f.fail(1, 4));
  EXPECT_TRUE(f.fail(1, 1));
  EXPECT_TRUE(f.outliers.is_ejected(1));
  EXPECT_FALSE(f.outliers.is_ejected(0));
  EXPECT_EQ(f.last().cause, ejection_cause::consecutive_failures);
  EXPECT_EQ(f.last().failures_in_a_row, 5U);
  EXPECT_EQ(f.last().calls, 10U);
  EXPECT_EQ(f.last().ejected, 1U);
  EXPECT_EQ(f.last().endpoints, 3U);
}

TEST(outlier_ejection, zero_failures_in_a_row_means_never) {
  ejection_fixture f(3, {.consecutive_failures = 0});
  EXPECT_FALSE(f.fail(1, 1000));
}

TEST(outlier_ejection, what_cannot_be_reached_goes_at_once_and_on_its_own) {
  ejection_fixture f(10);
  for (std::uint32_t i = 0; i != 10; ++i) {
    EXPECT_TRUE(f.outliers.record(i, unreachable, f.now, f.random)) << "however many are out";
    EXPECT_EQ(f.last().cause, ejection_cause::unreachable);
    EXPECT_EQ(f.outliers.is_panicking(), i == 9) << "none is left";
  }
  ejection_fixture three(3, {.consecutive_unreachable = 3});
  EXPECT_FALSE(three.outliers.record(1, unreachable, three.now, three.random));
  EXPECT_FALSE(three.outliers.record(1, unreachable, three.now, three.random));
  EXPECT_FALSE(three.fail(1, 1)) << "in a row";
  EXPECT_FALSE(three.outliers.record(1, unreachable, three.now, three.random));
  ejection_fixture never(3, {.consecutive_failures = 0, .consecutive_unreachable = 0});
  for (int i = 0; i != 100; ++i) {
    EXPECT_FALSE(never.outliers.record(1, unreachable, never.now, never.random));
  }
}

TEST(outlier_ejection, what_says_nothing_counts_for_nothing) {
  ejection_fixture f(3);
  EXPECT_FALSE(f.fail(1, 4));
  EXPECT_FALSE(f.outliers.record(1, ejection_signal::none, f.now, f.random));
  EXPECT_EQ(f.outliers.snapshot(f.now).endpoints[1].calls, 4U);
  EXPECT_TRUE(f.fail(1, 1)) << "nor does it end a row";
}

TEST(outlier_ejection, of_one_there_is_nothing_to_eject) {
  ejection_fixture f(1);
  EXPECT_FALSE(f.fail(0, 100));
  EXPECT_FALSE(f.outliers.record(0, unreachable, f.now, f.random));
  EXPECT_FALSE(f.outliers.is_panicking());
}

TEST(outlier_ejection, a_panic_may_begin_while_some_are_left) {
  ejection_fixture f(4, {.panic_share = 0.5});
  EXPECT_TRUE(f.fail(0));
  EXPECT_TRUE(f.fail(1));
  EXPECT_FALSE(f.outliers.is_panicking()) << "half is not less than half";
  EXPECT_TRUE(f.fail(2));
  EXPECT_TRUE(f.outliers.is_panicking());
}

TEST(outlier_ejection, one_that_answers_in_a_panic_brings_all_back_on_probation) {
  ejection_fixture f(3);
  for (std::uint32_t i = 0; i != 3; ++i) EXPECT_TRUE(f.fail(i));
  EXPECT_EQ(f.outliers.reinstate(1, f.now).size(), 3U);
  EXPECT_EQ(f.last().cause, ejection_cause::other_answered);
  EXPECT_EQ(f.outliers.snapshot(f.now).ejected, 0U);
  EXPECT_FALSE(f.fail(1, 4)) << "that one has shown itself";
  EXPECT_TRUE(f.fail(0, 1));
  EXPECT_EQ(f.last().cause, ejection_cause::probation);
  f.succeed(2);
  EXPECT_FALSE(f.fail(2, 4)) << "a success ends it";
}

TEST(outlier_ejection, an_ejected_endpoint_returns_at_the_sweep_after_its_time_on_probation) {
  ejection_fixture f(3);
  f.now += 1s;
  EXPECT_TRUE(f.fail(1));
  EXPECT_FALSE(f.fail(1, 100)) << "calls that were under way";
  EXPECT_TRUE(f.sweep().empty());  // 9 s after its ejection
  EXPECT_TRUE(f.sweep().empty());
  EXPECT_TRUE(f.sweep().empty());
  const auto changes = f.sweep();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].endpoint, 1U);
  EXPECT_FALSE(changes[0].is_ejected);
  EXPECT_FALSE(f.outliers.is_ejected(1));
  EXPECT_EQ(f.last().cause, ejection_cause::time_is_up);
  EXPECT_TRUE(f.fail(1, 1));
  EXPECT_EQ(f.last().cause, ejection_cause::probation);
}

TEST(outlier_ejection, one_that_answers_all_the_same_returns_at_once) {
  ejection_fixture f(3);
  EXPECT_TRUE(f.outliers.reinstate(1, f.now).empty());  // harmless
  EXPECT_EQ(f.outliers.decisions().size(), 0U);
  EXPECT_TRUE(f.fail(1));
  EXPECT_TRUE(f.fail(0));
  EXPECT_EQ(f.outliers.reinstate(1, f.now).size(), 1U) << "there is no panic";
  EXPECT_FALSE(f.outliers.is_ejected(1));
  EXPECT_EQ(f.last().cause, ejection_cause::answered);
  EXPECT_EQ(f.last().ejected, 1U);
  EXPECT_FALSE(f.fail(1, 4)) << "as a new one";
  EXPECT_TRUE(f.fail(1, 1));
}

TEST(outlier_ejection, a_sweep_before_its_time_does_nothing) {
  ejection_fixture f(3);
  EXPECT_TRUE(f.fail(1));
  EXPECT_EQ(f.outliers.next_sweep(), f.now + 10s);
  EXPECT_TRUE(f.outliers.sweep(f.now + 10s - 1ns, f.random).empty());
  EXPECT_EQ(f.outliers.next_sweep(), f.now + 10s);
  EXPECT_EQ(f.outliers.snapshot(f.now).endpoints[1].calls, 5U) << "and forgets nothing";
}

TEST(outlier_ejection, each_ejection_lasts_longer_up_to_a_maximum) {
  ejection_fixture f(3);
  for (const nanoseconds expected :
       {30s, 60s, 90s, 120s, 150s, 180s, 210s, 240s, 270s, 300s, 300s}) {
    ASSERT_TRUE(f.fail(1));
    EXPECT_EQ(f.last().wait_ns, expected.count());
    EXPECT_EQ(f.return_of(1), expected);
  }
  EXPECT_EQ(f.last().times, 10U);
}

TEST(outlier_ejection, each_sweep_in_service_shortens_the_next_ejection) {
  ejection_fixture f(3);
  for (int i = 0; i != 4; ++i) {
    ASSERT_TRUE(f.fail(1));
    f.return_of(1);
  }
  f.sweep();
  f.sweep();
  ASSERT_TRUE(f.fail(1));
  EXPECT_EQ(f.last().times, 3U);  // four, less two, and this one
  f.return_of(1);
  for (int i = 0; i != 50; ++i) f.sweep();
  ASSERT_TRUE(f.fail(1));
  EXPECT_EQ(f.last().times, 1U);
}

TEST(outlier_ejection, jitter_is_added_evenly) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed != 500; ++seed) {
    ejection_fixture f(3, {.ejection_jitter = 10s});
    f.random = rng(seed);
    ASSERT_TRUE(f.fail(1));
    ASSERT_GE(f.last().wait_ns, nanoseconds(30s).count());
    ASSERT_LE(f.last().wait_ns, nanoseconds(40s).count());
    sum += static_cast<double>(f.last().wait_ns) * 1e-9;
  }
  EXPECT_NEAR(sum / 500, 35, 0.6);
}

TEST(outlier_ejection, no_more_than_its_share_is_ejected_for_rates_but_one_always) {
  const auto ejected_of = [](std::uint32_t endpoints, double share) {
    ejection_fixture f(
        endpoints,
        {.ejected_share_max = share, .success_rate_deviations = 0, .success_rate_drop_min = 0});
    for (std::uint32_t i = 0; i != endpoints; ++i) {
      for (std::uint32_t of = 0; of != 100; ++of) {
        f.outliers.record(i, i + 1 != endpoints && of % 2 == 0 ? failed : succeeded, f.now,
                          f.random);
      }
    }
    f.sweep();
    return f.outliers.snapshot(f.now).ejected;
  };
  EXPECT_EQ(ejected_of(10, 0), 1U);
  EXPECT_EQ(ejected_of(10, std::nan("")), 1U);
  EXPECT_EQ(ejected_of(10, 0.1), 1U);
  EXPECT_EQ(ejected_of(19, 0.1), 1U);
  EXPECT_EQ(ejected_of(20, 0.1), 2U);
  EXPECT_EQ(ejected_of(200, 0.5), 100U);
}

TEST(outlier_ejection, a_success_rate_far_below_the_mean_ejects) {
  ejection_fixture f(6);
  for (std::uint32_t i = 0; i != 5; ++i) f.mix(i, 100, 1);
  f.mix(5, 100, 20);
  const auto changes = f.sweep();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].endpoint, 5U);
  EXPECT_TRUE(changes[0].is_ejected);
  EXPECT_EQ(f.last().cause, ejection_cause::success_rate);
  EXPECT_DOUBLE_EQ(f.last().success_rate, 0.8);
  // The mean of five times 0.99 and once 0.8, and the deviation of those six.
  const double mean = (5 * 0.99 + 0.8) / 6;
  const double deviation =
      std::sqrt((5 * (0.99 - mean) * (0.99 - mean) + (0.8 - mean) * (0.8 - mean)) / 6);
  EXPECT_NEAR(f.last().threshold, mean - 1.9 * deviation, 1e-12);
}

TEST(outlier_ejection, success_rates_need_endpoints_calls_and_a_difference) {
  ejection_fixture few(4);
  for (std::uint32_t i = 0; i != 3; ++i) few.mix(i, 100, 0);
  few.mix(3, 100, 20);
  EXPECT_TRUE(few.sweep().empty());

  ejection_fixture quiet(6);
  for (std::uint32_t i = 0; i != 5; ++i) quiet.mix(i, 100, 0);
  quiet.mix(5, 99, 20);
  EXPECT_TRUE(quiet.sweep().empty()) << "99 calls say nothing";
  quiet.mix(5, 1, 0);
  EXPECT_TRUE(quiet.sweep().empty()) << "each interval counts for itself";

  ejection_fixture close(6);
  for (std::uint32_t i = 0; i != 5; ++i) close.mix(i, 100, 0);
  close.mix(5, 100, 4);
  EXPECT_TRUE(close.sweep().empty()) << "two deviations, and 3 % below the mean: that is chance";

  ejection_fixture alike(10);
  for (std::uint32_t i = 0; i != 10; ++i) alike.mix(i, 200, 50);
  EXPECT_TRUE(alike.sweep().empty()) << "all fail alike: that is not an outlier";
}

TEST(outlier_ejection, of_low_success_rates_the_worst_goes_first) {
  ejection_fixture f(
      20, {.ejection_jitter = 0s, .ejected_share_max = 0.1, .success_rate_deviations = 1});
  for (std::uint32_t i = 0; i != 20; ++i)
    f.mix(i, 100, i == 3 ? 15 : i == 7 ? 30 : i == 9 ? 20 : 0);
  const auto changes = f.sweep();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].endpoint, 7U);
  EXPECT_EQ(changes[1].endpoint, 9U);
  EXPECT_EQ(f.outliers.snapshot(f.now).spared, 1U);
}

TEST(outlier_ejection, endpoints_come_and_go) {
  ejection_fixture f(2, {.endpoints_max = 4});
  EXPECT_FALSE(f.outliers.add(4));
  EXPECT_FALSE(f.fail(3));
  EXPECT_FALSE(f.fail(77)) << "not watched";
  EXPECT_TRUE(f.fail(1));
  f.outliers.remove(1);
  f.outliers.remove(1);
  f.outliers.remove(99);
  EXPECT_EQ(f.outliers.snapshot(f.now).ejected, 0U);
  EXPECT_FALSE(f.fail(0)) << "the only one";
  EXPECT_TRUE(f.outliers.add(3));
  EXPECT_TRUE(f.fail(3));
  EXPECT_TRUE(f.outliers.add(3));
  EXPECT_FALSE(f.outliers.is_ejected(3)) << "a new one of that number";
  EXPECT_EQ(f.outliers.snapshot(f.now).endpoints.size(), 2U);
}

TEST(outlier_ejection, absurd_times_overflow_nothing) {
  ejection_fixture f(3, {.interval = -1s,
                         .ejection_base = nanoseconds::max(),
                         .ejection_max = nanoseconds::max(),
                         .ejection_jitter = nanoseconds::max()});
  EXPECT_TRUE(f.fail(1));
  EXPECT_TRUE(f.sweep().empty());
  EXPECT_TRUE(f.outliers.is_ejected(1));
  ejection_fixture none(3, {.ejection_base = 0s, .ejection_max = 0s, .ejection_jitter = 0s});
  EXPECT_TRUE(none.fail(1));
  EXPECT_EQ(none.sweep().size(), 1U);
}

// Whatever fails, those who follow the changes know who is ejected.
TEST(outlier_ejection, keeps_its_promises_whatever_happens) {
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    rng chaos(seed);
    const auto count = static_cast<std::uint32_t>(1 + chaos.below(30));
    const double share = chaos.uniform();
    ejection_fixture f(count, {.ejected_share_max = share, .success_rate_calls_min = 20});
    std::set<std::uint32_t> out;
    for (int step = 0; step != 5000; ++step) {
      f.now += nanoseconds(chaos.below(100'000'000));
      const auto endpoint = static_cast<std::uint32_t>(chaos.below(count));
      const bool fails = chaos.uniform() < 0.7 * endpoint / count;
      const ejection_signal how = chaos.below(100) == 0 ? unreachable : failed;
      if (f.outliers.record(endpoint, fails ? how : succeeded, f.now, f.random)) {
        ASSERT_TRUE(fails);
        ASSERT_TRUE(out.insert(endpoint).second);
      }
      if (chaos.below(50) == 0) {
        for (const ejection_change& change : f.outliers.reinstate(endpoint, f.now)) {
          ASSERT_EQ(out.erase(change.endpoint), 1U);
        }
      }
      for (const ejection_change& change : f.outliers.sweep(f.now, f.random)) {
        ASSERT_EQ(change.is_ejected, out.count(change.endpoint) == 0);
        if (change.is_ejected) {
          out.insert(change.endpoint);
        } else {
          out.erase(change.endpoint);
        }
      }
      ASSERT_EQ(f.outliers.is_panicking(), out.size() == count);
    }
    for (std::uint32_t i = 0; i != count; ++i)
      EXPECT_EQ(f.outliers.is_ejected(i), out.count(i) == 1);
    if (count > 3) {
      EXPECT_GT(f.outliers.snapshot(f.now).ejections, 0U) << seed;
    }
  }
}

TEST(outlier_ejection, shows_itself_as_json) {
  ejection_fixture f(2);
  f.succeed(0);
  EXPECT_TRUE(f.fail(1));
  EXPECT_EQ(json::write(f.outliers.snapshot(f.now + 1s)),
            R"({"ejected":1,"ejections":1,"spared":0,"endpoints":[{"endpoint":0,)"
            R"("is_ejected":false,"returns_in_ns":0,"times":0,"failures_in_a_row":0,"calls":1,)"
            R"("failed":0},{"endpoint":1,"is_ejected":true,"returns_in_ns":29000000000,"times":1,)"
            R"("failures_in_a_row":5,"calls":5,"failed":5}]})");
  EXPECT_EQ(json::write(f.outliers.decisions()),
            R"([{"at_ns":100000000000,"endpoint":1,"is_ejected":true,)"
            R"("cause":"consecutive_failures","failures_in_a_row":5,"calls":5,"success_rate":0,)"
            R"("threshold":0,"times":1,"wait_ns":30000000000,"ejected":1,"endpoints":2}])");
}

}  // namespace
}  // namespace ferrule
