// What becomes of requests, and of connections, when servers and networks misbehave.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using sent = result<http::client_response, transport_failure>;

class client_pool_faults_test : public testing::Test {
 protected:
  void use(client_pool_settings settings) { pool_.emplace(settings, names_); }
  template <class T>
  auto run(task<T> work) {
    return *test::sim_run(world_, client_, std::move(work));
  }
  sent ask(std::string_view target = "/", std::string_view verb = "GET") {
    return run(pool_->send(*at_, {.verb = verb, .target = target}));
  }
  std::string outcome(std::string_view target = "/", std::string_view verb = "GET") {
    const sent answered = ask(target, verb);
    return answered ? std::string(answered->body()) : to_string(answered.error().error);
  }
  static std::string text(transport_error error) { return to_string(error); }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer peer_{world_, "10.0.0.2"};
  dns::table_resolver names_;
  std::optional<origin> at_ = origin::parse("http://10.0.0.2");
  std::optional<client_pool> pool_{std::in_place, client_pool_settings{}, names_};
};

TEST_F(client_pool_faults_test, an_idle_connection_that_the_server_closes_is_gone_at_once) {
  peer_.answers = {{.then = ending::fin, .after = 0ns}};
  EXPECT_EQ(outcome(), "ok");
  world_.run_for(10ms);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
  peer_.answers = {{.then = ending::reset, .after = 0ns}};
  EXPECT_EQ(outcome(), "ok");
  world_.run_for(10ms);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
}

TEST_F(client_pool_faults_test, an_idle_connection_on_which_anything_comes_is_gone_at_once) {
  peer_.answers = {{.bytes = answer_with("first") + "HTTP/1.1 200 OK\r\n"}};
  EXPECT_EQ(outcome(), "first");
  world_.run_for(10ms);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
  EXPECT_EQ(outcome(), "ok");
}

TEST_F(client_pool_faults_test, sends_nothing_twice_and_tells_a_stale_connection_apart) {
  for (const char* verb : {"GET", "POST"}) {
    EXPECT_EQ(outcome(), "ok");
    const std::size_t before = peer_.requests.size();
    peer_.answers = {{.bytes = "", .then = ending::fin}};
    const sent again = ask("/again", verb);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().error, transport_error::stale_connection);
    EXPECT_TRUE(again.error().was_sent);
    EXPECT_EQ(peer_.requests.size(), before + 1);
  }
  peer_.answers = {{.bytes = "", .then = ending::fin}};
  const sent fresh = ask();
  ASSERT_FALSE(fresh.has_value());
  EXPECT_EQ(fresh.error().error, transport_error::no_response) << "a new connection is not stale";
}

task<std::string> post_twice(client_pool* pool, const origin* at) {
  std::string outcomes;
  for (int i = 0; i != 2; ++i) {
    const auto answered = co_await pool->send(*at, {.verb = "POST"});
    outcomes += answered ? std::string(answered->body()) : to_string(answered.error().error);
  }
  co_return outcomes;
}

TEST_F(client_pool_faults_test, looks_at_a_connection_before_it_is_used_again) {
  // The server closes without having said so, and the next request is there already.
  world_.between("10.0.0.1", "10.0.0.2").jitter = 0ns;
  for (const std::string& extra :
       {std::string(), std::string("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")}) {
    const std::uint64_t made = pool_->counts().connections_made;
    peer_.answers = {{.then = ending::fin}, {}};
    peer_.afterwards = extra;
    EXPECT_EQ(run(post_twice(&*pool_, &*at_)), "okok");
    EXPECT_EQ(pool_->counts().connections_made, made + 2);
    peer_.afterwards.clear();
    world_.run_for(1min);
  }
}

TEST_F(client_pool_faults_test, a_408_that_crosses_a_request_is_not_its_answer) {
  const std::string tired = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n";
  const std::string large(50'000, 'x');
  const auto post = [&](std::string_view body) {
    const sent answered = run(pool_->send(*at_, {.verb = "POST", .body = body}));
    return answered ? std::to_string(answered->status()) : text(answered.error().error);
  };
  EXPECT_EQ(outcome(), "ok");
  peer_.answers = {{.bytes = tired + "Connection: close\r\n\r\n", .then = ending::fin}};
  EXPECT_EQ(post("small"), text(transport_error::stale_connection));
  peer_.answers = {{.bytes = tired + "Connection: close\r\n\r\n", .then = ending::fin}};
  EXPECT_EQ(post("small"), "408") << "on a new connection it is one";
  EXPECT_EQ(outcome(), "ok");
  peer_.answers = {{.bytes = tired + "\r\n"}};
  EXPECT_EQ(post("small"), "408") << "who keeps the connection has not waited for a request";
  peer_.answers = {{.bytes = tired + "Connection: close\r\n\r\n", .then = ending::fin}};
  EXPECT_EQ(post(large), "408") << "of what takes time the server may tire";
}

TEST_F(client_pool_faults_test, an_early_answer_to_what_is_not_read_is_returned) {
  const std::string large(5'000'000, 'x');
  peer_.is_hasty = true;
  for (const int status : {200, 401, 413}) {
    peer_.answers = {
        {.bytes = "HTTP/1.1 " + std::to_string(status) + " Early\r\nContent-Length: 2\r\n\r\nno",
         .then = ending::deaf}};
    const mono_time begin = world_.now();
    const sent answered = run(pool_->send(*at_, {.verb = "POST", .body = large}));
    ASSERT_TRUE(answered.has_value()) << to_string(answered.error().error);
    EXPECT_EQ(answered->status(), status);
    EXPECT_LT(world_.now() - begin, http::early_answer_wait + 10ms);
    EXPECT_EQ(pool_->counts().connections_open, 0U) << "the request is still under way on it";
  }
}

TEST_F(client_pool_faults_test, an_early_answer_costs_no_connection_if_the_server_reads_on) {
  peer_.is_hasty = true;
  const std::string large(500'000, 'x');
  peer_.answers = {{.bytes = answer_with("early")}};
  const sent answered = run(pool_->send(*at_, {.verb = "POST", .body = large}));
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->body(), "early");
  EXPECT_EQ(pool_->counts().connections_idle, 1U);
}

TEST_F(client_pool_faults_test, an_early_answer_does_not_wait_beyond_the_deadline) {
  use({.total_timeout = 20ms});
  peer_.is_hasty = true;
  const std::string large(5'000'000, 'x');
  peer_.answers = {{.bytes = answer_with("early"), .then = ending::deaf}};
  const sent answered = run(pool_->send(*at_, {.verb = "POST", .body = large}));
  ASSERT_TRUE(answered.has_value()) << to_string(answered.error().error);
  EXPECT_EQ(answered->body(), "early");
}

TEST_F(client_pool_faults_test, interim_answers_without_end_are_not_followed_for_ever) {
  std::string flood;
  for (int i = 0; i != 17; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
  peer_.answers = {{.bytes = flood}};
  EXPECT_EQ(outcome(), text(transport_error::malformed));
  EXPECT_EQ(pool_->counts().connections_open, 0U);
}

TEST_F(client_pool_faults_test, a_connection_that_is_old_is_not_used_again) {
  const auto made = [&] { return pool_->counts().connections_made; };
  const mono_time begin = world_.now();
  while (world_.now() - begin < 4min) {
    EXPECT_EQ(outcome(), "ok");
    world_.run_for(20s);
  }
  EXPECT_EQ(made(), 1U);
  world_.run_for(20s);
  while (world_.now() - begin < 6min) {
    EXPECT_EQ(outcome(), "ok");
    world_.run_for(20s);
  }
  EXPECT_EQ(made(), 2U);
  EXPECT_EQ(pool_->counts().connections_open, 1U);
}

TEST_F(client_pool_faults_test, does_not_repeat_what_was_answered_in_part) {
  EXPECT_EQ(outcome(), "ok");
  peer_.answers = {{.bytes = "HTTP/1.1 2", .then = ending::fin}};
  EXPECT_EQ(outcome(), text(transport_error::closed_early));
  EXPECT_EQ(peer_.requests.size(), 2U);
}

struct answer_case {
  std::string bytes;
  std::string outcome;
  bool reused;
  ending then = ending::none;
  const char* verb = "GET";
};

TEST_F(client_pool_faults_test, uses_a_connection_again_only_when_the_answer_was_framed_surely) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const answer_case cases[] = {
      {ok + "Content-Length: 2\r\n\r\nhi", "hi", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" +
           answer_with("hi"),
       "hi", true},
      {ok + "Content-Length: 1000\r\n\r\n", "", true, ending::none, "HEAD"},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true},
      {chunked + "2\r\nhi\r\n0\r\n\r\n", "hi", true},
      {chunked + "2;x=y\r\nhi\r\n0\r\nX-Checksum: 1\r\n\r\n", "hi", true},
      {ok + "\r\nhi", "hi", false, ending::fin},
      {ok + "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "hi", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", false},
      {ok + "Content-Length: 2\r\n\r\nhi!", "hi", false},
      {ok + "Content-Length: 5\r\n\r\nhi", text(transport_error::closed_early), false, ending::fin},
      {chunked + "2\r\nhi\r\n", text(transport_error::closed_early), false, ending::fin},
      {ok + "Content-Length: 5\r\n\r\nhi", text(transport_error::closed_early), false,
       ending::reset},
      {chunked + "zz\r\n", text(transport_error::malformed), false},
      {ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", text(transport_error::malformed),
       false},
      {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
       text(transport_error::malformed), false},
      {"HTTP/2 200\r\n\r\n", text(transport_error::malformed), false},
      {"SSH-2.0-OpenSSH_9.2\r\n", text(transport_error::malformed), false},
      {std::string(200, '\0'), text(transport_error::malformed), false},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", text(transport_error::malformed),
       false},
      {ok + "Content-Length: 1001\r\n\r\n", text(transport_error::too_large), false},
      {"", text(transport_error::no_response), false, ending::fin},
  };
  use({.limits = {.body_bytes_max = 1000}});
  for (const answer_case& each : cases) {
    peer_.answers = {{.bytes = each.bytes, .then = each.then}};
    const std::uint64_t made = pool_->counts().connections_made;
    EXPECT_EQ(outcome("/", each.verb), each.outcome) << each.bytes;
    EXPECT_EQ(pool_->counts().connections_made, made + 1) << each.bytes;
    EXPECT_EQ(outcome("/after"), "ok") << each.bytes;
    EXPECT_EQ(pool_->counts().connections_made, made + (each.reused ? 1U : 2U)) << each.bytes;
    peer_.answers = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"}};
    EXPECT_EQ(outcome("/last"), "");
  }
}

TEST_F(client_pool_faults_test, a_late_answer_never_reaches_the_next_caller) {
  peer_.answers = {{.bytes = answer_with("late"), .after = 3s}};
  const mono_time begin = world_.now();
  const sent first = ask("/first");
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().error, transport_error::timeout);
  EXPECT_TRUE(first.error().was_sent);
  EXPECT_GE(world_.now() - begin, 2s);
  EXPECT_LT(world_.now() - begin, 2s + 10ms);
  EXPECT_EQ(pool_->counts().connections_open, 0U);
  EXPECT_EQ(outcome("/second"), "ok");
  world_.run_for(5s);
  EXPECT_EQ(outcome("/third"), "ok");
}

task<std::string> body_of(client_pool* pool, const origin* at, std::string target) {
  const auto answered = co_await pool->send(*at, {.target = target});
  co_return answered ? std::string(answered->body()) : to_string(answered.error().error);
}

task<std::string> body_within(std::chrono::nanoseconds limit, client_pool* pool, const origin* at,
                              std::string target) {
  auto first = co_await race(body_of(pool, at, target), pass(limit));
  co_return first.index() == 0 ? std::get<0>(first) : "cancelled";
}

TEST_F(client_pool_faults_test, cancelling_a_call_ends_its_own_work_alone) {
  peer_.answers = {{.bytes = answer_with("a"), .after = 100ms},
                   {.bytes = answer_with("b"), .after = 100ms}};
  const auto both = [](client_pool* pool, const origin* at) -> task<std::string> {
    const auto [cut, whole] =
        co_await when_all(body_within(50ms, pool, at, "/cut"), body_of(pool, at, "/whole"));
    co_return cut + " " + whole;
  };
  const std::string outcomes = run(both(&*pool_, &*at_));
  EXPECT_TRUE(outcomes == "cancelled b" || outcomes == "cancelled a") << outcomes;
  EXPECT_EQ(pool_->counts().connections_open, 1U);
  EXPECT_EQ(pool_->counts().connections_idle, 1U);
}

TEST_F(client_pool_faults_test, names_what_went_wrong_before_anything_was_sent) {
  const auto failure_at = [&](const char* url) {
    const auto to = origin::parse(url);
    const sent answered = run(pool_->send(*to, {}));
    EXPECT_FALSE(answered.has_value());
    EXPECT_FALSE(answered.error().was_sent);
    return answered.error().error;
  };
  EXPECT_EQ(failure_at("http://10.0.0.2:81"), transport_error::connect_failed);
  EXPECT_EQ(failure_at("http://10.0.0.99"), transport_error::connect_timeout);
  EXPECT_EQ(failure_at("http://nobody"), transport_error::unknown_host);
  EXPECT_EQ(failure_at("https://10.0.0.2"), transport_error::unsupported_scheme);
  const sent invalid = ask("/a b");
  ASSERT_FALSE(invalid.has_value());
  EXPECT_EQ(invalid.error().error, transport_error::invalid_request);
  EXPECT_FALSE(invalid.error().was_sent);
  EXPECT_EQ(outcome(), "ok");
  EXPECT_EQ(peer_.requests.size(), 1U);
}

TEST_F(client_pool_faults_test, nothing_outlives_its_time_when_the_peer_is_lost) {
  EXPECT_EQ(outcome(), "ok");
  world_.between("10.0.0.1", "10.0.0.2").half_open = 1;
  const mono_time begin = world_.now();
  EXPECT_EQ(outcome(), text(transport_error::timeout));
  EXPECT_LT(world_.now() - begin, 2s + 10ms);
  EXPECT_EQ(outcome(), text(transport_error::connect_timeout));
  world_.between("10.0.0.1", "10.0.0.2").half_open = 0;
  EXPECT_EQ(outcome(), "ok");
}

task<> ask_once(client_pool* pool, const origin* at) {
  EXPECT_TRUE((co_await pool->send(*at, {.target = "/"})).has_value());
}
task<> spawn_asks(scope& all, client_pool* pool, const origin* at, int count) {
  for (int i = 0; i != count; ++i) all.spawn(ask_once(pool, at));
  co_return;
}
task<bool> ask_together(client_pool* pool, const origin* at, int count) {
  co_await with_scope(&spawn_asks, pool, at, count);
  co_return true;
}
task<bool> ask_for(client_pool* pool, const origin* at, std::chrono::nanoseconds span) {
  const auto done = co_await with_deadline(span, pool->send(*at, {.target = "/"}));
  co_return done && done->has_value();
}

// A balancer on the way forgets its connections: what is sent on one is lost, or answered by RST.
TEST_F(client_pool_faults_test, connections_that_were_forgotten_together_cost_one_request) {
  for (const ending then : {ending::deaf, ending::reset}) {
    run(ask_together(&*pool_, &*at_, 8));
    EXPECT_EQ(pool_->counts().connections_idle, 8U);
    world_.run_for(1s);
    peer_.answers = {{.bytes = "", .then = then}};
    EXPECT_NE(outcome("/lost"), "ok");
    const std::uint64_t made = pool_->counts().connections_made;
    EXPECT_EQ(outcome(), "ok");
    EXPECT_EQ(pool_->counts().connections_made, made + 1) << "none of the old ones was used";
    EXPECT_EQ(outcome(), "ok");
    EXPECT_EQ(pool_->counts().connections_made, made + 1) << "but the new one is";
    EXPECT_EQ(pool_->counts().connections_open, 1U);
  }
}

TEST_F(client_pool_faults_test, who_gives_up_at_once_says_nothing_of_other_connections) {
  run(ask_together(&*pool_, &*at_, 3));
  peer_.answers = {{.after = 1s}};
  EXPECT_FALSE(run(ask_for(&*pool_, &*at_, 50ms)));
  EXPECT_EQ(outcome(), "ok");
  EXPECT_EQ(pool_->counts().connections_made, 3U);
}

/// Calls one after the other, each with a token of its own.
task<> keep_asking(client_pool* pool, const origin* at, unsigned caller, unsigned calls,
                   unsigned* right) {
  for (unsigned i = 0; i != calls; ++i) {
    const environment& env = co_await current_environment();
    const mono_time begin = env.loop->now();
    const std::string target = fmt::format("/{}/{}", caller, i);
    const auto answered = co_await pool->send(*at, {.target = target});
    EXPECT_LT(env.loop->now() - begin, 2s + 10ms);
    if (!answered) continue;
    EXPECT_EQ(answered->body(), target);
    ++*right;
  }
}

TEST_F(client_pool_faults_test, no_answer_goes_astray_whatever_the_network_does) {
  peer_.echoes = true;
  unsigned right = 0;
  for (unsigned round = 1; round != 4; ++round) {
    test::sim_link& link = world_.between("10.0.0.1", "10.0.0.2");
    link.delay = 0.05, link.reset = 0.01, link.stall = 0.01;
    link.short_read = link.short_write = 0.3;
    link.refused = 0.05, link.half_open = 0.003;
    use({.connections_per_origin_max = 8, .queue_timeout = 500ms});
    std::vector<task<>> callers;
    for (unsigned i = 0; i != 20; ++i) {
      callers.push_back(keep_asking(&*pool_, &*at_, round * 100 + i, 50, &right));
    }
    const auto all = [](std::vector<task<>> tasks) -> task<> {
      co_await when_all(std::move(tasks));
    };
    run(all(std::move(callers)));
    link = {};
    EXPECT_EQ(pool_->counts().connections_open, pool_->counts().connections_idle);
    EXPECT_EQ(outcome("/calm"), "/calm");
  }
  EXPECT_GT(right, 1800U) << "of 3000";
  EXPECT_LT(right, 3000U) << "the network was supposed to do harm";
}

}  // namespace
}  // namespace ferrule
