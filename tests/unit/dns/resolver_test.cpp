#include "ferrule/dns/resolver.hpp"

#include <gtest/gtest.h>

#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::dns {
namespace {

std::string hosts_of(std::vector<service_target> targets, rng& chance) {
  order_targets(targets, chance);
  std::string all;
  for (const service_target& each : targets) all += each.host;
  return all;
}

TEST(order_targets, goes_by_priority) {
  rng chance(1);
  EXPECT_EQ(hosts_of({{"c", 1, 30, 0}, {"a", 1, 10, 0}, {"b", 1, 20, 0}}, chance), "abc");
  EXPECT_EQ(hosts_of({}, chance), "");
}

TEST(order_targets, shares_by_weight_among_equals) {
  rng chance(1);
  unsigned first_a = 0;
  unsigned first_c = 0;
  constexpr unsigned rounds = 10'000;
  for (unsigned i = 0; i != rounds; ++i) {
    const std::string order =
        hosts_of({{"a", 1, 1, 75}, {"z", 1, 2, 9}, {"b", 1, 1, 25}, {"c", 1, 1, 0}}, chance);
    EXPECT_EQ(order.size(), 4U);
    EXPECT_EQ(order.back(), 'z');
    first_a += order.front() == 'a' ? 1 : 0;
    first_c += order.front() == 'c' ? 1 : 0;
  }
  EXPECT_NEAR(first_a, rounds * 0.75, rounds * 0.02);
  EXPECT_GT(first_c, 0U) << "a weight of 0 is a small chance, not none";
  EXPECT_LT(first_c, rounds * 0.03);
}

TEST(table_resolver, answers_from_its_table) {
  test::sim_world world(1);
  reactor loop(world.make_backend("10.0.0.1"), 1);
  table_resolver table;
  table.add("users", *address::parse("10.0.0.2", 0));
  table.add("users", *address::parse("::1", 0));
  table.add("_http._tcp.users", service_target{"users", 8001, 0, 0});
  const auto found = *sync_wait(loop, table.addresses("users"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->size(), 2U);
  EXPECT_EQ(found->front().ip(), "10.0.0.2");
  const auto targets = *sync_wait(loop, table.services("_http._tcp.users"));
  ASSERT_TRUE(targets.has_value());
  EXPECT_EQ(targets->front().port, 8001);
  table.remove("users");
  EXPECT_EQ(sync_wait(loop, table.addresses("users"))->error(), lookup_error::not_found);
  EXPECT_EQ(sync_wait(loop, table.services("_x._tcp.users"))->error(), lookup_error::not_found);
}

}  // namespace
}  // namespace ferrule::dns
