// Random scripts of what clients do to a server; suites/fuzz/connection_fuzz.cpp looks for worse.
#include "storm.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "chat.hpp"

namespace ferrule::test {
namespace {

TEST(Storm, OwesEachConnectionItsOwnAnswers) {
  constexpr std::uint64_t usual = 150;
  const seed_range seeds = seeds_to_run(usual);
  storm_report all;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    rng random(seed);
    std::vector<std::uint8_t> script(random.below(600));
    for (std::uint8_t& byte : script) byte = static_cast<std::uint8_t>(random());
    const storm_report report = run_storm(script);
    ASSERT_EQ(report.wrong, "") << "replay with FERRULE_SIM_SEED=" << seed;
    all.asked += report.asked;
    all.answered += report.answered;
    all.refused += report.refused;
    all.connections += report.connections;
    all.undisturbed += report.undisturbed;
  }
  if (seeds.last - seeds.first + 1 < usual) return;  // one seed need not meet them all
  EXPECT_GT(all.answered, 500U);
  EXPECT_GT(all.refused, 25U);
  EXPECT_GT(all.undisturbed, 150U);
  EXPECT_GT(all.connections, all.undisturbed + 50U);
}

}  // namespace
}  // namespace ferrule::test
