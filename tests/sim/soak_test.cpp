// Fifty clients chat with a server over a network with every fault, for many seeds.
// FERRULE_SIM_SEED=n runs that seed alone, FERRULE_SIM_SEEDS=n that many seeds.
#include <gtest/gtest.h>

#include <cstdlib>

#include "chat.hpp"

namespace ferrule::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Soak, ChatSurvivesEveryFault) {
  const std::uint64_t only = from_environment("FERRULE_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t count = only != 0 ? 1 : from_environment("FERRULE_SIM_SEEDS", 20);
  sim_counts met;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
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
  if (count < 20) return;  // one seed need not meet them all
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
