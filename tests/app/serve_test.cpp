#include "ferrule/app/serve.hpp"

#include <gtest/gtest.h>

#include "ferrule/test/sim.hpp"

namespace ferrule {
namespace {

struct counter {
  static constexpr bool thread_safe = true;
  int hits = 0;
};

TEST(serve, takes_each_kind_of_state) {
  counter common;
  auto own = per_reactor([] { return counter{.hits = 40}; });
  auto all = shared(common);
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  detail::state_holder<decltype(own)> mine({own, loop});
  detail::state_holder<decltype(own)> others({own, loop});
  detail::state_holder<decltype(all)> everyones({all, loop});
  ++mine.get().hits;
  EXPECT_EQ(mine.get().hits, 41);
  EXPECT_EQ(others.get().hits, 40);
  EXPECT_EQ(&everyones.get(), &common);
}

struct clockwork {
  explicit clockwork(reactor& on) : loop(on) {}
  clockwork(const clockwork&) = delete;
  reactor& loop;
};

TEST(serve, makes_state_that_needs_its_reactor_in_place) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  auto own = per_reactor([](reactor& on) { return clockwork(on); });
  detail::state_holder<decltype(own)> mine({own, loop});
  EXPECT_EQ(&mine.get().loop, &loop);
}

}  // namespace
}  // namespace ferrule
