#include "ferrule/route/resilience.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/test/call.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

struct login_limit : route_rate_limit {
  using route_rate_limit::route_rate_limit;
};

task<std::string> slow() {
  co_await sleep(100ms);
  co_return "done";
}
task<std::uint64_t> slow_number(std::uint64_t n) {
  co_await sleep(100ms);
  co_return n;
}
task<std::string> slow_text(body sent) {
  co_await sleep(100ms);
  co_return std::string(*sent);
}
task<std::string> slow_upload(body_stream sent) {
  std::size_t bytes = 0;
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
    bytes += part.size();
  }
  co_await sleep(100ms);
  co_return std::to_string(bytes);
}
response_stream ticks() {
  for (int i = 0; i != 3; ++i) {
    co_yield "tick";
    co_await sleep(1s);
  }
}
task<> go_on(upgrade_offer offer) {
  two_way_stream stream = offer.accept("x");
  for (;;) {
    const std::string_view part = co_await stream.read();
    if (part.empty()) break;
  }
}
std::string_view quick() { return "done"; }

constexpr auto routes =
    route_table(route<"GET /peer">(quick, with(rate_limited<by_peer>{})),
                route<"POST /login">(quick, with(rate_limited<by_header<"X-Name">, login_limit>{})),
                route<"GET /report">(slow, with(bulkheaded<>{}, handler_timeout_ms<1000>)),
                route<"GET /found">(slow, with(concurrency_limited<>{})),
                route<"GET /found/{n}">(slow_number, with(concurrency_limited<>{})),
                route<"GET /ticks">(ticks, with(concurrency_limited<>{})),
                route<"GET /upgrade">(go_on, with(concurrency_limited<>{})),
                route<"POST /found">(slow_text, with(concurrency_limited<>{}, body_bytes_max<10>)),
                route<"POST /upload">(slow_upload, with(concurrency_limited<>{})),
                route<"GET /resilience">(
                    show_resilience<route_rate_limit, async_bulkhead, route_concurrency_limit>));

/// A server with one of each limit, and clients of it.
class route_resilience : public testing::Test {
 protected:
  route_resilience() { server_.listen(*address::parse("10.0.0.1", 80), {}); }
  ~route_resilience() override {
    bool drained = false;
    server_.drain(1s, [](void* done) noexcept { *static_cast<bool*>(done) = true; }, &drained);
    world_.run_until([&] { return drained; });
  }

  struct answer {
    int status = 0;
    std::string retry_after{};
    std::string body{};
  };
  static task<answer> send(address to, http::client_request what) {
    auto stream = co_await tcp_stream::connect(to);
    http::client_connection connection(std::move(*stream));
    const auto got = co_await connection.request(what);
    if (!got) co_return answer{};
    co_return answer{got->status(), std::string(got->header("Retry-After")),
                     std::string(got->body())};
  }
  static task<> note(address to, std::string_view path, std::vector<int>* statuses) {
    const auto got = co_await send(to, {.target = path, .host = "x"});
    statuses->push_back(got.status);
  }
  static task<> spawn(scope& all, address to, std::string_view path, int count,
                      std::vector<int>* statuses) {
    for (int i = 0; i != count; ++i) all.spawn(note(to, path, statuses));
    co_return;
  }
  static task<std::vector<int>> at_once(address to, std::string_view path, int count) {
    std::vector<int> statuses;
    co_await with_scope(&spawn, to, path, count, &statuses);
    std::ranges::sort(statuses);
    co_return statuses;
  }

  /// Sends a body of 10 bytes, one each 100 ms, and leaves after so many of them, unless there are
  /// none: then it waits for an answer all the same. Returns the body of an answer of 200.
  static task<std::string> send_slowly(address to, int bytes) {
    auto stream = co_await tcp_stream::connect(to);
    (void)co_await stream->write("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i != bytes; ++i) {
      co_await sleep(100ms);
      (void)co_await stream->write("x");
    }
    std::string got;
    if (bytes == 10 || bytes == 0) {
      std::array<std::byte, 4096> into;
      const auto size = co_await stream->read(into);
      got.assign(reinterpret_cast<const char*>(into.data()), *size);
    }
    const bool is_ok = got.starts_with("HTTP/1.1 200");
    co_return is_ok ? got.substr(got.find("\r\n\r\n") + 4) : std::string();
  }
  /// Goes on in another protocol for a second.
  static task<> stay(address to) {
    auto stream = co_await tcp_stream::connect(to);
    (void)co_await stream->write(
        "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    co_await sleep(1s);
  }
  std::string upload(int bytes) {
    return *test::sim_run(world_, client_, send_slowly(server_.local(), bytes), 1min);
  }

  answer ask(std::string_view verb, std::string_view path, std::vector<header_field> fields = {}) {
    const http::client_request what{.verb = verb, .target = path, .host = "x", .fields = fields};
    return *test::sim_run(world_, client_, send(server_.local(), what));
  }
  std::vector<int> ask_at_once(std::string_view path, int count) {
    return *test::sim_run(world_, client_, at_once(server_.local(), path, count));
  }

  test::sim_world world_{5};
  reactor& host_ = world_.add_host("10.0.0.1");
  reactor& client_ = world_.add_host("10.0.0.2");
  shared_rate_limiter each_peer_{{.per_second = 0.5, .burst = 2}};
  route_rate_limit rate_{each_peer_, host_};
  shared_rate_limiter each_name_{{.per_second = 1, .burst = 1}};
  login_limit login_{each_name_, host_};
  async_bulkhead slots_{{.running_max = 1, .waiting_max = 2, .wait_max = 150ms}, host_};
  route_concurrency_limit limit_{{.limit_initial = 3, .limit_min = 3}, host_};
  dispatcher<routes, route_rate_limit, login_limit, async_bulkhead, route_concurrency_limit>
      service_{rate_, login_, slots_, limit_};
  http::server server_{host_, service_};
};

TEST_F(route_resilience, refuses_a_client_that_asks_too_often) {
  EXPECT_EQ(ask("GET", "/peer").status, 200);
  EXPECT_EQ(ask("GET", "/peer").status, 200);
  const answer refused = ask("GET", "/peer");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, "2");
  EXPECT_NE(refused.body.find("the rate limit is reached"), std::string::npos);
  world_.run_for(2s);
  EXPECT_EQ(ask("GET", "/peer").status, 200);
  EXPECT_EQ(rate_.snapshot().refused, 1U);
  EXPECT_EQ(rate_.snapshot().keys, 1U) << "one address, whatever its ports";
}

TEST_F(route_resilience, limits_each_key_for_itself) {
  EXPECT_EQ(ask("POST", "/login", {{"X-Name", "ada"}}).status, 200);
  EXPECT_EQ(ask("POST", "/login", {{"X-Name", "ada"}}).status, 429);
  EXPECT_EQ(ask("POST", "/login", {{"x-name", "bob"}}).status, 200);
  EXPECT_EQ(ask("POST", "/login").status, 200);
  EXPECT_EQ(ask("POST", "/login").status, 429) << "those without a name have one key";
  EXPECT_EQ(rate_.snapshot().admitted, 0U) << "it has a limit of its own";
}

TEST_F(route_resilience, a_bulkhead_runs_some_lets_some_wait_and_refuses_the_rest) {
  // One runs 100 ms, two wait, of whom the second would wait 200 ms and is refused after 150.
  EXPECT_EQ(ask_at_once("/report", 5), (std::vector{200, 200, 503, 503, 503}));
  EXPECT_EQ(slots_.snapshot().refused, 2U);
  EXPECT_EQ(slots_.snapshot().expired, 1U);
  EXPECT_EQ(slots_.snapshot().running, 0U);
}

TEST_F(route_resilience, a_refusal_says_when_to_come_back) {
  const auto found = [&] {
    return test::call<routes>("GET /found", rate_, login_, slots_, limit_);
  };
  EXPECT_EQ(found().status, 200);
  for (int i = 0; i != 3; ++i) ASSERT_TRUE(limit_.try_acquire());
  EXPECT_EQ(found().status, 503);
  EXPECT_EQ(found().field("Retry-After"), "1");
}

TEST_F(route_resilience, latency_is_that_of_requests_whose_handler_ran) {
  const auto is_refused = [&](int status, const http::client_request& what) {
    for (int i = 0; i != 20; ++i) {
      EXPECT_EQ(test::sim_run(world_, client_, send(server_.local(), what))->status, status);
      world_.run_for(100ms);
    }
  };
  is_refused(400, {.target = "/found/x", .host = "x"});
  is_refused(413, {.verb = "POST", .target = "/found", .host = "x", .body = "more than ten bytes"});
  EXPECT_EQ(limit_.snapshot().limit.admitted, 40U);
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
  EXPECT_EQ(limit_.snapshot().limit.long_ns, 0);
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask("GET", "/found/7").status, 200);
  EXPECT_GE(limit_.snapshot().limit.long_ns, 1e8);
}

TEST_F(route_resilience, latency_is_the_time_until_an_answer_begins) {
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask("GET", "/ticks").status, 200);
  EXPECT_GT(limit_.snapshot().limit.long_ns, 0);
  EXPECT_LT(limit_.snapshot().limit.long_ns, 1e6);
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
}

TEST_F(route_resilience, latency_is_the_time_until_an_upgrade) {
  for (int i = 0; i != 20; ++i) test::sim_run(world_, client_, stay(server_.local()), 1min);
  world_.run_for(100ms);
  EXPECT_EQ(limit_.snapshot().limit.admitted, 20U);
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
  EXPECT_GT(limit_.snapshot().limit.long_ns, 0);
  EXPECT_LT(limit_.snapshot().limit.long_ns, 1e6);
}

TEST_F(route_resilience, latency_is_without_the_clients_time_to_send) {
  for (int i = 0; i != 20; ++i) EXPECT_EQ(upload(10), "10");
  EXPECT_NEAR(limit_.snapshot().limit.long_ns, 1e8, 1e6) << "not the second that it took to come";
  const std::uint64_t admitted = limit_.snapshot().limit.admitted;
  const double usual = limit_.snapshot().limit.long_ns;
  for (int i = 0; i != 20; ++i) EXPECT_EQ(upload(5), "") << "it leaves after half a second";
  for (int i = 0; i != 20; ++i) EXPECT_EQ(upload(0), "") << "it sends nothing until it gets 408";
  EXPECT_EQ(limit_.snapshot().limit.admitted, admitted + 40);
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
  EXPECT_EQ(limit_.snapshot().limit.long_ns, usual) << "neither quick nor slow";
}

TEST_F(route_resilience, a_slot_is_given_back_when_the_client_goes) {
  const auto leave = [](address to) -> task<bool> {
    const auto got = co_await with_deadline(50ms, send(to, {.target = "/report", .host = "x"}));
    co_return got.has_value();
  };
  EXPECT_EQ(test::sim_run(world_, client_, leave(server_.local())), false);
  world_.run_for(200ms);
  EXPECT_EQ(slots_.snapshot().running, 0U);
  EXPECT_EQ(ask("GET", "/report").status, 200);
}

TEST_F(route_resilience, a_concurrency_limit_refuses_above_what_it_found) {
  EXPECT_EQ(ask_at_once("/found", 5), (std::vector{200, 200, 200, 503, 503}));
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
  EXPECT_EQ(limit_.snapshot().limit.refused, 2U);
}

// As `route` calls it when the client of a request is gone before there is an answer.
TEST_F(route_resilience, who_leaves_at_once_makes_no_service_quick) {
  using layer = concurrency_limited<>;
  std::vector<header_field> fields;
  ferrule::answer done({.status = 200}, "", fields);
  done.handler_began = true;
  const auto end_after = [&](std::chrono::nanoseconds span, bool is_answered) {
    const body_wait none;
    layer::local held;
    EXPECT_FALSE(layer{}.before(held, none, limit_).has_value());
    world_.run_for(span);
    if (is_answered) layer{}.after(held, done);
  };
  for (int i = 0; i != 30; ++i) end_after(100ms, true);
  const double usual = limit_.snapshot().limit.long_ns;
  EXPECT_NEAR(usual, 1e8, 1e6);
  for (int i = 0; i != 200; ++i) end_after(10ms, false);
  EXPECT_EQ(limit_.snapshot().limit.short_ns, limit_.snapshot().limit.long_ns) << "none counted";
  for (int i = 0; i != 30; ++i) end_after(300ms, false);
  EXPECT_GT(limit_.snapshot().limit.short_ns, 2 * usual) << "but those who lost their patience";
  EXPECT_EQ(limit_.snapshot().limit.running, 0U);
}

TEST_F(route_resilience, its_state_is_at_an_endpoint) {
  ask("GET", "/peer");
  const answer shown = ask("GET", "/resilience");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.body.substr(0, 42), R"({"route_rate_limit":[{"keys":1,"admitted":)");
  EXPECT_NE(shown.body.find(R"("async_bulkhead":[{"running":0)"), std::string::npos);
  EXPECT_NE(shown.body.find(R"("decisions":[]}])"), std::string::npos);
}

TEST_F(route_resilience, an_ipv6_client_is_known_by_its_network) {
  const auto key = [](const char* ip) {
    const address peer = *address::parse(ip, 1234);
    request r;
    r.peer = &peer;
    return by_peer(r);
  };
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::2"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
  EXPECT_EQ(key("10.0.0.1"), "10.0.0.1");
  EXPECT_NE(key("::ffff:10.0.0.1"), key("::ffff:10.0.0.2"));
  EXPECT_EQ(by_peer(request{}), "");
}

}  // namespace
}  // namespace ferrule
