// Connections that go on in another protocol, on each backend and behind a filter.
#include <gtest/gtest.h>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
using server_upgrade_test = server_fixture<World>;
using upgrade_worlds =
    testing::Types<io::suite::uring_world, io::suite::epoll_world, io::suite::simulated_world,
                   io::suite::troubled_simulated_world, filtered_world<io::suite::epoll_world>,
                   filtered_world<io::suite::simulated_world>>;
TYPED_TEST_SUITE(server_upgrade_test, upgrade_worlds);

std::string upgrade_request(std::string_view path, std::string_view protocol) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + std::string(protocol) +
         "\r\n\r\n";
}
std::string_view after_head(const std::string& received) {
  const std::size_t end = received.find("\r\n\r\n");
  return end == std::string::npos ? std::string_view() : std::string_view(received).substr(end + 4);
}

TYPED_TEST(server_upgrade_test, gives_a_stream_in_both_directions) {
  this->listen();
  auto client = this->connect();
  client->send(upgrade_request("/upgrade", "echo") + "behind");
  ASSERT_TRUE(this->until([&] { return after_head(client->received()) == "behind"; }));
  EXPECT_TRUE(client->received().starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  const std::string much = io::suite::pattern(500'000);
  client->send(much);
  ASSERT_TRUE(this->until([&] { return after_head(client->received()).size() == 500'006; }));
  EXPECT_EQ(after_head(client->received()).substr(6), much);
  client->send_fin();
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0);
}

TYPED_TEST(server_upgrade_test, the_stream_ends_when_neither_side_sends_for_long) {
  if (!TypeParam::simulated) GTEST_SKIP() << "takes its time";
  this->listen({.stream_idle_timeout = 1s});
  auto client = this->connect();
  client->send(upgrade_request("/upgrade", "echo"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("\r\n\r\n"); }));
  const mono_time began = this->loop_->now();
  for (int i = 1; i <= 4; ++i) {
    const mono_time next = began + i * 700ms;
    while (this->loop_->now() < next) this->loop_->run_once(next);
    client->send("x");
  }
  ASSERT_TRUE(this->until([&] { return after_head(client->received()).size() == 4; }));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_GE(this->loop_->now() - began, 3500ms);
  EXPECT_LE(this->loop_->now() - began, 6s);
  EXPECT_EQ(this->service_.running, 0);
}

TYPED_TEST(server_upgrade_test, a_lost_client_stops_the_handler) {
  this->listen();
  auto client = this->connect();
  client->send(upgrade_request("/upgrade", "echo"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("\r\n\r\n"); }));
  EXPECT_EQ(this->service_.running, 1);
  client->close(true);
  ASSERT_TRUE(this->until([&] { return this->service_.running == 0; }));
}

/// Sends each byte back as a capital letter.
class shouting_protocol final : public net::protocol {
 public:
  void start(net::protocol_owner& owner) noexcept override {
    EXPECT_NE(owner.peer(), nullptr);
    out_.append("!");
  }
  void feed(std::string_view bytes) noexcept override {
    for (const char c : bytes) out_.append(static_cast<char>(c & ~0x20));
  }
  void feed_end() noexcept override { state_ = net::protocol_state::ended; }
  bool has_outgoing() const noexcept override { return !out_.empty(); }
  void take_outgoing(buffer& into) noexcept override { std::swap(into, out_); }
  net::protocol_state state() const noexcept override { return state_; }
  void drain() noexcept override { state_ = net::protocol_state::ended; }
  void abort(stop_reason) noexcept override {}

 private:
  buffer out_;
  net::protocol_state state_ = net::protocol_state::open;
};

TYPED_TEST(server_upgrade_test, hands_the_connection_to_another_protocol) {
  this->listen();
  this->service_.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<shouting_protocol>();
  };
  auto client = this->connect();
  client->send(get("/plain") + upgrade_request("/switch", "next") + "behind");
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("\r\n\r\n!BEHIND"); }));
  client->send("more");
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("!BEHINDMORE"); }));
  client->send_fin();
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0);
}

TYPED_TEST(server_upgrade_test, the_other_protocol_is_told_of_the_drain) {
  this->listen();
  this->service_.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<shouting_protocol>();
  };
  auto client = this->connect();
  client->send(upgrade_request("/switch", "next"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("!"); }));
  this->drain(10s);
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0);
}

/// Ends after "x", and must hear of nothing that comes then.
class brief_protocol final : public net::protocol {
 public:
  void feed(std::string_view bytes) noexcept override {
    EXPECT_EQ(state_, net::protocol_state::open);
    out_.append(bytes);
    if (bytes.ends_with("x")) state_ = net::protocol_state::ended;
  }
  void feed_end() noexcept override { EXPECT_EQ(state_, net::protocol_state::open); }
  bool has_outgoing() const noexcept override { return !out_.empty(); }
  void take_outgoing(buffer& into) noexcept override { std::swap(into, out_); }
  net::protocol_state state() const noexcept override { return state_; }
  void drain() noexcept override { EXPECT_EQ(state_, net::protocol_state::open); }
  void abort(stop_reason) noexcept override {}

 private:
  buffer out_;
  net::protocol_state state_ = net::protocol_state::open;
};

TYPED_TEST(server_upgrade_test, a_protocol_that_has_ended_hears_no_more) {
  this->listen();
  this->service_.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<brief_protocol>();
  };
  auto client = this->connect();
  client->send(upgrade_request("/switch", "next") + "x");
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("\r\n\r\nx"); }));
  client->send("more");
  ASSERT_TRUE(this->until([&] { return client->sent() && client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0) << "FIN, and no reset because of an answer after it";
  client->send_fin();
  this->drain(10s);
  EXPECT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
}

/// Should be followed by a protocol for which there is no memory.
class last_protocol final : public net::protocol {
 public:
  void feed(std::string_view) noexcept override {}
  void feed_end() noexcept override {}
  bool has_outgoing() const noexcept override { return false; }
  void take_outgoing(buffer&) noexcept override {}
  net::protocol_state state() const noexcept override { return net::protocol_state::switched; }
  void drain() noexcept override {}
  void abort(stop_reason) noexcept override {}
};

TYPED_TEST(server_upgrade_test, a_connection_without_a_next_protocol_is_lost) {
  this->listen();
  this->service_.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<last_protocol>();
  };
  auto client = this->connect();
  client->send(upgrade_request("/switch", "next"));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_LT(client->receiving.result, 0);
}

TYPED_TEST(server_upgrade_test, hints_leave_before_the_response) {
  this->listen();
  auto client = this->connect();
  client->send(get("/hints"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("hinted"); }));
  EXPECT_TRUE(client->received().starts_with("HTTP/1.1 103 Early Hints\r\nLink: "));
}

}  // namespace
}  // namespace ferrule::http
