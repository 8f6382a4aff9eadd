// Any number of a service's servers dies, in any way: every call succeeds that one of the others
// could answer.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "cluster.hpp"

namespace ferrule::test {
namespace {

enum class death : std::uint8_t { refuses, black_hole, resets, answers_500, answers_503 };

void kill(cluster& all, std::size_t i, death how) {
  sim_link& link = all.link(i);
  switch (how) {
    case death::refuses:
      link.refused = link.reset = 1;  // its process is gone
      break;
    case death::black_hole:
      link.half_open = 1;
      break;
    case death::resets:
      link.reset = 1;
      break;
    case death::answers_500:
      all.server(i).status = 500;
      break;
    case death::answers_503:
      all.server(i).status = 503;
      break;
  }
}
void revive(cluster& all, std::size_t i) {
  all.link(i) = sim_link{};
  all.server(i).status = 200;
}

using parameters = std::tuple<std::size_t, death, bool, std::uint64_t>;

std::string name_of(const testing::TestParamInfo<parameters>& each) {
  static constexpr const char* names[] = {"refuse", "are_black_holes", "reset", "answer_500",
                                          "answer_503"};
  const auto& [servers, how, is_warm, seed] = each.param;
  return "some_of_" + std::to_string(servers) + "_" + names[static_cast<int>(how)] +
         (is_warm ? "_after_a_while" : "_from_the_start") + "_seed_" + std::to_string(seed);
}

class dead_servers : public testing::TestWithParam<parameters> {};

TEST_P(dead_servers, cost_no_call) {
  const auto& [servers, how, is_warm, seed] = GetParam();
  for (std::size_t dead = 1; dead != servers; ++dead) {
    SCOPED_TRACE(std::to_string(dead) + " are dead");
    cluster all(servers, seed * 100 + dead);
    if (is_warm) {
      all.load(200ms, 5ms);
      all.expect_all_good();
    }
    for (std::size_t i = 0; i != dead; ++i) kill(all, i, how);
    all.load(1500ms, 20ms);
    all.expect_all_good();
    EXPECT_EQ(all.breaker(), circuit_state::closed);
    if (testing::Test::HasFailure()) return;
    if (dead != (servers + 1) / 2) continue;

    all.load(3s, 50ms);
    all.expect_all_good();  // nor when they are looked at again
    for (std::size_t i = 0; i != dead; ++i) revive(all, i);
    all.load(10s, 50ms);
    all.expect_all_good();
    const auto before = all.begun();
    all.load(1s, 5ms);
    const auto after = all.begun();
    for (std::size_t i = 0; i != dead; ++i) {
      EXPECT_GT(after[i], before[i] + 200 / servers / 4) << "it is used again";
    }
  }
}

// One seed for a quick round; a wider range finds more.
INSTANTIATE_TEST_SUITE_P(
    all, dead_servers,
    testing::Combine(testing::Range<std::size_t>(2, 11),
                     testing::Values(death::refuses, death::black_hole, death::resets,
                                     death::answers_500, death::answers_503),
                     testing::Bool(), testing::Range<std::uint64_t>(1, 2)),
    name_of);

class dead_cluster : public testing::TestWithParam<std::uint64_t> {};

TEST_P(dead_cluster, is_left_alone_and_found_again_when_one_returns) {
  for (const death how : {death::refuses, death::black_hole, death::resets, death::answers_500}) {
    cluster all(5, GetParam());
    all.load(500ms, 5ms);
    for (std::size_t i = 0; i != 5; ++i) kill(all, i, how);
    all.load(5s);
    EXPECT_EQ(all.good(), 0U);
    EXPECT_NE(all.breaker(), circuit_state::closed);
    revive(all, 3);
    all.load(10s);
    for (const cluster_call& each : all.calls) {
      if (each.begun > all.calls.front().begun + 8s) EXPECT_TRUE(each.is_good) << each.what;
    }
    EXPECT_EQ(all.breaker(), circuit_state::closed);
  }
}

// The faults of the network pass, and all that were ejected for them are back, not one of them,
// which would be asked for all.
TEST_P(dead_cluster, returns_as_a_whole) {
  cluster all(5, GetParam(), {.breaker = std::nullopt});
  all.load(500ms, 5ms);
  for (std::size_t i = 0; i != 5; ++i) kill(all, i, death::refuses);
  all.load(1s);
  EXPECT_EQ(all.ejected(), 5U);
  for (std::size_t i = 0; i != 5; ++i) revive(all, i);
  const auto before = all.begun();
  all.load(500ms, 5ms);
  all.expect_all_good();
  EXPECT_EQ(all.ejected(), 0U);
  const auto after = all.begun();
  for (std::size_t i = 0; i != 5; ++i) EXPECT_GT(after[i], before[i] + 5);
}

INSTANTIATE_TEST_SUITE_P(seeds, dead_cluster, testing::Range<std::uint64_t>(1, 2));

}  // namespace
}  // namespace ferrule::test
