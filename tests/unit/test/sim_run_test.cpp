#include "ferrule/test/sim_run.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

task<int> slow_answer() {
  co_await sleep(10h);
  co_return 42;
}

task<> fails() {
  co_await sleep(1s);
  throw std::runtime_error("as it should");
}

task<> counts_days(unsigned& days) {
  for (;;) {
    co_await sleep(24h);
    ++days;
  }
}

TEST(SimRun, GivesTheValueAfterVirtualTime) {
  sim_world world(1);
  reactor& host = world.add_host("10.0.0.1");
  const mono_time start = world.now();
  EXPECT_EQ(sim_run(world, host, slow_answer(), 11h), 42);
  EXPECT_GE(world.now() - start, 10h);
  EXPECT_LT(world.now() - start, 10h + 1s);
}

TEST(SimRun, ThrowsWhatTheTaskThrew) {
  sim_world world(1);
  reactor& host = world.add_host("10.0.0.1");
  EXPECT_THROW(sim_run(world, host, fails()), std::runtime_error);
}

TEST(SimRun, UnwindsTheTaskAtTheLimit) {
  sim_world world(1);
  reactor& host = world.add_host("10.0.0.1");
  unsigned days = 0;
  const mono_time start = world.now();
  EXPECT_FALSE(sim_run(world, host, counts_days(days), 24h * 7 + 1h).has_value());
  EXPECT_EQ(days, 7U);
  EXPECT_EQ(world.now(), start + 24h * 7 + 1h);
}

}  // namespace
}  // namespace ferrule::test
