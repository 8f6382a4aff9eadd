// What a server may speak instead of HTTP/1.1, and what a connection owes any protocol.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
using server_protocol_test = server_fixture<World>;
using protocol_worlds =
    testing::Types<io::suite::uring_world, io::suite::epoll_world, io::suite::simulated_world,
                   filtered_world<io::suite::epoll_world>,
                   filtered_world<io::suite::simulated_world>>;
TYPED_TEST_SUITE(server_protocol_test, protocol_worlds);

/// Answers each line by its length, and ends after "bye"; "hold" is answered only when `release` is
/// called, and "drop" breaks the connection. Waits 200 ms for each line.
class line_protocol final : public net::protocol {
 public:
  explicit line_protocol(net::protocol_owner& owner, reactor& loop) : owner_(owner), loop_(loop) {
    restart();
  }

  void feed(std::string_view bytes) noexcept override {
    restart();
    line_.append(bytes);
    for (std::size_t end = 0; (end = line_.find('\n')) != std::string::npos;) {
      const std::string line = line_.substr(0, end);
      line_.erase(0, end + 1);
      if (line == "bye") state_ = net::protocol_state::ended;
      if (line == "drop") state_ = net::protocol_state::broken;
      if (line == "hold") {
        held_ = true;
      } else {
        say(std::to_string(line.size()));
      }
    }
  }
  void feed_end() noexcept override { say("end"), state_ = net::protocol_state::ended; }
  bool has_outgoing() const noexcept override { return !out_.empty(); }
  void take_outgoing(buffer& into) noexcept override { std::swap(into, out_); }
  void outgoing_sent() noexcept override { restart(); }
  mono_time deadline() noexcept override { return held_ ? no_deadline : by_; }
  void on_deadline() noexcept override { say("late"), state_ = net::protocol_state::ended; }
  net::protocol_state state() const noexcept override { return state_; }
  bool busy() const noexcept override { return held_; }
  net::unfinished_work unfinished() const noexcept override {
    static constexpr std::string_view held = "a held line";
    return {held_ ? 1U : 0U, &held};
  }
  void drain() noexcept override { say("drain"), state_ = net::protocol_state::ended; }
  void abort(stop_reason) noexcept override { held_ = false; }

  void release() {
    held_ = false;
    restart();
    say("held");
    owner_.protocol_changed();
  }

 private:
  void restart() noexcept { by_ = loop_.now() + 200ms; }
  void say(std::string_view what) noexcept { out_.append(what), out_.append('\n'); }

  net::protocol_owner& owner_;
  reactor& loop_;
  std::string line_;
  buffer out_;
  mono_time by_{};
  net::protocol_state state_ = net::protocol_state::open;
  bool held_ = false;
};

struct line_source final : net::protocol_source {
  explicit line_source(reactor& on) : loop(on) {}
  std::unique_ptr<net::protocol> make(net::protocol_owner& owner) override {
    auto made = std::make_unique<line_protocol>(owner, loop);
    last = made.get();
    return made;
  }
  reactor& loop;
  line_protocol* last = nullptr;
};

/// Serves lines; behind the world's filter, if it has one.
struct lines_spoken {
  lines_spoken(reactor& loop, server& by, bool filtered) : lines(loop), filtering(lines) {
    by.speak(filtered ? static_cast<net::protocol_source&>(filtering) : lines);
  }
  line_source lines;
  filtering_source filtering;
};

TYPED_TEST(server_protocol_test, another_protocol_has_the_connection_for_itself) {
  this->listen();
  lines_spoken lines(*this->loop_, *this->server_, is_filtered<TypeParam>);
  auto client = this->connect();
  client->send("one\nfour4\n");
  ASSERT_TRUE(this->until([&] { return client->received() == "3\n5\n"; }));
  client->send("GET / HTTP/1.1\n");
  ASSERT_TRUE(this->until([&] { return client->received() == "3\n5\n14\n"; }));
  client->send("bye\n");
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0);
  EXPECT_EQ(client->received(), "3\n5\n14\n3\n");
}

TYPED_TEST(server_protocol_test, its_deadline_is_kept) {
  this->listen();
  lines_spoken lines(*this->loop_, *this->server_, is_filtered<TypeParam>);
  auto client = this->connect();
  client->send("hold\n");
  ASSERT_TRUE(this->until([&] { return client->sent() && this->server_->running().count == 1; }));
  EXPECT_EQ(*this->server_->running().example, "a held line");
  const mono_time end = this->loop_->now() + 300ms;
  ASSERT_TRUE(this->until([&] {
    this->loop_->run_once(end);
    return this->loop_->now() >= end;
  }));
  EXPECT_EQ(client->received(), "") << "nothing is waited for";
  lines.lines.last->release();
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->received(), "held\nlate\n");
}

TYPED_TEST(server_protocol_test, it_can_break_the_connection) {
  this->listen();
  lines_spoken lines(*this->loop_, *this->server_, is_filtered<TypeParam>);
  auto client = this->connect();
  client->send("drop\n");
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_LT(client->receiving.result, 0);
}

TYPED_TEST(server_protocol_test, it_hears_of_fin_and_of_the_drain) {
  this->listen();
  lines_spoken lines(*this->loop_, *this->server_, is_filtered<TypeParam>);
  auto leaving = this->connect();
  auto staying = this->connect();
  leaving->send("x\n");
  staying->send("y\n");
  ASSERT_TRUE(
      this->until([&] { return leaving->received() == "1\n" && staying->received() == "1\n"; }));
  leaving->send_fin();
  this->drain(10s);
  ASSERT_TRUE(this->until([&] { return leaving->ended() && staying->ended(); }));
  EXPECT_TRUE(leaving->received() == "1\nend\n" || leaving->received() == "1\ndrain\n");
  EXPECT_EQ(staying->received(), "1\ndrain\n");
}

TYPED_TEST(server_protocol_test, what_it_holds_outlives_its_connection) {
  this->listen();
  lines_spoken lines(*this->loop_, *this->server_, is_filtered<TypeParam>);
  auto client = this->connect();
  client->send("hold\n");
  ASSERT_TRUE(this->until([&] { return this->server_->running().count == 1; }));
  client->close(true);
  EXPECT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
}

TYPED_TEST(server_protocol_test, a_response_is_held_until_it_was_sent) {
  if (!TypeParam::simulated) GTEST_SKIP() << "the kernel may take all of it at once";
  this->listen();
  auto client = this->connect();
  client->send(get("/plain"));  // with a filter, both sides have agreed now
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("plain /plain"); }));
  client->pause();
  ASSERT_TRUE(this->until([&] { return client->paused(); }));
  constexpr std::size_t bytes = 900'000;
  client->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
               "\r\n\r\n" + std::string(bytes, 'x'));
  const mono_time end = this->loop_->now() + 1s;
  while (this->loop_->now() < end) this->loop_->run_once(end);
  EXPECT_GE(this->server_->counters().bytes_held, bytes);
  client->read_on();
  ASSERT_TRUE(this->until([&] { return client->received().size() > bytes; }));
  EXPECT_TRUE(this->until([&] { return this->server_->counters().bytes_held == 0; }));
}

// The filter is put before HTTP/1.1 here, so the peer of a filter is what is tested.
TEST(filtered_protocol, a_peer_that_speaks_plainly_is_told_and_closed) {
  class bare : public server_fixture<filtered_world<io::suite::simulated_world>> {
   public:
    void TestBody() override {}
    void run() {
      SetUp();
      listen();
      auto client = std::make_unique<raw_client>(*loop_, server_->local());
      client->send(get("/plain"));
      EXPECT_TRUE(until([&] { return client->ended(); }));
      EXPECT_EQ(client->received(), "?");
      client.reset();
      TearDown();
    }
  } world;
  world.run();
}

}  // namespace
}  // namespace ferrule::http
