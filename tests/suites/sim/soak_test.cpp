// Fifty clients chat with a server over a network with every fault, for many seeds.
#include <gtest/gtest.h>

#include "chat.hpp"

namespace ferrule::test {
namespace {

TEST(Soak, ChatSurvivesEveryFault) {
  constexpr std::uint64_t usual = 20;
  const seed_range seeds = seeds_to_run(usual);
  sim_counts met;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    SCOPED_TRACE(testing::Message() << "replay with FERRULE_SIM_SEED=" << seed);
    const chat_report report = run_chat(seed, 50, 3, true);
    ASSERT_TRUE(report.ended) << "somebody hangs";
    EXPECT_EQ(report.chat.started, report.chat.ended);
    EXPECT_GT(report.chat.received, 0U);
    met.delays += report.network.delays;
    met.resets += report.network.resets;
    met.stalls += report.network.stalls;
    met.short_reads += report.network.short_reads;
    met.short_writes += report.network.short_writes;
    met.refusals += report.network.refusals;
    met.half_opens += report.network.half_opens;
    met.accept_emfiles += report.network.accept_emfiles;
    if (HasFailure()) return;
  }
  if (seeds.last - seeds.first + 1 < usual) return;  // one seed need not meet them all
  EXPECT_GT(met.delays, 100U);
  EXPECT_GT(met.resets, 10U);
  EXPECT_GT(met.stalls, 10U);
  EXPECT_GT(met.short_reads, 100U);
  EXPECT_GT(met.short_writes, 100U);
  EXPECT_GT(met.refusals, 10U);
  EXPECT_GT(met.half_opens, 10U);
  EXPECT_GT(met.accept_emfiles, 10U);
}

TEST(Soak, WithoutFaultsNobodyMeetsAnErrorOfTheNetwork) {
  const chat_report report = run_chat(7, 50, 3, false);
  ASSERT_TRUE(report.ended);
  EXPECT_EQ(report.chat.started, report.chat.ended);
  EXPECT_EQ(report.network.resets + report.network.half_opens + report.network.refusals, 0U);
  EXPECT_GT(report.chat.received, 1'000'000U);
}

}  // namespace
}  // namespace ferrule::test
