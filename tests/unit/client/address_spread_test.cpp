#include "client/address_spread.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "client/connection_pool.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/test/sim_run.hpp"
#include "parsed_addresses.hpp"
#include "scripted_peer.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
constexpr mono_time start{1000s};

TEST(address_spread, begins_with_any_of_them) {
  address_spread spread;
  rng chance(1);
  std::map<std::string, int> first;
  for (int i = 0; i != 4000; ++i) {
    std::vector<address> all = addresses_of({"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"});
    spread.order(all, start, chance);
    ++first[all.front().ip()];
    EXPECT_EQ(all.size(), 4U);
  }
  EXPECT_EQ(first.size(), 4U);
  for (const auto& [ip, times] : first) EXPECT_NEAR(times, 1000, 150) << ip;
}

TEST(address_spread, keeps_the_families_in_turn_and_the_preferred_one_first) {
  address_spread spread;
  rng chance(1);
  std::set<std::string> second;
  for (int i = 0; i != 100; ++i) {
    std::vector<address> all = addresses_of({"::1", "::2", "10.0.0.1", "10.0.0.2"});
    spread.order(all, start, chance);
    EXPECT_EQ(all[0].family(), AF_INET6);
    EXPECT_EQ(all[1].family(), AF_INET);
    EXPECT_EQ(all[2].family(), AF_INET6);
    second.insert(all[1].ip());
  }
  EXPECT_EQ(second.size(), 2U);
}

TEST(address_spread, puts_what_has_the_fewest_connections_first_and_what_failed_last) {
  address_spread spread;
  rng chance(1);
  const std::vector<address> all = addresses_of({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  const auto order = [&](mono_time now) {
    std::vector<address> ordered = all;
    spread.order(ordered, now, chance);
    std::string text;
    for (const address& each : ordered) text += each.ip().back();
    return text;
  };
  {
    const address_spread::use a(spread, all[0]);
    const address_spread::use b(spread, all[0]);
    const address_spread::use c(spread, all[1]);
    EXPECT_EQ(order(start), "321");
    spread.failed(all[2], start);
    EXPECT_EQ(order(start), "213");
    spread.connected(all[2]);
    EXPECT_EQ(order(start), "321");
    spread.failed(all[2], start);
    EXPECT_EQ(order(start + address_spread::failure_memory), "321");
  }
  std::set<std::string> orders;
  for (int i = 0; i != 100; ++i) orders.insert(order(start + 1min));
  EXPECT_EQ(orders.size(), 6U) << "nothing is left of what was";
}

task<> ask(client_pool* pool, const origin* at, unsigned times) {
  for (unsigned i = 0; i != times; ++i) {
    const auto answered = co_await pool->send(*at, {});
    EXPECT_TRUE(answered.has_value()) << to_string(answered.error().error);
  }
}

task<> ask_together(client_pool* pool, const origin* at, unsigned callers) {
  std::vector<task<>> all;
  for (unsigned i = 0; i != callers; ++i) all.push_back(ask(pool, at, 10));
  co_await when_all(std::move(all));
}

TEST(address_spread, a_name_of_four_addresses_is_four_servers_to_a_pool) {
  test::sim_world world(1);
  reactor& client = world.add_host("10.0.0.1");
  dns::table_resolver names;
  std::vector<std::unique_ptr<scripted_peer>> peers;
  for (const char* ip : {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}) {
    peers.push_back(std::make_unique<scripted_peer>(world, ip));
    names.add("users", *address::parse(ip, 0));
  }
  client_pool pool({}, names);
  const auto at = origin::parse("http://users");
  EXPECT_TRUE(test::sim_run(world, client, ask_together(&pool, &*at, 40)).has_value());
  for (const auto& each : peers) {
    EXPECT_NEAR(each->connections, 10, 2);
    EXPECT_NEAR(static_cast<double>(each->requests.size()), 100, 40);
  }
}

task<> take_and_return(connection_pool* pool, const origin* at) {
  send_watch watch;
  const auto leased = co_await pool->acquire(at, &watch);
  EXPECT_TRUE(leased.has_value());
  const auto answered = co_await (*leased)->request({.host = "users"});
  EXPECT_TRUE(answered.has_value());
}

TEST(connection_pool, a_connection_serves_one_scheme) {
  test::sim_world world(1);
  reactor& client = world.add_host("10.0.0.1");
  scripted_peer peer(world, "10.0.0.2", 8443);
  dns::table_resolver names;
  const client_pool_settings settings;
  connection_pool pool(client, settings, names);
  const auto plain = origin::parse("http://10.0.0.2:8443");
  const auto tls = origin::parse("https://10.0.0.2:8443");
  EXPECT_TRUE(test::sim_run(world, client, take_and_return(&pool, &*plain)).has_value());
  EXPECT_EQ(pool.counts().connections_idle, 1U);
  EXPECT_FALSE(pool.take_idle(*tls).has_value());
  EXPECT_TRUE(pool.take_idle(*plain).has_value());
}

}  // namespace
}  // namespace ferrule
