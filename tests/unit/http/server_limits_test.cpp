// Limits on how many and how much. Those on time are in server_timeouts_test.cpp, those of heads
// and bodies with the parsers.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
class server_limits_suite : public server_fixture<World> {
 protected:
  using clients = std::vector<std::unique_ptr<raw_client>>;

  bool answered(const raw_client& c, std::string_view start) {
    return this->until([&] { return c.received().starts_with(start); });
  }
  bool all_gone() {
    return this->until([&] { return this->server_->counters().connections_open == 0; });
  }
};
TYPED_TEST_SUITE(server_limits_suite, io::suite::worlds);

TYPED_TEST(server_limits_suite, a_connection_too_many_is_told_and_closed) {
  this->listen({.connections_max = 2});
  typename TestFixture::clients c;
  for (int i = 0; i < 2; ++i) {
    c.push_back(this->connect());
    c.back()->send(get("/plain"));
    ASSERT_TRUE(this->answered(*c.back(), "HTTP/1.1 200 "));
  }
  auto extra = this->connect();
  extra->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return extra->ended(); }));
  EXPECT_TRUE(extra->received().starts_with("HTTP/1.1 503 ")) << extra->received();
  EXPECT_NE(extra->received().find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_NE(extra->received().find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(this->server_->counters().connections_refused, 1U);
  EXPECT_EQ(this->server_->counters().requests, 2U) << "it was not served";

  extra.reset();
  c.pop_back();
  ASSERT_TRUE(this->until([&] { return this->server_->counters().connections_open == 1; }));
  auto next = this->connect();
  next->send(get("/plain"));
  EXPECT_TRUE(this->answered(*next, "HTTP/1.1 200 ")) << "there is room again";
}

TYPED_TEST(server_limits_suite, one_address_cannot_have_all_connections) {
  this->listen({.connections_per_address_max = 1});
  auto first = this->connect();
  first->send(get("/plain"));
  ASSERT_TRUE(this->answered(*first, "HTTP/1.1 200 "));
  auto second = this->connect();
  second->send(get("/plain"));
  EXPECT_TRUE(this->answered(*second, "HTTP/1.1 503 "));
  second.reset();
  first.reset();
  ASSERT_TRUE(this->all_gone());
  auto third = this->connect();
  third->send(get("/plain"));
  EXPECT_TRUE(this->answered(*third, "HTTP/1.1 200 "));
}

TYPED_TEST(server_limits_suite, the_last_request_of_a_connection_is_told_so) {
  this->listen({.requests_per_connection_max = 2});
  auto c = this->connect();
  c->send(get("/plain") + get("/plain") + get("/plain"));
  ASSERT_TRUE(this->until([&] { return c->ended(); }));
  const std::string& text = c->received();
  const std::size_t second = text.find("HTTP/1.1 200 ", 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(text.find("Connection: close"), text.find("Connection: close", second));
  EXPECT_NE(text.find("Connection: close", second), std::string::npos);
  EXPECT_EQ(text.find("HTTP/1.1 ", second + 1), std::string::npos) << "the third is not answered";
}

TYPED_TEST(server_limits_suite, large_bodies_and_answers_have_a_limit_all_together) {
  this->listen({.held_bytes_max = 1'000'000});
  const auto upload = [](std::size_t bytes) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
           "\r\n\r\n";
  };
  auto first = this->connect();
  auto second = this->connect();
  auto third = this->connect();
  first->send(upload(300'000) + std::string(150'000, 'x'));
  ASSERT_TRUE(this->until([&] { return this->server_->counters().bytes_held >= 150'000; }));
  second->send(upload(800'000));
  ASSERT_TRUE(this->until([&] { return second->received().ends_with("}"); }));
  EXPECT_TRUE(second->received().starts_with("HTTP/1.1 503 ")) << second->received();
  EXPECT_NE(second->received().find("\r\nRetry-After: 1\r\n"), std::string::npos);
  third->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return third->received().ends_with("plain /plain"); }));
  first->send(std::string(150'000, 'x'));
  ASSERT_TRUE(this->until([&] { return first->received().size() > 300'000; }));
  EXPECT_TRUE(first->received().starts_with("HTTP/1.1 200 "));
  ASSERT_TRUE(this->until([&] { return this->server_->counters().bytes_held == 0; }));
}

TYPED_TEST(server_limits_suite, pipelined_requests_are_answered_in_batches) {
  this->listen({.pipelined_max = 3});
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/plain?" + std::to_string(i));
  all += get("/async?x") + get("/plain?last");
  auto c = this->connect();
  c->send(all);
  ASSERT_TRUE(this->until([&] { return c->received().ends_with("plain /plain?last"); }));
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = c->received().find("plain /plain?" + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TYPED_TEST(server_limits_suite, a_large_answer_is_sent_in_parts) {
  this->listen({.body_bytes_max = 1U << 20U, .output_bytes_max = 1000});
  const std::string body(100'000, 'b');
  auto c = this->connect();
  c->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + body +
          get("/plain"));
  ASSERT_TRUE(this->until([&] { return c->received().ends_with("plain /plain"); }));
  EXPECT_EQ(std::ranges::count(c->received(), 'b'), 100'000);
}

using server_flood = server_fixture<io::suite::simulated_world>;

TEST_F(server_flood, of_connections_is_not_told_one_by_one) {
  listen({.connections_max = 1, .linger_timeout = 2s});
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 400; ++i) clients.push_back(connect());
  ASSERT_TRUE(until([&] { return server_->counters().connections_accepted == 400; }));
  EXPECT_EQ(server_->counters().connections_refused, 399U);
  const auto ended = [](const auto& c) { return c->ended(); };
  ASSERT_TRUE(until([&] { return std::ranges::count_if(clients, ended) == 399; }));
  const auto told = [](const auto& c) { return c->received().starts_with("HTTP/1.1 503 "); };
  EXPECT_EQ(std::ranges::count_if(clients, told), 256);
  std::erase_if(clients, ended);
  ASSERT_TRUE(until([&] { return server_->counters().connections_open == 1; }));
  clients.front()->send(get("/plain"));
  EXPECT_TRUE(until([&] { return clients.front()->received().starts_with("HTTP/1.1 200 "); }));
}

}  // namespace
}  // namespace ferrule::http
