#include "ferrule/resilience/concurrency_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <vector>

#include "ferrule/core/rng.hpp"
#include "ferrule/json/write.hpp"
#include "start.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// One window in which `running` calls run at once and each takes `took`.
void run_window(concurrency_limit& limit, mono_time& now, std::uint32_t running, nanoseconds took) {
  for (std::uint32_t i = 0; i != running; ++i) ASSERT_TRUE(limit.try_acquire());
  now += 500ms;
  for (std::uint32_t i = 1; i != running; ++i) limit.release(now, took);
  now += 500ms;
  limit.release(now, took);
}

TEST(concurrency_limit, admits_as_many_as_the_limit) {
  concurrency_limit limit({.limit_initial = 4}, start);
  for (int i = 0; i != 4; ++i) EXPECT_TRUE(limit.try_acquire());
  EXPECT_FALSE(limit.try_acquire());
  limit.release_ignored();
  EXPECT_TRUE(limit.try_acquire());
  EXPECT_EQ(limit.running(), 4U);
  EXPECT_EQ(limit.snapshot().refused, 1U);
}

TEST(concurrency_limit_death, releasing_what_was_not_acquired_is_a_defect) {
  concurrency_limit limit({}, start);
  EXPECT_DEATH(limit.release(start, 1ms), "nothing runs");
  EXPECT_DEATH(limit.release_ignored(), "nothing runs");
}

// By hand: 20 + 0.2 × 4 = 20.8; then long = (10 + 100) / 2, gradient = 1.5 × 55 / 100 = 0.825, and
// 0.8 × 20.8 + 0.2 × (0.825 × 20.8 + 4) = 20.872. Without gradient 21.6, without tolerance 19.7.
TEST(concurrency_limit, moves_as_its_formula_says) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  run_window(limit, now, 20, 10ms);
  EXPECT_EQ(limit.limit(), 20U);
  run_window(limit, now, 20, 100ms);
  EXPECT_EQ(limit.limit(), 20U);
  EXPECT_DOUBLE_EQ(limit.snapshot().short_ns, 100e6);
  EXPECT_DOUBLE_EQ(limit.snapshot().long_ns, 55e6);
  run_window(limit, now, 20, 70ms);  // as usual: 0.8 more, 21.672
  EXPECT_EQ(limit.limit(), 21U);
}

TEST(concurrency_limit, grows_to_its_maximum_while_latency_stays) {
  concurrency_limit limit({.limit_max = 50}, start);
  mono_time now = start;
  for (int i = 0; i != 100; ++i) run_window(limit, now, limit.limit(), 10ms);
  EXPECT_EQ(limit.limit(), 50U);
}

TEST(concurrency_limit, shrinks_to_its_minimum_when_latency_explodes_but_not_at_once) {
  concurrency_limit limit({.limit_initial = 100, .limit_min = 10, .queue = 0}, start);
  mono_time now = start;
  for (int i = 0; i != 20; ++i) run_window(limit, now, limit.limit(), 10ms);
  EXPECT_EQ(limit.limit(), 100U) << "without a queue nothing makes it grow";
  run_window(limit, now, 100, 10s);
  EXPECT_EQ(limit.limit(), 90U) << "at most half, smoothed";
  for (int i = 0; i != 30; ++i) run_window(limit, now, limit.limit(), 10s);
  EXPECT_EQ(limit.limit(), 10U);
}

TEST(concurrency_limit, stays_when_calls_do_not_need_it) {
  concurrency_limit limit({.limit_initial = 40}, start);
  mono_time now = start;
  for (int i = 0; i != 50; ++i) run_window(limit, now, 19, i % 2 == 0 ? 1ms : 1s);
  EXPECT_EQ(limit.limit(), 40U);
  EXPECT_TRUE(limit.decisions().empty());
}

TEST(concurrency_limit, stays_when_calls_need_it_no_more) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  for (int i = 0; i != 5; ++i) run_window(limit, now, limit.limit(), 10ms);
  const std::uint32_t before = limit.limit();
  for (int i = 0; i != 50; ++i) run_window(limit, now, 11, i % 2 == 0 ? 1ms : 1s);
  EXPECT_EQ(limit.limit(), before);
}

TEST(concurrency_limit, calls_of_an_earlier_window_count_as_running) {
  concurrency_limit limit({.window_calls = 5}, start);
  for (int i = 0; i != 20; ++i) EXPECT_TRUE(limit.try_acquire());
  for (int i = 0; i != 5; ++i) limit.release(start + 1s, 10ms);
  EXPECT_EQ(limit.limit(), 20U) << "20.8";
  for (int i = 0; i != 5; ++i) limit.release(start + 2s, 10ms);
  EXPECT_EQ(limit.limit(), 21U) << "21.6, for 15 were running";
}

TEST(concurrency_limit, tolerates_latency_below_its_tolerance) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  for (int i = 0; i != 20; ++i) run_window(limit, now, 20, 10ms);
  const std::uint32_t before = limit.limit();
  run_window(limit, now, before, 15ms);
  run_window(limit, now, before, 15ms);
  EXPECT_GT(limit.limit(), before);
}

TEST(concurrency_limit, a_window_needs_time_and_calls) {
  concurrency_limit limit({.limit_initial = 9, .window_calls = 10}, start);
  mono_time now = start;
  run_window(limit, now, 9, 10ms);
  EXPECT_EQ(limit.snapshot().short_ns, 0) << "nine calls";
  EXPECT_TRUE(limit.try_acquire());
  limit.release(now, 20ms);
  EXPECT_DOUBLE_EQ(limit.snapshot().short_ns, 11e6);
  for (int i = 0; i != 1000; ++i) {
    EXPECT_TRUE(limit.try_acquire());
    limit.release(now + 999ms, 50ms);
  }
  EXPECT_DOUBLE_EQ(limit.snapshot().short_ns, 11e6) << "not a second yet";
}

TEST(concurrency_limit, forgets_a_long_overload_soon) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  for (int i = 0; i != 30; ++i) run_window(limit, now, limit.limit(), 1s);
  EXPECT_NEAR(limit.snapshot().long_ns, 1e9, 1e6);
  for (int i = 0; i != 100; ++i) run_window(limit, now, limit.limit(), 10ms);
  EXPECT_LT(limit.snapshot().long_ns, 25e6);
  std::uint32_t before = limit.limit();
  run_window(limit, now, before, 100ms);
  EXPECT_LT(limit.limit(), before) << "and notices the next one";
}

TEST(concurrency_limit, what_a_service_has_no_room_for_takes_a_tenth_off_a_window) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  ASSERT_TRUE(limit.try_acquire());
  limit.release_overloaded(now);
  run_window(limit, now, 20, 10ms);
  EXPECT_EQ(limit.limit(), 18U) << "though latency stays";
  for (int i = 0; i != 10; ++i) {
    ASSERT_TRUE(limit.try_acquire());
    now += 200ms;
    limit.release_overloaded(now);
  }
  EXPECT_EQ(limit.limit(), 16U) << "and without any latency";
  EXPECT_EQ(limit.decisions()[1].overloads, 10U);
  EXPECT_EQ(limit.running(), 0U);
  run_window(limit, now, 16, 10ms);
  EXPECT_GE(limit.limit(), 16U) << "it grows again";
}

TEST(concurrency_limit, settings_out_of_range_are_brought_into_it) {
  concurrency_limit limit({.limit_initial = 0,
                           .limit_min = 0,
                           .limit_max = 0,
                           .smoothing = 7,
                           .tolerance = std::nan(""),
                           .windows_long = 0,
                           .window_time = -1s,
                           .window_calls = 0,
                           .decisions_max = 0},
                          start);
  EXPECT_EQ(limit.limit(), 1U);
  for (int i = 0; i != 100; ++i) {
    ASSERT_TRUE(limit.try_acquire());
    limit.release(start, nanoseconds(-1));
    ASSERT_EQ(limit.limit(), 1U);
  }
}

// A service of so many workers before which calls queue; what arrives is more than it can do.
struct overloaded_service {
  static constexpr std::size_t workers = 20;
  static constexpr double per_second = 400;  // of a mean service time of 50 ms
  static constexpr nanoseconds service_mean = 50ms;

  rng random;
  double arrivals_per_second;
  std::vector<mono_time> free_at = std::vector<mono_time>(workers, start);
  std::uint64_t ended = 0;
  double sum_seconds = 0;

  nanoseconds exponential(double mean_seconds) {
    return nanoseconds(
        static_cast<std::int64_t>(-std::log(1 - random.uniform()) * mean_seconds * 1e9));
  }

  struct running_call {
    mono_time ends;
    nanoseconds took;
    bool operator>(const running_call& other) const { return ends > other.ends; }
  };

  running_call begin(mono_time now) {
    auto& worker = *std::min_element(free_at.begin(), free_at.end());
    worker = std::max(worker, now) + service_mean / 2 + exponential(0.025);
    return {worker, worker - now};
  }

  void run(concurrency_limit& limit, nanoseconds length) {
    std::priority_queue<running_call, std::vector<running_call>, std::greater<>> calls;
    for (mono_time now = start; now < start + length;) {
      now += exponential(1 / arrivals_per_second);
      while (!calls.empty() && calls.top().ends <= now) {
        limit.release(calls.top().ends, calls.top().took);
        sum_seconds += std::chrono::duration<double>(calls.top().took).count();
        ++ended;
        calls.pop();
      }
      if (limit.try_acquire()) calls.push(begin(now));
    }
  }
};

TEST(concurrency_limit, keeps_an_overloaded_service_busy_and_its_queue_short) {
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    concurrency_limit limit({}, start);
    overloaded_service service{.random = rng(seed), .arrivals_per_second = 800};
    service.run(limit, 120s);
    const double goodput = static_cast<double>(service.ended) / 120;
    const double latency = service.sum_seconds / static_cast<double>(service.ended);
    EXPECT_GT(goodput, 0.95 * overloaded_service::per_second) << seed;
    EXPECT_LT(latency, 0.2) << "unlimited, calls would wait for a minute; seed " << seed;
  }
}

TEST(concurrency_limit, shows_itself_as_json) {
  concurrency_limit limit({}, start);
  mono_time now = start;
  run_window(limit, now, 20, 10ms);
  run_window(limit, now, 20, 10ms);
  EXPECT_TRUE(limit.try_acquire());
  EXPECT_EQ(json::write(limit.snapshot()),
            R"({"limit":21,"running":1,"short_ns":10000000,"long_ns":10000000,"admitted":41,)"
            R"("refused":0})");
  EXPECT_EQ(json::write(limit.decisions()),
            R"([{"at_ns":102000000000,"before":20,"after":21,"short_ns":10000000,)"
            R"("long_ns":10000000,"gradient":1,"running_most":20,"calls":20,"overloads":0}])");
}

}  // namespace
}  // namespace ferrule
