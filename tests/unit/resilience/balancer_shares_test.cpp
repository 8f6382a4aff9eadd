// Who gets how many calls when there is traffic.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <queue>
#include <string>
#include <vector>

#include "balancer_fixture.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// Endpoints that take `took` for each call, with calls arriving at random.
struct traffic {
  balancer_fixture f;
  std::vector<nanoseconds> took;
  mono_time now = start;

  struct running_call {
    mono_time ends;
    std::uint32_t endpoint;
    nanoseconds took;
    bool operator>(const running_call& other) const { return ends > other.ends; }
  };
  std::priority_queue<running_call, std::vector<running_call>, std::greater<>> calls{};

  // The share of each endpoint in the calls of so much time.
  std::vector<double> run(nanoseconds length, double per_second) {
    const auto before = f.picks();
    for (const mono_time until = now + length; now < until;) {
      now += nanoseconds(
          static_cast<std::int64_t>(-std::log(1 - f.random.uniform()) / per_second * 1e9));
      for (; !calls.empty() && calls.top().ends <= now; calls.pop()) {
        f.endpoints.end(calls.top().endpoint, calls.top().ends, calls.top().took);
      }
      const std::uint32_t picked = f.pick(now).value();
      const nanoseconds length_of_call =
          took[picked] / 2 +
          nanoseconds(f.random.below(static_cast<std::uint64_t>(took[picked].count())));
      calls.push({now + length_of_call, picked, length_of_call});
    }
    std::vector<double> shares;
    const auto after = f.picks();
    const auto sum = std::accumulate(after.begin(), after.end(), 0.0) -
                     std::accumulate(before.begin(), before.end(), 0.0);
    for (std::size_t i = 0; i != after.size(); ++i) {
      shares.push_back(static_cast<double>(after[i] - before[i]) / sum);
    }
    return shares;
  }
};

TEST(balancer_shares, a_slow_endpoint_gets_less_and_its_share_back_when_it_is_fast_again) {
  for (const balancing algorithm : {balancing::peak_ewma, balancing::least_request}) {
    for (std::uint64_t seed = 0; seed != 8; ++seed) {
      traffic t{balancer_fixture(algorithm, {1, 1, 1, 1, 1}, seed),
                {10ms, 10ms, 10ms, 10ms, 200ms}};
      const auto slow = t.run(20s, 500);
      EXPECT_LT(slow[4], 0.05) << "a quarter of its fair share; seed " << seed;
      for (int i = 0; i != 4; ++i) EXPECT_NEAR(slow[static_cast<std::size_t>(i)], 0.25, 0.05);
      t.took[4] = 10ms;
      t.run(30s, 500);
      EXPECT_NEAR(t.run(20s, 500)[4], 0.2, 0.03) << seed;
    }
  }
}

TEST(balancer_shares, under_load_shares_follow_weights) {
  const std::vector<std::uint32_t> weights{100, 100, 200};
  for (const balancing algorithm : all_algorithms) {
    for (std::uint64_t seed = 0; seed != 10; ++seed) {
      traffic t{balancer_fixture(algorithm, weights, seed), {50ms, 50ms, 50ms}};
      const auto shares = t.run(20s, 1000);
      EXPECT_NEAR(shares[0], 0.25, 0.05);
      EXPECT_NEAR(shares[1], 0.25, 0.05);
      EXPECT_NEAR(shares[2], 0.5, 0.07);
    }
  }
}

// Weight 1 beside weight 99 is how one in a hundred calls tries a new version.
TEST(balancer_shares, shares_follow_weights_however_uneven_and_however_little_there_is_to_do) {
  const std::vector<std::vector<std::uint32_t>> uneven{
      {1, 99}, {1, 3}, {3, 1}, {1, 2, 4}, {1, 1, 98}, {1, 50, 50}, {2, 65'535}};
  for (const balancing algorithm : all_algorithms) {
    for (const std::vector<std::uint32_t>& weights : uneven) {
      const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
      for (const double per_second : {2.0, 100.0, 1000.0}) {
        traffic t{balancer_fixture(algorithm, weights, 7),
                  std::vector<nanoseconds>(weights.size(), nanoseconds(20ms))};
        const nanoseconds length(static_cast<std::int64_t>(1e13 / per_second));  // 10,000 calls
        const std::vector<double> shares = t.run(length, per_second);
        for (std::size_t i = 0; i != weights.size(); ++i) {
          SCOPED_TRACE(testing::PrintToString(weights) + ", algorithm " +
                       std::to_string(static_cast<int>(algorithm)) +
                       ", calls a second: " + std::to_string(per_second));
          const double fair = weights[i] / all;
          EXPECT_GT(shares[i], 0.6 * fair - 0.002);
          EXPECT_LT(shares[i], 3 * fair + 0.001);
        }
      }
    }
  }
}

TEST(balancer_shares, a_newcomer_has_its_fair_share_in_the_end_and_never_more) {
  for (const balancing algorithm : all_algorithms) {
    for (std::uint64_t seed = 0; seed != 8; ++seed) {
      traffic t{balancer_fixture(algorithm, {1, 1, 1}, seed), {20ms, 20ms, 20ms, 20ms}};
      t.run(5s, 1000);
      t.f.endpoints.add();
      const double at_first = t.run(100ms, 1000)[3];
      EXPECT_GT(at_first, 0.05) << "it is asked at once; seed " << seed;
      EXPECT_LT(at_first, 0.45) << "not even at first; seed " << seed;
      t.run(2s, 1000);
      EXPECT_NEAR(t.run(10s, 1000)[3], 0.25, 0.03) << seed;
    }
  }
}

}  // namespace
}  // namespace ferrule
