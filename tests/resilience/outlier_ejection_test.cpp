#include "ferrule/resilience/outlier_ejection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ferrule/json/write.hpp"
#include "ferrule/resilience/balancer.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr outlier_settings plain{.ejection_jitter = 0s};

struct fixture {
  mono_time now{100s};
  rng random{1};
  outlier_ejection outliers;

  explicit fixture(std::uint32_t endpoints, const outlier_settings& settings = plain)
      : outliers(settings, now) {
    for (std::uint32_t i = 0; i != endpoints; ++i) EXPECT_TRUE(outliers.add(i));
  }
  bool fail(std::uint32_t endpoint, int times = 5) {
    bool ejected = false;
    for (int i = 0; i != times; ++i) ejected |= outliers.record(endpoint, true, now, random);
    return ejected;
  }
  void succeed(std::uint32_t endpoint, int times = 1) {
    for (int i = 0; i != times; ++i) EXPECT_FALSE(outliers.record(endpoint, false, now, random));
  }
  // Calls of which some fail, but never five in a row.
  void mix(std::uint32_t endpoint, int calls, int failures) {
    for (int i = 0; i != calls; ++i) {
      const bool failed = (i + 1) * failures / calls != i * failures / calls;
      EXPECT_FALSE(outliers.record(endpoint, failed, now, random));
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
  fixture f(3);
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
  fixture f(3, {.consecutive_failures = 0});
  EXPECT_FALSE(f.fail(1, 1000));
}

TEST(outlier_ejection, an_ejected_endpoint_returns_at_the_sweep_after_its_time_as_a_new_one) {
  fixture f(3);
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
  EXPECT_FALSE(f.fail(1, 4));
  EXPECT_TRUE(f.fail(1, 1));
}

TEST(outlier_ejection, one_that_answers_all_the_same_returns_at_once) {
  fixture f(3);
  f.outliers.reinstate(1, f.now);  // harmless
  EXPECT_EQ(f.outliers.decisions().size(), 0U);
  EXPECT_TRUE(f.fail(1));
  f.outliers.reinstate(1, f.now);
  EXPECT_FALSE(f.outliers.is_ejected(1));
  EXPECT_EQ(f.last().cause, ejection_cause::answered);
  EXPECT_EQ(f.last().ejected, 0U);
  EXPECT_FALSE(f.fail(1, 4)) << "as a new one";
  EXPECT_TRUE(f.fail(1, 1));
}

TEST(outlier_ejection, a_sweep_before_its_time_does_nothing) {
  fixture f(3);
  EXPECT_TRUE(f.fail(1));
  EXPECT_EQ(f.outliers.next_sweep(), f.now + 10s);
  EXPECT_TRUE(f.outliers.sweep(f.now + 10s - 1ns, f.random).empty());
  EXPECT_EQ(f.outliers.next_sweep(), f.now + 10s);
  EXPECT_EQ(f.outliers.snapshot(f.now).endpoints[1].calls, 5U) << "and forgets nothing";
}

TEST(outlier_ejection, each_ejection_lasts_longer_up_to_a_maximum) {
  fixture f(3);
  for (const nanoseconds expected :
       {30s, 60s, 90s, 120s, 150s, 180s, 210s, 240s, 270s, 300s, 300s}) {
    ASSERT_TRUE(f.fail(1));
    EXPECT_EQ(f.last().wait_ns, expected.count());
    EXPECT_EQ(f.return_of(1), expected);
  }
  EXPECT_EQ(f.last().times, 10U);
}

TEST(outlier_ejection, each_sweep_in_service_shortens_the_next_ejection) {
  fixture f(3);
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
    fixture f(3, {.ejection_jitter = 10s});
    f.random = rng(seed);
    ASSERT_TRUE(f.fail(1));
    ASSERT_GE(f.last().wait_ns, nanoseconds(30s).count());
    ASSERT_LE(f.last().wait_ns, nanoseconds(40s).count());
    sum += static_cast<double>(f.last().wait_ns) * 1e-9;
  }
  EXPECT_NEAR(sum / 500, 35, 0.6);
}

TEST(outlier_ejection, no_more_than_its_share_is_ejected_but_one_always) {
  const auto ejected_of = [](std::uint32_t endpoints, double share) {
    fixture f(endpoints, {.ejected_share_max = share});
    std::uint32_t ejected = 0;
    for (std::uint32_t i = 0; i != endpoints; ++i) ejected += f.fail(i) ? 1 : 0;
    EXPECT_EQ(f.outliers.snapshot(f.now).ejected, ejected);
    EXPECT_EQ(f.outliers.snapshot(f.now).spared, endpoints - ejected);
    return ejected;
  };
  EXPECT_EQ(ejected_of(1, 1), 0U) << "the last one stays";
  EXPECT_EQ(ejected_of(2, 1), 1U);
  EXPECT_EQ(ejected_of(10, 1), 9U);
  EXPECT_EQ(ejected_of(10, 7), 9U);
  EXPECT_EQ(ejected_of(10, 0), 1U);
  EXPECT_EQ(ejected_of(10, std::nan("")), 1U);
  EXPECT_EQ(ejected_of(10, 0.1), 1U);
  EXPECT_EQ(ejected_of(19, 0.1), 1U);
  EXPECT_EQ(ejected_of(20, 0.1), 2U);
  EXPECT_EQ(ejected_of(10, 0.5), 5U);
}

TEST(outlier_ejection, one_that_was_spared_goes_when_another_has_returned) {
  fixture f(5);
  EXPECT_TRUE(f.fail(1));
  EXPECT_FALSE(f.fail(2));
  f.return_of(1);
  EXPECT_TRUE(f.fail(2, 1)) << "it has failed all the time";
}

TEST(outlier_ejection, a_success_rate_far_below_the_mean_ejects) {
  fixture f(6);
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
  fixture few(4);
  for (std::uint32_t i = 0; i != 3; ++i) few.mix(i, 100, 0);
  few.mix(3, 100, 20);
  EXPECT_TRUE(few.sweep().empty());

  fixture quiet(6);
  for (std::uint32_t i = 0; i != 5; ++i) quiet.mix(i, 100, 0);
  quiet.mix(5, 99, 20);
  EXPECT_TRUE(quiet.sweep().empty()) << "99 calls say nothing";
  quiet.mix(5, 1, 0);
  EXPECT_TRUE(quiet.sweep().empty()) << "each interval counts for itself";

  fixture alike(10);
  for (std::uint32_t i = 0; i != 10; ++i) alike.mix(i, 200, 50);
  EXPECT_TRUE(alike.sweep().empty()) << "all fail alike: that is not an outlier";
}

TEST(outlier_ejection, of_low_success_rates_the_worst_goes_first) {
  fixture f(20, {.ejection_jitter = 0s, .ejected_share_max = 0.1, .success_rate_deviations = 1});
  for (std::uint32_t i = 0; i != 20; ++i)
    f.mix(i, 100, i == 3 ? 15 : i == 7 ? 30 : i == 9 ? 20 : 0);
  const auto changes = f.sweep();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].endpoint, 7U);
  EXPECT_EQ(changes[1].endpoint, 9U);
  EXPECT_EQ(f.outliers.snapshot(f.now).spared, 1U);
}

TEST(outlier_ejection, endpoints_come_and_go) {
  fixture f(2, {.endpoints_max = 4});
  EXPECT_FALSE(f.outliers.add(4));
  EXPECT_FALSE(f.fail(3));
  EXPECT_FALSE(f.fail(77)) << "not watched";
  EXPECT_TRUE(f.fail(1));
  f.outliers.remove(1);
  f.outliers.remove(1);
  f.outliers.remove(99);
  EXPECT_EQ(f.outliers.snapshot(f.now).ejected, 0U);
  EXPECT_FALSE(f.fail(0)) << "the last one";
  EXPECT_TRUE(f.outliers.add(3));
  EXPECT_TRUE(f.fail(3));
  EXPECT_TRUE(f.outliers.add(3));
  EXPECT_FALSE(f.outliers.is_ejected(3)) << "a new one of that number";
  EXPECT_EQ(f.outliers.snapshot(f.now).endpoints.size(), 2U);
}

TEST(outlier_ejection, absurd_times_overflow_nothing) {
  fixture f(3, {.interval = -1s,
                .ejection_base = nanoseconds::max(),
                .ejection_max = nanoseconds::max(),
                .ejection_jitter = nanoseconds::max()});
  EXPECT_TRUE(f.fail(1));
  EXPECT_TRUE(f.sweep().empty());
  EXPECT_TRUE(f.outliers.is_ejected(1));
  fixture none(3, {.ejection_base = 0s, .ejection_max = 0s, .ejection_jitter = 0s});
  EXPECT_TRUE(none.fail(1));
  EXPECT_EQ(none.sweep().size(), 1U);
}

// Whatever fails, those who follow the changes know who is ejected, and there are never too many.
TEST(outlier_ejection, keeps_its_promises_whatever_happens) {
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    rng chaos(seed);
    const auto count = static_cast<std::uint32_t>(1 + chaos.below(30));
    const double share = chaos.uniform();
    fixture f(count, {.ejected_share_max = share, .success_rate_calls_min = 20});
    std::set<std::uint32_t> out;
    const std::size_t most = std::min<std::size_t>(
        count - 1, std::max<std::size_t>(1, static_cast<std::size_t>(share * count)));
    for (int step = 0; step != 5000; ++step) {
      f.now += nanoseconds(chaos.below(100'000'000));
      const auto endpoint = static_cast<std::uint32_t>(chaos.below(count));
      const bool failed = chaos.uniform() < 0.7 * endpoint / count;
      if (f.outliers.record(endpoint, failed, f.now, f.random)) {
        ASSERT_TRUE(failed);
        ASSERT_TRUE(out.insert(endpoint).second);
      }
      for (const ejection_change& change : f.outliers.sweep(f.now, f.random)) {
        ASSERT_EQ(change.is_ejected, out.count(change.endpoint) == 0);
        if (change.is_ejected) {
          out.insert(change.endpoint);
        } else {
          out.erase(change.endpoint);
        }
      }
      ASSERT_LE(out.size(), most);
    }
    for (std::uint32_t i = 0; i != count; ++i)
      EXPECT_EQ(f.outliers.is_ejected(i), out.count(i) == 1);
    if (count > 3) {
      EXPECT_GT(f.outliers.snapshot(f.now).ejections, 0U) << seed;
    }
  }
}

// An endpoint that fails at once looks fast: without ejection it would get most of the calls.
TEST(outlier_ejection, keeps_a_balancer_from_endpoints_that_fail_fast) {
  const auto failed_share = [](bool ejects, std::uint64_t seed) {
    fixture f(5);
    f.random = rng(seed);
    balancer endpoints({}, f.random);
    for (int i = 0; i != 5; ++i) endpoints.add();
    int failures = 0;
    for (int call = 0; call != 5000; ++call) {
      f.now += 5ms;
      const std::uint32_t endpoint = endpoints.pick(f.now, f.random).value();
      const bool failed = endpoint == 2;
      failures += failed ? 1 : 0;
      endpoints.end(endpoint, f.now, failed ? 100us : 20ms);
      if (!ejects) continue;
      if (f.outliers.record(endpoint, failed, f.now, f.random))
        endpoints.set_available(endpoint, false);
      for (const ejection_change& change : f.outliers.sweep(f.now, f.random)) {
        endpoints.set_available(change.endpoint, !change.is_ejected);
      }
    }
    return failures / 5000.0;
  };
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    EXPECT_GT(failed_share(false, seed), 0.3);
    EXPECT_LT(failed_share(true, seed), 0.01);
  }
}

TEST(outlier_ejection, shows_itself_as_json) {
  fixture f(2);
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
