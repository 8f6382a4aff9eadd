#include "ferrule/resilience/balancer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <vector>

#include "balancer_fixture.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// Pearson's statistic of how far counts are from being in proportion to the weights.
double chi_square(const std::vector<std::uint64_t>& counts,
                  const std::vector<std::uint32_t>& weights) {
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0ULL));
  const double weight = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i != counts.size(); ++i) {
    const double expected = all * weights[i] / weight;
    sum += (static_cast<double>(counts[i]) - expected) *
           (static_cast<double>(counts[i]) - expected) / expected;
  }
  return sum;
}

TEST(balancer, of_nobody_picks_nobody) {
  for (const balancing algorithm : all_algorithms) {
    balancer_fixture f(algorithm, {});
    EXPECT_EQ(f.pick(), std::nullopt);
    f.endpoints.add(0);
    EXPECT_EQ(f.pick(), std::nullopt) << "weight 0 is nobody either";
    EXPECT_EQ(f.endpoints.snapshot().none_ready, 2U);
    EXPECT_TRUE(f.endpoints.decisions().empty());
  }
}

TEST(balancer, of_one_picks_it) {
  for (const balancing algorithm : all_algorithms) {
    balancer_fixture f(algorithm, {3});
    for (int i = 0; i != 10; ++i) EXPECT_EQ(f.pick(), 0U);
    EXPECT_EQ(f.endpoints.snapshot().endpoints[0].running, 10U);
  }
}

TEST(balancer, never_picks_what_is_ejected_drained_or_removed) {
  for (const balancing algorithm : all_algorithms) {
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
      balancer_fixture f(algorithm, {1, 2, 1, 4, 1}, seed);
      f.endpoints.set_available(1, false);
      f.endpoints.set_weight(3, 0);
      f.endpoints.remove(4);
      for (int i = 0; i != 200; ++i) {
        const std::uint32_t picked = f.call();
        ASSERT_TRUE(picked == 0 || picked == 2);
      }
      f.endpoints.set_available(0, false);
      f.endpoints.set_available(2, false);
      EXPECT_EQ(f.pick(), std::nullopt);
      f.endpoints.set_available(1, true);
      EXPECT_EQ(f.call(), 1U);
      f.endpoints.set_weight(3, 2);
      for (int i = 0; i != 100; ++i) f.call();
      EXPECT_GT(f.picks()[3], 0U);
    }
  }
}

TEST(balancer, a_number_is_given_again_when_its_calls_have_ended) {
  balancer_fixture f(balancing::least_request, {1});
  EXPECT_EQ(f.pick(), 0U);
  f.endpoints.remove(0);
  EXPECT_EQ(f.pick(), std::nullopt);
  EXPECT_EQ(f.endpoints.add(), 1U) << "a call of 0 is still running";
  f.endpoints.end(0, start, 1ms);
  EXPECT_EQ(f.endpoints.add(), 0U);
  const auto shown = f.endpoints.snapshot().endpoints;
  EXPECT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].picks, 0U) << "nothing is left of the one before";
  EXPECT_EQ(shown[0].latency_ns, 0);
}

TEST(balancer, has_a_bounded_number_of_endpoints) {
  rng random(1);
  balancer endpoints({.endpoints_max = 2}, random);
  EXPECT_EQ(endpoints.add(), 0U);
  EXPECT_EQ(endpoints.add(), 1U);
  EXPECT_EQ(endpoints.add(), std::nullopt);
  endpoints.remove(0);
  EXPECT_EQ(endpoints.add(), 0U);
}

TEST(balancer_death, calls_that_never_began_are_a_defect) {
  balancer_fixture f(balancing::round_robin, {1});
  EXPECT_DEATH(f.endpoints.end(0, start, 1ms), "has begun");
  EXPECT_DEATH(f.endpoints.cancel(0), "has begun");
  EXPECT_DEATH(f.endpoints.remove(1), "no such endpoint");
}

TEST(balancer, round_robin_takes_each_in_turn_from_a_random_start) {
  std::vector<std::uint64_t> starts(5, 0);
  for (std::uint64_t seed = 0; seed != 1000; ++seed) {
    balancer_fixture f(balancing::round_robin, {1, 1, 1, 1, 1}, seed);
    std::uint32_t last = f.call();
    ++starts[last];
    for (int i = 0; i != 20; ++i) {
      const std::uint32_t next = f.call();
      ASSERT_EQ(next, (last + 1) % 5);
      last = next;
    }
  }
  EXPECT_LT(chi_square(starts, {1, 1, 1, 1, 1}), 18.5) << "4 degrees of freedom, p = 0.001";
}

TEST(balancer, round_robin_spreads_weights_evenly) {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    balancer_fixture f(balancing::round_robin, {5, 1, 1}, seed);
    for (std::uint64_t round = 1; round != 10; ++round) {
      std::uint32_t in_a_row = 0;
      for (int i = 0; i != 7; ++i) {
        in_a_row = f.call() == 0 ? in_a_row + 1 : 0;
        ASSERT_LE(in_a_row, 3U);
      }
      ASSERT_EQ(f.picks(), (std::vector<std::uint64_t>{5 * round, round, round}));
    }
  }
}

TEST(balancer, round_robin_forgets_turns_earned_by_other_weights) {
  balancer_fixture f(balancing::round_robin, {60'000, 1});
  for (int i = 0; i != 20'000; ++i) f.call();
  f.endpoints.set_weight(0, 1);
  const auto before = f.picks();
  for (int i = 0; i != 10; ++i) f.call();
  EXPECT_EQ(f.picks()[0], before[0] + 5);
}

TEST(balancer, round_robin_goes_on_where_it_was_whoever_comes_and_goes) {
  balancer_fixture f(balancing::round_robin, {1, 1, 1});
  for (int i = 0; i != 300; ++i) {
    const std::uint32_t picked = f.call();
    for (std::uint32_t each : {0U, 1U, 2U}) f.endpoints.set_available(each, true);  // as it is
    ASSERT_LE(f.picks()[picked], static_cast<std::uint64_t>(i) / 3 + 1);
  }
  EXPECT_EQ(f.picks(), (std::vector<std::uint64_t>{100, 100, 100}));
  for (int i = 0; i != 300; ++i) {  // one goes and comes all the time
    f.endpoints.set_available(2, i % 2 == 0);
    f.call();
  }
  EXPECT_NEAR(static_cast<double>(f.picks()[0]), static_cast<double>(f.picks()[1]), 2)
      << "the others share as before";
  EXPECT_GT(f.picks()[2], 150U);
  f.endpoints.set_available(2, false);
  for (int i = 0; i != 1000; ++i) f.call();
  f.endpoints.set_available(2, true);
  const auto before = f.picks();
  for (int i = 0; i != 30; ++i) f.call();
  EXPECT_LE(f.picks()[2], before[2] + 11) << "what it missed is not made up for";
}

TEST(balancer, least_request_takes_the_less_loaded_of_two_by_weight_and_any_of_equals) {
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    const std::vector<std::uint32_t> weights{1, 2, 1, 4};
    balancer_fixture f(balancing::least_request, weights, seed);
    std::vector<std::uint32_t> running(weights.size(), 0);
    for (int step = 0; step != 500; ++step) {
      const auto which = static_cast<std::uint32_t>(f.random.below(weights.size()));
      if (f.random.below(3) == 0 && running[which] != 0) {
        f.endpoints.cancel(which);
        --running[which];
        continue;
      }
      const std::uint32_t picked = f.pick().value();
      const auto& log = f.endpoints.decisions();
      const std::uint32_t other = log[log.size() - 1].other.value();
      ASSERT_NE(picked, other);
      ASSERT_LE(running[picked] * weights[other], running[other] * weights[picked]);
      ++running[picked];
    }
  }
  balancer_fixture equal(balancing::least_request);
  for (int i = 0; i != 10'000; ++i) equal.call();
  EXPECT_LT(chi_square(equal.picks(), {1, 1, 1, 1, 1}), 18.5);
}

// While all cost the same the first of the two stays, and it is drawn by weight.
TEST(balancer, two_choices_among_equals_are_drawn_by_weight) {
  const std::vector<std::uint32_t> weights{1, 2, 3, 4, 10, 20};
  double sum = 0;
  constexpr int seeds = 100;
  for (std::uint64_t seed = 0; seed != seeds; ++seed) {
    balancer_fixture f(balancing::peak_ewma, weights, seed);
    while (!std::ranges::all_of(f.picks(), [](auto n) { return n != 0; })) f.call();
    const auto before = f.picks();
    for (int i = 0; i != 4000; ++i) f.call();
    auto counts = f.picks();
    for (std::size_t i = 0; i != counts.size(); ++i) counts[i] -= before[i];
    const double statistic = chi_square(counts, weights);
    EXPECT_LT(statistic, 35.9) << "5 degrees of freedom, p = 10^-6; seed " << seed;
    sum += statistic;
  }
  EXPECT_NEAR(sum / seeds, 5, 4 * std::sqrt(2 * 5.0 / seeds)) << "neither too uneven nor too even";
}

TEST(balancer, two_choices_are_two_and_the_cheaper_is_taken) {
  balancer_fixture f(balancing::peak_ewma, {1, 3, 2});
  for (int i = 0; i != 2000; ++i) {
    f.call(nanoseconds(1 + f.random.below(1'000'000)), start + i * 1ms);
    const auto& log = f.endpoints.decisions();
    const pick_decision& pick = log[log.size() - 1];
    ASSERT_TRUE(pick.other);
    ASSERT_NE(pick.picked, *pick.other);
    ASSERT_LE(pick.picked_cost, pick.other_cost);
    ASSERT_EQ(pick.ready, 3U);
  }
}

TEST(balancer, latency_jumps_to_a_peak_and_comes_down_slowly) {
  balancer_fixture f(balancing::peak_ewma, {1});
  const auto latency = [&f] { return f.endpoints.snapshot().endpoints[0].latency_ns; };
  f.call(10ms, start);
  EXPECT_DOUBLE_EQ(latency(), 10e6);
  f.call(80ms, start);
  EXPECT_DOUBLE_EQ(latency(), 80e6);
  f.call(10ms, start + 10s);
  // The pick lets 80 ms decay for 10 s; the answer comes in the same moment and counts for nothing.
  EXPECT_NEAR(latency(), 80e6 / std::exp(1), 1);
  f.pick(start + 10s);
  f.endpoints.end(0, start + 20s, 20ms);
  EXPECT_NEAR(latency(), 80e6 * std::exp(-2) + 20e6 * (1 - std::exp(-1)), 1);
}

TEST(balancer, an_endpoint_without_history_gets_one_call_to_show_itself) {
  balancer_fixture f(balancing::peak_ewma, {1, 1});
  f.call(1s);
  f.call(1s);
  const std::uint32_t newcomer = f.endpoints.add().value();
  int picks = 0;
  for (int i = 0; i != 100; ++i) picks += f.pick() == newcomer ? 1 : 0;
  EXPECT_EQ(picks, 1);
}

/// Two endpoints with fifty calls each, and one that has just come.
struct busy_fixture : balancer_fixture {
  explicit busy_fixture(balancing algorithm) : balancer_fixture(algorithm, {1, 1}) {
    for (int i = 0; i != 2; ++i) call(50ms);
    for (int i = 0; i != 100; ++i) pick();
    newcomer = endpoints.add().value();
  }
  // Of a hundred calls, how many it gets; those of the others end without a word.
  std::uint32_t share() {
    std::uint32_t got = 0;
    for (int i = 0; i != 100; ++i) {
      const std::uint32_t picked = pick().value();
      if (picked == newcomer) {
        ++got;
      } else {
        endpoints.cancel(picked);
      }
    }
    return got;
  }
  std::uint32_t newcomer = 0;
};

// Quick as it is while it is idle, it is not flooded by a service at work: each answer makes room
// for one call more, and what goes wrong for none.
TEST(balancer, a_newcomer_gets_as_many_more_calls_as_it_answers) {
  for (const balancing algorithm : {balancing::peak_ewma, balancing::least_request}) {
    busy_fixture f(algorithm);
    for (std::uint32_t round = 1; round != 64; round *= 2) {
      ASSERT_EQ(f.share(), round);
      for (std::uint32_t i = 0; i != round; ++i) f.endpoints.end(f.newcomer, start, 1ms);
    }
    busy_fixture bad(algorithm);
    for (int i = 0; i != 5; ++i) {
      ASSERT_LE(bad.share(), 1U);
      if (bad.endpoints.snapshot().endpoints[bad.newcomer].running == 0) continue;
      bad.endpoints.end(bad.newcomer, start, 1us, latency_signal::penalised);
    }
  }
}

TEST(balancer, a_retry_goes_to_one_in_doubt_only_where_that_is_allowed) {
  for (const balancing algorithm : all_algorithms) {
    balancer_fixture f(algorithm, {1, 1, 1});
    f.endpoints.set_doubted(1, true);
    f.endpoints.set_doubted(2, true);
    f.endpoints.set_available(2, false);
    const std::vector<std::uint32_t> tried{0};
    const std::vector<std::uint32_t> both{0, 1};
    const auto pick = [&](std::span<const std::uint32_t> avoided, pick_from from) {
      return f.endpoints.pick(start, f.random, {.avoided = avoided, .from = from});
    };
    EXPECT_EQ(pick({}, pick_from::good), 0U);
    EXPECT_FALSE(f.endpoints.has_any({.avoided = tried, .from = pick_from::good}));
    EXPECT_EQ(pick(tried, pick_from::good), std::nullopt);
    EXPECT_EQ(pick(tried, pick_from::available), 1U);
    EXPECT_EQ(pick(both, pick_from::available), std::nullopt);
    EXPECT_EQ(pick(both, pick_from::any), 2U);
    f.endpoints.set_doubted(1, false);
    EXPECT_EQ(pick(tried, pick_from::good), 1U);
    f.endpoints.remove(1);
    EXPECT_FALSE(f.endpoints.has_any({.avoided = tried, .from = pick_from::available}));
    EXPECT_TRUE(f.endpoints.is_doubted(2));
  }
}

TEST(balancer, one_that_is_forgotten_has_to_show_itself_again) {
  balancer_fixture f(balancing::peak_ewma, {1, 1});
  f.call(1s);
  f.call(1s);
  f.endpoints.forget(1);
  int picks = 0;
  for (int i = 0; i != 100; ++i) picks += f.pick() == 1U ? 1 : 0;
  EXPECT_EQ(picks, 1);
}

// Whatever the algorithm, what fails at once gets no more than its share, and what is penalised
// next to nothing.
TEST(balancer, a_quick_failure_is_not_quick) {
  const auto share_of_the_bad = [](balancing algorithm, latency_signal said) {
    balancer_fixture f(algorithm, {1, 1, 1});
    std::uint64_t bad = 0;
    std::deque<std::pair<std::uint32_t, mono_time>> running;
    for (int i = 0; i != 3000; ++i) {
      const mono_time now = start + i * 2ms;
      for (; !running.empty() && running.front().second <= now; running.pop_front()) {
        f.endpoints.end(running.front().first, now, 20ms);
      }
      const std::uint32_t picked = f.pick(now).value();
      if (picked == 0) {
        ++bad;
        f.endpoints.end(0, now, 10us, said);
      } else {
        running.emplace_back(picked, now + 20ms);
      }
    }
    return static_cast<double>(bad) / 3000;
  };
  using enum latency_signal;
  // Of two drawn from three it is one in two of three times.
  EXPECT_GT(share_of_the_bad(balancing::peak_ewma, taken), 0.6) << "else this test says nothing";
  EXPECT_LT(share_of_the_bad(balancing::peak_ewma, penalised), 0.05);
  EXPECT_LT(share_of_the_bad(balancing::peak_ewma, at_least), 0.34);
  EXPECT_GT(share_of_the_bad(balancing::least_request, taken), 0.6);
  EXPECT_LT(share_of_the_bad(balancing::least_request, penalised), 0.1);
  EXPECT_LT(share_of_the_bad(balancing::round_robin, penalised), 0.34);
}

TEST(balancer, a_scope_leaves_out_the_avoided_and_takes_the_better_of_two_of_the_rest) {
  for (const balancing algorithm : all_algorithms) {
    balancer_fixture f(algorithm, {1, 1, 0, 1, 1});
    for (const std::uint32_t busy : {0U, 1U}) {
      const std::vector<std::uint32_t> others{busy == 0 ? std::vector<std::uint32_t>{1, 3, 4}
                                                        : std::vector<std::uint32_t>{0, 3, 4}};
      EXPECT_EQ(f.endpoints.pick(start, f.random, {.avoided = others}), busy);
    }
    const std::vector<std::uint32_t> first{0};
    f.endpoints.set_available(3, false);
    EXPECT_EQ(f.endpoints.pick(start, f.random, {.avoided = first}), 4U) << "1 has a call running";
    f.endpoints.set_available(4, false);
    const std::vector<std::uint32_t> ready{0, 1};
    EXPECT_EQ(f.endpoints.pick(start, f.random, {.avoided = ready}), std::nullopt);
    EXPECT_EQ(f.endpoints.pick(start, f.random, {.avoided = ready, .from = pick_from::any}), 3U)
        << "never one of weight 0";
  }
}

TEST(balancer, shows_itself_as_json) {
  balancer_fixture f(balancing::round_robin, {2});
  f.call();
  EXPECT_EQ(f.pick(), 0U);
  EXPECT_EQ(json::write(f.endpoints.snapshot()),
            R"({"algorithm":"round_robin","endpoints":[{"endpoint":0,"weight":2,)"
            R"("is_available":true,"running":1,"latency_ns":1000000,"picks":2}],"none_ready":0})");
  EXPECT_EQ(json::write(f.endpoints.decisions()[1]),
            R"({"at_ns":100000000000,"picked":0,"picked_cost":0.75,"other_cost":0,"ready":1})");
}

}  // namespace
}  // namespace ferrule
