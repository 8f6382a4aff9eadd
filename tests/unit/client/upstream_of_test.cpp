#include "ferrule/client/upstream_of.hpp"

#include <gtest/gtest.h>

#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

namespace members {
struct member {
  std::uint64_t id = 0;
  std::string name;
};
inline constexpr endpoint<"GET /members/{id}", member(std::uint64_t id)> get{};
inline constexpr contract api(get);
}  // namespace members

constexpr auto member_routes = route_table(route<"GET /members/{id}">([](std::uint64_t id) {
  return members::member{id, "Ada"};
}));

using member_client = client<members::api>;
task<std::string> greet_member(std::uint64_t id, const member_client& members) {
  const auto found = co_await members(members::get, id);
  co_return found ? "Hello, " + found->name : to_string(found.error());
}
constexpr auto greeting_routes = route_table(
    route<"GET /greetings/{id}">(greet_member),
    route<"GET /resilience">([](const member_client& members) { return members.report(); }),
    route<"POST /away">([](upstream_client<members::api>& members) {
      return std::to_string(members.upstream().update({})->removed);
    }));

class upstream_of_test : public testing::Test {
 protected:
  static task<std::string> get(client_pool* pool, std::string_view verb, std::string_view target) {
    const origin there = *origin::parse("http://10.0.0.2");
    const auto got = co_await pool->send(there, {.verb = verb, .target = target});
    co_return got ? std::string(got->body()) : to_string(got.error().error);
  }
  std::string ask(std::string_view target, std::string_view verb = "GET") {
    client_pool pool;
    return test::sim_run(world_, asker_, get(&pool, verb, target)).value_or("(stopped)");
  }
  void drain(http::server& server) {
    bool is_done = false;
    server.drain(1s, [](void* done) noexcept { *static_cast<bool*>(done) = true; }, &is_done);
    EXPECT_TRUE(world_.run_until([&] { return is_done; }, 1min));
  }

  test::sim_world world_{5};
  reactor& back_ = world_.add_host("10.0.0.1");
  reactor& front_ = world_.add_host("10.0.0.2");
  reactor& asker_ = world_.add_host("10.0.0.3");
};

TEST_F(upstream_of_test, a_handler_takes_the_client) {
  dispatcher<member_routes> members;
  http::server back(back_, members);
  back.listen(*address::parse("10.0.0.1", 80), {});
  std::vector<origin> where;  // known only after the options were read
  auto state = upstream_of<members::api>("members", [&] { return where; });
  where.push_back(*origin::parse("http://10.0.0.1"));
  {
    upstream_client<members::api> calls = state.make(front_);
    dispatcher<greeting_routes, upstream_client<members::api>> greetings(calls);
    http::server front(front_, greetings);
    front.listen(*address::parse("10.0.0.2", 80), {});
    EXPECT_EQ(ask("/greetings/7"), "Hello, Ada");
    EXPECT_EQ(calls.connections().requests, 1U);
    const std::string report = ask("/resilience");
    EXPECT_NE(report.find(R"("name":"members","endpoints":[{"origin":"http://10.0.0.1")"),
              report.npos)
        << report;
    EXPECT_EQ(ask("/away", "POST"), "1");
    EXPECT_EQ(ask("/greetings/7"), "not called: there is no endpoint");
    drain(front);
  }
  drain(back);
}

TEST_F(upstream_of_test, takes_endpoints_addresses_and_settings) {
  const origin there = *origin::parse("http://10.0.0.1");
  auto weighted = upstream_of<members::api>(
      "members", std::vector<upstream_endpoint>{{.address = there, .weight = 3}},
      {.breaker = std::nullopt});
  upstream_client<members::api> one = weighted.make(front_);
  EXPECT_EQ(one.upstream().snapshot().endpoints.at(0).balance.weight, 3U);
  EXPECT_EQ(one.upstream().breaker(), nullptr);
  auto plain = upstream_of<members::api>("members", std::vector<origin>{there, there});
  upstream_client<members::api> other = plain.make(front_);
  EXPECT_EQ(other.upstream().snapshot().endpoints.size(), 1U);
  EXPECT_EQ(other.upstream().name(), "members");
}

}  // namespace
}  // namespace ferrule
