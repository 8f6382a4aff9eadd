// Bodies sent in parts, and connections that are watched between requests.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "ferrule/core/race.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
class client_connection_parts_test : public server_fixture<World> {
 protected:
  void TearDown() override {
    client_.reset();
    server_fixture<World>::TearDown();
  }
  template <class T>
  T run(task<T> work) {
    return *sync_wait(*this->loop_, std::move(work));
  }
  void connect(const server_limits& limits = {}) {
    this->listen(limits);
    auto connected = run(tcp_stream::connect(this->server_->local()));
    ASSERT_TRUE(connected.has_value());
    client_.emplace(std::move(*connected));
  }
  void watch() {
    client_->watch(
        [](void* self) noexcept {
          auto& test = *static_cast<client_connection_parts_test*>(self);
          ++test.heard_;
          test.client_.reset();
        },
        this);
  }
  std::optional<client_connection> client_;
  int heard_ = 0;
};
TYPED_TEST_SUITE(client_connection_parts_test, io::suite::worlds);

client_request post(std::string_view target, std::optional<std::uint64_t> body_bytes = {}) {
  return {.verb = "POST", .target = target, .host = "a", .streamed = streamed_body{body_bytes}};
}

task<std::string> whole_answer(client_connection* from) {
  const auto head = co_await from->read_head();
  if (!head) co_return to_string(head.error());
  std::string all;
  for (;;) {
    const auto part = co_await from->read_body();
    if (!part) co_return to_string(part.error());
    if (part->empty()) co_return all;
    all += *part;
  }
}

/// Sends a body of `count` parts of `bytes` each.
task<std::string> echo_in_parts(client_connection* by, unsigned count, std::size_t bytes,
                                std::optional<std::uint64_t> announced) {
  const auto begun = co_await by->send_head(post("/echo", announced));
  if (!begun) co_return to_string(begun.error());
  for (unsigned i = 0; i != count; ++i) {
    const std::string part(bytes, static_cast<char>('a' + i % 26));
    const auto sent = co_await by->send_part(part);
    if (!sent) co_return to_string(sent.error());
  }
  const auto ended = co_await by->send_end();
  if (!ended) co_return to_string(ended.error());
  co_return co_await whole_answer(by);
}

std::string parts(unsigned count, std::size_t bytes) {
  std::string all;
  for (unsigned i = 0; i != count; ++i) all.append(bytes, static_cast<char>('a' + i % 26));
  return all;
}

TYPED_TEST(client_connection_parts_test, sends_chunks_or_what_was_announced) {
  this->connect();
  client_connection* const by = &*this->client_;
  EXPECT_EQ(this->run(echo_in_parts(by, 10, 5000, {})), parts(10, 5000));
  EXPECT_EQ(this->run(echo_in_parts(by, 10, 5000, 50'000)), parts(10, 5000));
  EXPECT_EQ(this->run(echo_in_parts(by, 0, 0, {})), "");
  EXPECT_EQ(this->run(echo_in_parts(by, 0, 0, 0)), "");
  EXPECT_TRUE(by->reusable());
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
}

TYPED_TEST(client_connection_parts_test, an_empty_part_does_not_end_the_body) {
  this->connect();
  const auto talk = [](client_connection* by) -> task<std::string> {
    const auto begun = co_await by->send_head(post("/echo"));
    for (const std::string_view part : {"a", "", "b"}) {
      const auto sent = co_await by->send_part(part);
      EXPECT_TRUE(begun.has_value() && sent.has_value());
    }
    const auto ended = co_await by->send_end();
    EXPECT_TRUE(ended.has_value());
    co_return co_await whole_answer(by);
  };
  EXPECT_EQ(this->run(talk(&*this->client_)), "ab");
}

TYPED_TEST(client_connection_parts_test, a_body_is_as_long_as_was_announced) {
  this->connect();
  EXPECT_EQ(this->run(echo_in_parts(&*this->client_, 2, 10, 19)),
            to_string(client_error::invalid_request));
  EXPECT_FALSE(this->client_->reusable());
  auto connected = this->run(tcp_stream::connect(this->server_->local()));
  client_connection other(std::move(*connected));
  EXPECT_EQ(this->run(echo_in_parts(&other, 2, 10, 21)), to_string(client_error::invalid_request));
  EXPECT_FALSE(other.reusable());
}

TYPED_TEST(client_connection_parts_test, trailers_follow_a_body_in_chunks) {
  this->connect();
  const auto talk = [](client_connection* by, std::optional<std::uint64_t> bytes,
                       header_field trailer) -> task<std::string> {
    const auto begun = co_await by->send_head(post("/echo", bytes));
    const auto sent = co_await by->send_part("ab");
    EXPECT_TRUE(begun.has_value() && sent.has_value());
    const auto ended = co_await by->send_end({&trailer, 1});
    if (!ended) co_return to_string(ended.error());
    co_return co_await whole_answer(by);
  };
  client_connection* const by = &*this->client_;
  EXPECT_EQ(this->run(talk(by, {}, {"X-Sum", "1"})), "ab");
  EXPECT_EQ(this->run(talk(by, 2, {"X-Sum", "1"})), "ab") << "there is no place for them";
  EXPECT_TRUE(by->reusable());
  EXPECT_EQ(this->run(talk(by, {}, {"Content-Length", "1"})),
            to_string(client_error::invalid_request));
  EXPECT_FALSE(by->reusable());
}

TYPED_TEST(client_connection_parts_test, what_sends_whole_requests_refuses_one_in_parts) {
  this->connect();
  const auto talk = [](client_connection* by) -> task<std::string> {
    const auto answered = co_await by->request(post("/echo"));
    EXPECT_FALSE(answered.has_value());
    co_return answered ? "" : to_string(answered.error());
  };
  EXPECT_EQ(this->run(talk(&*this->client_)), to_string(client_error::invalid_request));
  EXPECT_TRUE(this->client_->reusable()) << "nothing was sent";
}

task<bool> ends_within(std::chrono::nanoseconds limit, client_connection* by) {
  co_return (co_await with_deadline(limit, echo_in_parts(by, 10'000, 10'000, {}))).has_value();
}

TYPED_TEST(client_connection_parts_test, who_produces_is_not_faster_than_the_network) {
  this->listen();
  io::suite::acceptor accepting;
  const int made = this->loop_->io().listen(
      TypeParam::simulated ? *address::parse("10.0.0.1", 0) : address::loopback_v4(0), {});
  ASSERT_GE(made, 0);
  address at;
  this->loop_->io().local(io::handle{made}, at);
  auto connected = this->run(tcp_stream::connect(at));
  {
    client_connection client(std::move(*connected));
    EXPECT_FALSE(this->run(ends_within(50ms, &client))) << "nobody reads, 100 MB were taken";
    EXPECT_FALSE(client.reusable());
    const auto go_on = [](client_connection* by) -> task<bool> {
      const auto more = co_await by->send_part("more");
      const auto ended = co_await by->send_end();
      co_return more.has_value() || ended.has_value();
    };
    EXPECT_FALSE(this->run(go_on(&client))) << "who knows how much of the last part was sent";
  }
  this->loop_->io().drop(io::handle{made});
}

TYPED_TEST(client_connection_parts_test, notices_that_the_server_closes_an_idle_connection) {
  this->connect();
  ASSERT_TRUE(this->run(this->client_->request({.target = "/plain", .host = "a"})).has_value());
  this->watch();
  this->drain(0ns);
  EXPECT_TRUE(this->until([&] { return this->heard_ == 1; }));
  EXPECT_FALSE(this->client_.has_value());
}

TYPED_TEST(client_connection_parts_test, a_watched_connection_carries_requests) {
  this->connect();
  for (int i = 0; i < 5; ++i) {
    this->watch();
    const auto answered =
        this->run(this->client_->request({.target = "/stream/30000", .host = "a"}));
    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->body().size(), 30'000U);
    ASSERT_TRUE(this->client_->reusable());
  }
  EXPECT_EQ(this->heard_, 0);
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
}

task<bool> answers_within(std::chrono::nanoseconds limit, client_connection* by) {
  const client_request never{.target = "/never", .host = "a"};
  co_return (co_await with_deadline(limit, by->request(never))).has_value();
}

TYPED_TEST(client_connection_parts_test, a_request_on_a_watched_connection_can_be_cancelled) {
  this->connect();
  this->watch();
  EXPECT_FALSE(this->run(answers_within(10ms, &*this->client_)));
  EXPECT_FALSE(this->client_->reusable());
  EXPECT_EQ(this->heard_, 0);
}

TYPED_TEST(client_connection_parts_test, a_watched_connection_may_die_or_be_closed) {
  this->connect();
  this->watch();
  this->client_.reset();
  EXPECT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
  auto connected = this->run(tcp_stream::connect(this->server_->local()));
  this->client_.emplace(std::move(*connected));
  this->watch();
  ASSERT_TRUE(sync_wait(*this->loop_, this->client_->close()).has_value());
  EXPECT_EQ(this->heard_, 0);
}

TYPED_TEST(client_connection_parts_test, a_reactor_may_end_while_a_watched_one_is_closed) {
  if (TypeParam::simulated) GTEST_SKIP() << "its reactors share the network that ends with them";
  this->listen();
  TypeParam other;
  auto loop = std::make_unique<reactor>(other.make(), 2);
  auto connected = *sync_wait(*loop, tcp_stream::connect(this->server_->local()));
  ASSERT_TRUE(connected.has_value());
  this->client_.emplace(std::move(*connected));
  this->watch();
  this->client_.reset();
  loop.reset();
  EXPECT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
}

}  // namespace
}  // namespace ferrule::http
