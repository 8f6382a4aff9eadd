// Servers of a fleet come and go under load: no call is lost for it, and all get their part.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "cluster.hpp"

namespace ferrule::test {
namespace {

class fleet_change : public testing::TestWithParam<std::tuple<balancing, std::uint64_t>> {
 protected:
  static constexpr std::size_t servers = 6;
  static constexpr upstream_settings by(balancing algorithm) {
    return {.balancer = {.algorithm = algorithm, .decay = std::chrono::seconds(1)}};
  }
  upstream_settings settings() const { return by(std::get<0>(GetParam())); }
  std::uint64_t seed() const { return std::get<1>(GetParam()); }

  /// Calls for `span`, and expects that all are good, and those in use have even parts of them.
  static void expect_even(cluster& all, const std::vector<std::size_t>& in_use, nanoseconds span) {
    const auto before = all.begun();
    all.load(span, 2ms);
    all.expect_all_good();
    const auto after = all.begun();
    const double fair = static_cast<double>(all.calls.size()) / static_cast<double>(in_use.size());
    for (std::size_t i = 0; i != after.size(); ++i) {
      const auto got = static_cast<double>(after[i] - before[i]);
      if (std::ranges::find(in_use, i) == in_use.end()) {
        EXPECT_EQ(got, 0) << "server " << i << " is not in use";
      } else {
        EXPECT_NEAR(got, fair, fair / 4) << "server " << i;
      }
    }
  }
};

TEST_P(fleet_change, no_call_fails_while_servers_come_and_go) {
  cluster all(servers, seed(), settings());
  for (std::size_t i = 0; i != servers; ++i) all.server(i).takes = 20ms;
  expect_even(all, {0, 1, 2, 3, 4, 5}, 2s);
  rng chance(seed());
  std::vector<std::size_t> in_use;
  for (int round = 0; round != 15; ++round) {
    in_use.clear();
    for (std::size_t i = 0; i != servers; ++i) {
      if (chance.below(2) == 0) in_use.push_back(i);
    }
    if (in_use.empty()) in_use = {0, 5};
    const auto change = [&all, in_use] { all.use(in_use); };
    all.load(200ms, 2ms, 10s, {std::chrono::milliseconds(chance.below(200)), change});
    all.expect_all_good();
  }
  EXPECT_EQ(all.ejected(), 0U);
  EXPECT_EQ(all.service->snapshot().retry_budget.withdrawals, 0U) << "not one had to be made again";
  all.load(1s, 2ms);
  expect_even(all, in_use, 2s);
}

// A server that is on its way out is first removed, then shut: nobody runs into it.
TEST_P(fleet_change, who_was_removed_may_be_shut) {
  cluster all(servers, seed(), settings());
  for (std::size_t i = 0; i != servers; ++i) all.server(i).takes = 20ms;
  all.load(1s, 2ms);
  for (std::size_t gone = 0; gone != 3; ++gone) {
    std::vector<std::size_t> in_use;
    for (std::size_t i = gone + 1; i != servers; ++i) in_use.push_back(i);
    all.load(500ms, 2ms, 10s, {250ms, [&] { all.use(in_use); }});
    all.expect_all_good();
    all.link(gone).refused = 1;
    all.server(gone).status = 500;
    EXPECT_EQ(all.service->snapshot().endpoints.size(), in_use.size()) << "nothing is left of it";
  }
  expect_even(all, {3, 4, 5}, 1s);
}

// While the others are at work it seems to have all the time in the world.
TEST_P(fleet_change, a_newcomer_is_not_flooded) {
  cluster all(servers, seed(), settings());
  for (std::size_t i = 0; i != servers; ++i) all.server(i).takes = 60ms;
  all.use({0, 1, 2, 3, 4});
  all.load(500ms, 1ms);
  all.load(320ms, 1ms, 10s, {200ms, [&] { all.use({0, 1, 2, 3, 4, 5}); }});
  all.expect_all_good();
  const bool is_in_turn = settings().balancer.algorithm == balancing::round_robin;
  EXPECT_GT(all.server(5).begun, 1U) << "it is asked";
  EXPECT_LE(all.server(5).begun, is_in_turn ? 21U : 8U) << "of 120, in two times that it takes";
}

INSTANTIATE_TEST_SUITE_P(all, fleet_change,
                         testing::Combine(testing::Values(balancing::peak_ewma,
                                                          balancing::least_request,
                                                          balancing::round_robin),
                                          testing::Values(1U)));

}  // namespace
}  // namespace ferrule::test
