#include "ferrule/resilience/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr circuit_breaker_settings small{.window_calls = 4,
                                         .calls_min = 4,
                                         .slow_after = 100ms,
                                         .open_wait = 1s,
                                         .open_wait_max = 5s,
                                         .jitter = 0,
                                         .half_open_calls = 2,
                                         .half_open_wait_max = 10s};
constexpr circuit_breaker_settings small_in_time = [] {
  circuit_breaker_settings settings = small;
  settings.window = circuit_window::time;
  settings.window_time = 10s;
  return settings;
}();

// A breaker, its time and its chance.
struct breaker_fixture {
  circuit_breaker_settings settings = small;
  mono_time now{100s};
  rng random{1};
  circuit_breaker breaker{settings, now};

  std::optional<circuit_permit> acquire() { return breaker.try_acquire(now, random); }
  void end(circuit_permit permit, call_result result, nanoseconds took = 1ms) {
    breaker.record(permit, now, random, {result, took});
  }
  bool call(call_result result, nanoseconds took = 1ms) {
    const auto permit = acquire();
    if (permit) end(*permit, result, took);
    return permit.has_value();
  }
  void succeed(int times = 1) {
    for (int i = 0; i != times; ++i) EXPECT_TRUE(call(call_result::succeeded));
  }
  void fail(int times = 1) {
    for (int i = 0; i != times; ++i) EXPECT_TRUE(call(call_result::failed));
  }
  // Brings a new breaker into that state along the diagram.
  void bring_to(circuit_state wanted) {
    if (wanted == circuit_state::forced_open) return breaker.force_open(now);
    if (wanted == circuit_state::forced_closed) return breaker.force_closed(now);
    if (wanted == circuit_state::disabled) return breaker.disable(now);
    if (wanted == circuit_state::closed) return;
    fail(4);
    if (wanted == circuit_state::open) return;
    now += 1s;
    const auto permit = acquire();
    ASSERT_TRUE(permit);
    end(*permit, call_result::ignored);
  }
  circuit_state state() const { return breaker.state(); }
  const circuit_decision& last() const {
    return breaker.decisions()[breaker.decisions().size() - 1];
  }
};

constexpr circuit_state all_states[] = {circuit_state::closed,        circuit_state::open,
                                        circuit_state::half_open,     circuit_state::forced_open,
                                        circuit_state::forced_closed, circuit_state::disabled};

TEST(circuit_breaker, closed_stays_closed_below_the_rates_and_below_the_minimum) {
  breaker_fixture f;
  f.fail(3);
  EXPECT_EQ(f.state(), circuit_state::closed) << "3 calls of 4";
  breaker_fixture g;
  for (int i = 0; i != 50; ++i) {
    g.fail();
    g.succeed(3);
  }
  EXPECT_EQ(g.state(), circuit_state::closed);
  EXPECT_TRUE(g.breaker.decisions().empty());
}

TEST(circuit_breaker, closed_to_open_by_failures) {
  breaker_fixture f;
  f.succeed(2);
  f.fail(2);
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().cause, circuit_cause::failures);
  EXPECT_EQ(f.last().tally, (call_tally{4, 2, 0}));
  EXPECT_EQ(f.last().wait_ns, nanoseconds(1s).count());
}

TEST(circuit_breaker, closed_to_open_by_slow_calls_that_succeed) {
  breaker_fixture f;
  f.succeed(10);
  EXPECT_TRUE(f.call(call_result::succeeded, 100ms)) << "not longer than slow_after";
  for (int i = 0; i != 3; ++i) EXPECT_TRUE(f.call(call_result::succeeded, 101ms));
  EXPECT_EQ(f.state(), circuit_state::closed) << "3 of 4 are below 0.8";
  EXPECT_TRUE(f.call(call_result::succeeded, 101ms));
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().cause, circuit_cause::slow_calls);
  EXPECT_EQ(f.last().tally, (call_tally{4, 0, 4}));
}

TEST(circuit_breaker, ignored_calls_count_nowhere) {
  breaker_fixture f;
  for (int i = 0; i != 20; ++i) EXPECT_TRUE(f.call(call_result::ignored, 1h));
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, call_tally{});
  EXPECT_EQ(f.state(), circuit_state::closed);
}

TEST(circuit_breaker, a_window_of_calls_forgets_the_oldest) {
  breaker_fixture f;
  f.fail();
  f.succeed(4);
  f.fail();
  EXPECT_EQ(f.state(), circuit_state::closed);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, (call_tally{4, 1, 0}));
  f.now += 24h;
  f.fail();
  EXPECT_EQ(f.state(), circuit_state::open) << "time does not matter to it";
}

TEST(circuit_breaker, a_window_of_time_forgets_with_time) {
  breaker_fixture f{.settings = small_in_time};
  f.fail(3);
  f.now += 10s;
  f.fail();
  EXPECT_EQ(f.state(), circuit_state::closed);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, (call_tally{1, 1, 0}));
  f.now += 9s;
  f.succeed(2);
  EXPECT_EQ(f.state(), circuit_state::closed);
  f.fail();
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().tally, (call_tally{4, 2, 0}));
}

TEST(circuit_breaker, open_refuses_until_the_wait_is_over_and_then_half_opens) {
  breaker_fixture f;
  f.bring_to(circuit_state::open);
  EXPECT_FALSE(f.acquire());
  f.now += 999ms;
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.breaker.snapshot(f.now).opens_again_ns, nanoseconds(1ms).count());
  EXPECT_EQ(f.breaker.snapshot(f.now).refused, 2U);
  f.now += 1ms;
  EXPECT_TRUE(f.acquire());
  EXPECT_EQ(f.state(), circuit_state::half_open);
  EXPECT_EQ(f.last().cause, circuit_cause::waited);
}

TEST(circuit_breaker, half_open_permits_its_trials_and_no_more) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  const auto first = f.acquire();
  EXPECT_TRUE(first);
  EXPECT_TRUE(f.acquire());
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(f.breaker.snapshot(f.now).trials_running, 2U);
  f.end(*first, call_result::ignored);
  EXPECT_TRUE(f.acquire()) << "an ignored trial leaves its place to another";
  EXPECT_FALSE(f.acquire());
}

TEST(circuit_breaker, half_open_to_closed_when_all_trials_pass) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  f.succeed();
  EXPECT_EQ(f.state(), circuit_state::half_open);
  f.succeed();
  EXPECT_EQ(f.state(), circuit_state::closed);
  EXPECT_EQ(f.last().cause, circuit_cause::trials_passed);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, call_tally{})
      << "nothing of before is held against it";
  EXPECT_EQ(f.breaker.snapshot(f.now).openings, 0U);
}

TEST(circuit_breaker, half_open_to_open_as_soon_as_enough_trials_failed) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  f.fail();  // 1 of 2 is 0.5
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().cause, circuit_cause::failures);
  EXPECT_EQ(f.last().tally, (call_tally{1, 1, 0}));
}

TEST(circuit_breaker, half_open_to_open_by_slow_trials) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  EXPECT_TRUE(f.call(call_result::succeeded, 1s));
  EXPECT_EQ(f.state(), circuit_state::half_open) << "1 of 2 is below 0.8";
  EXPECT_TRUE(f.call(call_result::succeeded, 1s));
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().cause, circuit_cause::slow_calls);
}

TEST(circuit_breaker, half_open_to_open_when_trials_are_never_recorded) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  EXPECT_TRUE(f.acquire());
  EXPECT_TRUE(f.acquire());
  f.now += 9999ms;
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(f.state(), circuit_state::half_open);
  f.now += 1ms;
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(f.state(), circuit_state::open);
  EXPECT_EQ(f.last().cause, circuit_cause::trials_too_late);
  f.now += 2s;
  f.succeed(2);
  EXPECT_EQ(f.state(), circuit_state::closed);
}

TEST(circuit_breaker, forced_open_refuses_for_ever) {
  breaker_fixture f;
  f.bring_to(circuit_state::forced_open);
  f.now += 24h * 365;
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(f.state(), circuit_state::forced_open);
}

TEST(circuit_breaker, forced_closed_counts_but_never_opens) {
  breaker_fixture f;
  f.bring_to(circuit_state::forced_closed);
  f.fail(50);
  EXPECT_EQ(f.state(), circuit_state::forced_closed);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, (call_tally{4, 4, 0}));
}

TEST(circuit_breaker, disabled_lets_pass_and_counts_nothing) {
  breaker_fixture f;
  f.bring_to(circuit_state::disabled);
  f.fail(50);
  EXPECT_EQ(f.state(), circuit_state::disabled);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, call_tally{});
}

TEST(circuit_breaker, any_state_to_each_that_can_be_asked_for) {
  for (const circuit_state from : all_states) {
    const auto check = [from](void (circuit_breaker::*ask)(mono_time), circuit_state to) {
      breaker_fixture f;
      f.bring_to(from);
      ASSERT_EQ(f.state(), from);
      (f.breaker.*ask)(f.now);
      EXPECT_EQ(f.state(), to);
      EXPECT_EQ(f.last().from, from);
      EXPECT_EQ(f.last().to, to);
      EXPECT_EQ(f.last().cause, circuit_cause::asked);
      EXPECT_EQ(f.breaker.snapshot(f.now).tally, call_tally{});
      EXPECT_EQ(f.call(call_result::succeeded), to != circuit_state::forced_open);
    };
    check(&circuit_breaker::force_open, circuit_state::forced_open);
    check(&circuit_breaker::force_closed, circuit_state::forced_closed);
    check(&circuit_breaker::disable, circuit_state::disabled);
    check(&circuit_breaker::reset, circuit_state::closed);
  }
}

TEST(circuit_breaker, a_reset_one_opens_again_as_a_new_one) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  f.fail();
  EXPECT_EQ(f.last().wait_ns, nanoseconds(2s).count());
  f.breaker.reset(f.now);
  f.fail(4);
  EXPECT_EQ(f.last().wait_ns, nanoseconds(1s).count());
}

TEST(circuit_breaker, results_of_an_earlier_state_do_not_count) {
  breaker_fixture f;
  const auto late = f.acquire();
  f.bring_to(circuit_state::half_open);
  f.end(*late, call_result::failed);
  f.end(*late, call_result::ignored);
  EXPECT_EQ(f.state(), circuit_state::half_open);
  EXPECT_EQ(f.breaker.snapshot(f.now).tally, call_tally{});
  EXPECT_EQ(f.breaker.snapshot(f.now).trials_running, 0U);
}

TEST(circuit_breaker_death, recording_a_trial_twice_is_a_defect) {
  breaker_fixture f;
  f.bring_to(circuit_state::half_open);
  const auto permit = f.acquire();
  f.end(*permit, call_result::ignored);
  EXPECT_DEATH(f.end(*permit, call_result::ignored), "recorded twice");
}

TEST(circuit_breaker, the_wait_grows_to_its_maximum_and_shrinks_when_closed) {
  breaker_fixture f;
  f.fail(4);
  for (const nanoseconds wait : {1s, 2s, 4s, 5s, 5s, 5s}) {
    EXPECT_EQ(f.last().wait_ns, wait.count());
    f.now += wait - 1ns;
    EXPECT_FALSE(f.acquire());
    f.now += 1ns;
    f.fail();
  }
  f.now += 5s;
  f.succeed(2);
  f.fail(4);
  EXPECT_EQ(f.last().wait_ns, nanoseconds(1s).count());
}

TEST(circuit_breaker, chance_takes_up_to_its_share_of_the_wait) {
  std::int64_t least = nanoseconds::max().count();
  std::int64_t most = 0;
  double sum = 0;
  for (std::uint64_t seed = 0; seed != 1000; ++seed) {
    circuit_breaker_settings settings = small;
    settings.jitter = 0.5;
    breaker_fixture f{.settings = settings, .random = rng(seed)};
    f.fail(4);
    least = std::min(least, f.last().wait_ns);
    most = std::max(most, f.last().wait_ns);
    sum += static_cast<double>(f.last().wait_ns);
  }
  EXPECT_GE(least, 500'000'000);
  EXPECT_LT(least, 510'000'000);
  EXPECT_LE(most, 1'000'000'000);
  EXPECT_GT(most, 990'000'000);
  EXPECT_NEAR(sum / 1000, 750e6, 15e6);
}

TEST(circuit_breaker, settings_out_of_range_are_brought_into_it) {
  breaker_fixture f{.settings = {.window_calls = 0,
                                 .calls_min = 0,
                                 .failure_rate = 1,
                                 .open_wait = -1s,
                                 .open_wait_max = -1s,
                                 .jitter = 7,
                                 .half_open_calls = 0,
                                 .decisions_max = 0}};
  f.fail();
  EXPECT_EQ(f.state(), circuit_state::open);
  f.succeed();
  EXPECT_EQ(f.state(), circuit_state::closed);
  EXPECT_TRUE(f.breaker.decisions().empty());
  EXPECT_EQ(f.breaker.decisions().total(), 3U);

  breaker_fixture falling{.settings = {.window_calls = 1,
                                       .open_wait = 2s,
                                       .open_wait_max = 1s,
                                       .jitter = 0,
                                       .half_open_calls = 1}};
  for (int i = 0; i != 3; ++i) {
    falling.fail();
    EXPECT_EQ(falling.last().wait_ns, nanoseconds(2s).count()) << "a wait is never below the first";
    falling.now += 2s;
  }

  breaker_fixture endless{.settings = {.window_calls = 1,
                                       .open_wait = nanoseconds::max(),
                                       .open_wait_max = nanoseconds::max(),
                                       .jitter = 0}};
  endless.fail();
  EXPECT_FALSE(endless.acquire());
}

// Random calls at random times against the promises that hold in every state.
TEST(circuit_breaker, keeps_its_promises_whatever_happens) {
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    breaker_fixture f{.settings = seed % 2 == 0 ? small : small_in_time, .random = rng(seed)};
    rng chaos(seed + 1000);
    std::vector<circuit_permit> running;
    std::uint64_t permitted = 0;
    for (int step = 0; step != 2000; ++step) {
      f.now += nanoseconds(chaos.below(400'000'000));
      const circuit_state before = f.state();
      if (chaos.below(2) == 0 || running.empty()) {
        if (const auto permit = f.acquire()) {
          running.push_back(*permit);
          ++permitted;
          ASSERT_NE(f.state(), circuit_state::open);
        } else {
          ASSERT_NE(f.state(), circuit_state::closed);
        }
        ASSERT_TRUE(f.state() == before || before == circuit_state::open ||
                    f.state() == circuit_state::open);
      } else {
        const std::size_t which = chaos.below(running.size());
        const auto result = static_cast<call_result>(chaos.below(3));
        f.end(running[which], result, nanoseconds(chaos.below(200'000'000)));
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
        ASSERT_FALSE(before == circuit_state::open && f.state() != before);
      }
      const circuit_snapshot shown = f.breaker.snapshot(f.now);
      ASSERT_LE(shown.trials_running + shown.tally.calls * (f.state() == circuit_state::half_open),
                small.half_open_calls);
      ASSERT_LE(shown.tally.failed, shown.tally.calls);
      ASSERT_LE(shown.opens_again_ns, nanoseconds(5s).count());
    }
    EXPECT_EQ(f.breaker.snapshot(f.now).permitted, permitted);
    EXPECT_GT(f.breaker.decisions().total(), 10U) << "the run went through the diagram";
  }
}

TEST(circuit_breaker, shows_itself_as_json) {
  breaker_fixture f;
  f.bring_to(circuit_state::open);
  EXPECT_FALSE(f.acquire());
  EXPECT_EQ(json::write(f.breaker.snapshot(f.now)),
            R"({"state":"open","tally":{"calls":0,"failed":0,"slow":0},"trials_running":0,)"
            R"("openings":1,"opens_again_ns":1000000000,"permitted":4,"refused":1})");
  EXPECT_EQ(json::write(f.breaker.decisions()),
            R"([{"at_ns":100000000000,"from":"closed","to":"open","cause":"failures",)"
            R"("tally":{"calls":4,"failed":4,"slow":0},"wait_ns":1000000000}])");
}

}  // namespace
}  // namespace ferrule
