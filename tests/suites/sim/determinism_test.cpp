// One seed is one run.
#include <gtest/gtest.h>

#include <set>

#include "chat.hpp"

namespace ferrule::test {
namespace {

constexpr unsigned scenarios = 100;

TEST(Determinism, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    const chat_report first = run_chat(seed, 4, 2, true);
    const chat_report second = run_chat(seed, 4, 2, true);
    ASSERT_TRUE(first.ended) << seed;
    EXPECT_EQ(first.digest, second.digest) << seed;
    EXPECT_EQ(first.network.events, second.network.events) << seed;
    EXPECT_EQ(first.chat.received, second.chat.received) << seed;
  }
}

TEST(Determinism, AnotherSeedGivesAnotherRun) {
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    digests.insert(run_chat(seed, 2, 1, false).digest);
  }
  EXPECT_EQ(digests.size(), scenarios);
}

}  // namespace
}  // namespace ferrule::test
