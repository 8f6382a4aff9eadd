// Which connection a request gets, and who waits for one.
#include <gtest/gtest.h>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

class client_pool_limits_test : public testing::Test {
 protected:
  void use(client_pool_settings settings) { pool_.emplace(settings, names_); }

  /// Asks for targets at once, one after the other; gives the outcomes, joined.
  std::string ask(std::vector<std::pair<const origin*, std::string>> all) {
    std::vector<task<std::string>> asking;
    asking.reserve(all.size());
    for (auto& [at, target] : all) asking.push_back(outcome_of(&*pool_, at, target));
    return *test::sim_run(world_, client_, joined(std::move(asking)));
  }
  static task<std::string> outcome_of(client_pool* pool, const origin* at, std::string target) {
    const auto answered = co_await pool->send(*at, {.target = target});
    co_return answered ? std::string(answered->body()) : to_string(answered.error().error);
  }
  static task<std::string> joined(std::vector<task<std::string>> asking) {
    const std::vector<std::string> outcomes = co_await when_all(std::move(asking));
    std::string all;
    for (const std::string& each : outcomes) all += (all.empty() ? "" : " ") + each;
    co_return all;
  }
  static std::deque<scripted_answer> slow(unsigned count) {
    return std::deque<scripted_answer>(count, {.after = 100ms});
  }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer a_{world_, "10.0.0.2"};
  scripted_peer b_{world_, "10.0.0.3"};
  dns::table_resolver names_;
  const origin at_a_ = *origin::parse("http://10.0.0.2");
  const origin at_b_ = *origin::parse("http://10.0.0.3");
  std::optional<client_pool> pool_;
};

TEST_F(client_pool_limits_test, requests_beyond_the_connections_of_an_origin_take_turns) {
  use({.connections_per_origin_max = 2});
  a_.echoes = true;
  EXPECT_EQ(ask({{&at_a_, "/1"}, {&at_a_, "/2"}, {&at_a_, "/3"}, {&at_a_, "/4"}, {&at_a_, "/5"}}),
            "/1 /2 /3 /4 /5");
  EXPECT_EQ(a_.connections, 2U);
  EXPECT_EQ(pool_->counts().connections_idle, 2U);
  EXPECT_EQ(pool_->counts().queued, 0U);
}

TEST_F(client_pool_limits_test, who_waits_is_served_in_order) {
  use({.connections_per_origin_max = 1});
  EXPECT_EQ(ask({{&at_a_, "/1"}, {&at_a_, "/2"}, {&at_a_, "/3"}, {&at_a_, "/4"}}), "ok ok ok ok");
  ASSERT_EQ(a_.requests.size(), 4U);
  for (unsigned i = 0; i != 4; ++i) {
    EXPECT_TRUE(a_.requests[i].starts_with("GET /" + std::to_string(i + 1))) << a_.requests[i];
  }
}

TEST_F(client_pool_limits_test, the_queue_is_limited_in_length_and_time) {
  use({.connections_per_origin_max = 1, .queued_max = 1, .queue_timeout = 50ms});
  a_.answers = slow(3);
  const std::string too_many = to_string(transport_error::too_many);
  const std::string too_late = to_string(transport_error::queue_timeout);
  EXPECT_EQ(ask({{&at_a_, "/1"}, {&at_a_, "/2"}, {&at_a_, "/3"}}),
            "ok " + too_late + " " + too_many);
  EXPECT_EQ(a_.requests.size(), 1U);
  EXPECT_EQ(pool_->counts().queued, 0U);
}

TEST_F(client_pool_limits_test, a_connection_that_fails_makes_room_for_who_waits) {
  use({.connections_per_origin_max = 1});
  a_.answers = {{.bytes = "nonsense\r\n"}, {}, {.then = ending::fin}, {}};
  EXPECT_EQ(ask({{&at_a_, "/1"}, {&at_a_, "/2"}}),
            std::string(to_string(transport_error::malformed)) + " ok");
  EXPECT_EQ(a_.connections, 2U);
}

TEST_F(client_pool_limits_test, who_cannot_connect_makes_room_for_who_waits) {
  use({.connections_per_origin_max = 1});
  world_.between("10.0.0.1", "10.0.0.2").refused = 1;
  const std::string refused = to_string(transport_error::connect_failed);
  EXPECT_EQ(ask({{&at_a_, "/1"}, {&at_a_, "/2"}, {&at_a_, "/3"}}),
            refused + " " + refused + " " + refused);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
}

task<bool> asks_within(std::chrono::nanoseconds limit, client_pool* pool, const origin* at) {
  co_return (co_await race(pool->send(*at, {}), pass(limit))).index() == 0;
}

TEST_F(client_pool_limits_test, who_waits_may_be_cancelled) {
  use({.connections_per_origin_max = 1});
  a_.answers = slow(1);
  const auto talk = [](client_pool* pool, const origin* at) -> task<std::string> {
    const auto [first, second, third] = co_await when_all(
        outcome_of(pool, at, "/1"), asks_within(50ms, pool, at), outcome_of(pool, at, "/3"));
    co_return first + (second ? " answered " : " cancelled ") + third;
  };
  EXPECT_EQ(*test::sim_run(world_, client_, talk(&*pool_, &at_a_)), "ok cancelled ok");
  EXPECT_EQ(pool_->counts().queued, 0U);
  EXPECT_EQ(a_.requests.size(), 2U);
}

TEST_F(client_pool_limits_test, an_idle_connection_yields_to_another_origin) {
  use({.connections_max = 1});
  EXPECT_EQ(ask({{&at_a_, "/"}}), "ok");
  EXPECT_EQ(ask({{&at_b_, "/"}}), "ok");
  EXPECT_EQ(pool_->counts().connections_open, 1U);
  world_.run_for(10ms);
  EXPECT_EQ(a_.open, 0U);
  EXPECT_EQ(b_.open, 1U);
}

TEST_F(client_pool_limits_test, origins_share_the_connections_there_are) {
  use({.connections_max = 1});
  a_.answers = slow(2);
  b_.answers = slow(2);
  EXPECT_EQ(ask({{&at_a_, "/"}, {&at_b_, "/"}, {&at_a_, "/"}, {&at_b_, "/"}}), "ok ok ok ok");
  EXPECT_EQ(pool_->counts().connections_open, 1U);
  EXPECT_EQ(pool_->counts().connections_made, 2U) << "a connection serves its own origin first";
}

TEST_F(client_pool_limits_test, the_connection_used_last_is_used_first) {
  use({.idle_timeout = 1s});
  a_.answers = slow(3);
  EXPECT_EQ(ask({{&at_a_, "/"}, {&at_a_, "/"}, {&at_a_, "/"}}), "ok ok ok");
  EXPECT_EQ(a_.open, 3U);
  for (int i = 0; i != 3; ++i) {
    world_.run_for(500ms);
    EXPECT_EQ(ask({{&at_a_, "/"}}), "ok");
  }
  EXPECT_EQ(pool_->counts().connections_open, 1U) << "the others were not needed";
  world_.run_for(990ms);
  EXPECT_EQ(pool_->counts().connections_open, 1U);
  world_.run_for(20ms);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
  EXPECT_EQ(a_.open, 0U);
}

TEST_F(client_pool_limits_test, forgets_origins_that_are_not_used_any_more) {
  use({.connections_max = 10});
  world_.between("10.0.0.1", "10.0.0.2").refused = 1;
  for (std::uint16_t port = 1; port != 1000; ++port) {
    const auto at = origin::parse("http://10.0.0.2:" + std::to_string(port));
    EXPECT_EQ(ask({{&*at, "/"}}), to_string(transport_error::connect_failed));
  }
  EXPECT_EQ(ask({{&at_b_, "/"}}), "ok");
}

TEST_F(client_pool_limits_test, a_deadline_of_the_caller_holds) {
  use({});
  a_.answers = slow(1);
  const auto talk = [](client_pool* pool, const origin* at) -> task<std::string> {
    environment env = co_await current_environment();
    env.deadline = env.loop->now() + 50ms;
    // Nobody stops this one: the pool has to heed the deadline by itself.
    detail::noted_end end;
    task<std::string> asking = outcome_of(pool, at, "/");
    asking.start(env, end);
    co_await sleep(60ms);
    EXPECT_TRUE(end.completed);
    co_return asking.take();
  };
  EXPECT_EQ(*test::sim_run(world_, client_, talk(&*pool_, &at_a_)),
            to_string(transport_error::timeout));
  const auto late = [](client_pool* pool, const origin* at) -> task<std::string> {
    environment env = co_await current_environment();
    env.deadline = env.loop->now();
    detail::noted_end end;
    task<std::string> asking = outcome_of(pool, at, "/");
    asking.start(env, end);
    EXPECT_TRUE(end.completed);
    co_return asking.take();
  };
  const std::uint64_t before = pool_->counts().requests;
  EXPECT_EQ(*test::sim_run(world_, client_, late(&*pool_, &at_a_)),
            to_string(transport_error::timeout));
  EXPECT_EQ(pool_->counts().requests, before) << "what is late already is not begun";
}

}  // namespace
}  // namespace ferrule
