#include "ferrule/app/serve.hpp"

#include <gtest/gtest.h>

#include "ferrule/test/call.hpp"
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

constexpr auto count_routes =
    route_table(route<"GET /">([](counter& c) { return std::to_string(++c.hits); }));

auto counting_from(int hits, int& times_opened) {
  return opened([hits, &times_opened]() -> result<std::unique_ptr<counter>, std::string> {
    ++times_opened;
    if (hits < 0) return fail(std::string("cannot count from there"));
    return std::make_unique<counter>(counter{.hits = hits});
  });
}

TEST(serve, opens_state_once_for_all_reactors) {
  int times_opened = 0;
  using state = decltype(counting_from(0, times_opened));
  detail::table_service_factory<count_routes, state> factory(counting_from(6, times_opened));
  EXPECT_EQ(times_opened, 0);
  EXPECT_EQ(factory.start(), "");
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  const auto one = factory.make(loop);
  const auto other = factory.make(loop);
  EXPECT_EQ(test::call(one->handlers(), {.line = "GET /"}).body, "7");
  EXPECT_EQ(test::call(other->handlers(), {.line = "GET /"}).body, "8");
  EXPECT_EQ(times_opened, 1);
}

TEST(serve, does_not_start_when_state_cannot_be_opened) {
  int times_opened = 0;
  using state = decltype(counting_from(0, times_opened));
  detail::table_service_factory<count_routes, state, state> factory(
      counting_from(-1, times_opened), counting_from(1, times_opened));
  EXPECT_EQ(factory.start(), "cannot count from there");
  EXPECT_EQ(times_opened, 1);
}

}  // namespace
}  // namespace ferrule
