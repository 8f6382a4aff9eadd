#include "ferrule/net/filtered.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/captured_log.hpp"
#include "support/counted.hpp"
#include "support/handshake_filter.hpp"

namespace ferrule::net {
namespace {

/// Sends back what it receives; ends when its peer does, or after "bye".
class echo final : public protocol {
 public:
  void feed(std::string_view bytes) noexcept override {
    hear();
    out_.append(bytes);
    if (bytes.ends_with("bye")) state_ = protocol_state::ended;
    if (bytes.ends_with("next")) state_ = protocol_state::switched;
  }
  void feed_end() noexcept override { hear(), state_ = protocol_state::ended; }
  bool has_outgoing() const noexcept override { return !out_.empty(); }
  void take_outgoing(buffer& into) noexcept override { std::swap(into, out_); }
  protocol_state state() const noexcept override { return state_; }
  void take_back(buffer& taken) noexcept override {
    taken_back += static_cast<int>(taken.size());
    taken = buffer();
  }
  void drain() noexcept override {
    hear();
    if (state_ == protocol_state::open) state_ = protocol_state::ended;
  }
  void abort(stop_reason) noexcept override { aborted = true; }
  std::unique_ptr<protocol> successor(buffer& unread) noexcept override {
    if (!has_successor) return nullptr;
    unread.append("unread");
    return std::make_unique<echo>();
  }

  bool aborted = false;
  bool has_successor = true;
  int taken_back = 0;  // bytes
  int heard_after_end = 0;

 private:
  void hear() noexcept { heard_after_end += state_ == protocol_state::ended ? 1 : 0; }

  buffer out_;
  protocol_state state_ = protocol_state::open;
};

struct echo_source final : protocol_source {
  std::unique_ptr<protocol> make(protocol_owner&) override {
    auto made = std::make_unique<echo>();
    last = made.get();
    return made;
  }
  echo* last = nullptr;
};

/// Both sides of one connection.
struct conversation : protocol_owner {
  using filter = handshake_filter;

  conversation() { client.begin(to_server); }
  void protocol_changed() noexcept override {}

  /// Passes bytes on until neither side has any.
  void exchange() {
    for (bool goes_on = true; goes_on;) {
      goes_on = !to_server.empty();
      if (goes_on) server.feed(to_server.view());
      to_server.clear();
      while (server.has_outgoing()) {
        buffer out;
        server.take_outgoing(out);
        ended_by_filter |=
            client.receive(out.view(), received, to_server) == byte_filter::step::ended;
        server.take_back(out);
        server.outgoing_sent();
        goes_on = true;
      }
    }
  }
  std::string ask(std::string_view text) {
    client.send(text, to_server);
    exchange();
    std::string answer(received.view());
    received.clear();
    return answer;
  }

  echo_source source;
  filter client{filter::side::client};
  filtered server{std::make_unique<filter>(filter::side::server), source, *this};
  buffer to_server;
  buffer received;
  bool ended_by_filter = false;
};

TEST(filtered, agrees_first_and_then_carries_both_directions) {
  conversation c;
  EXPECT_TRUE(c.server.wants_input());
  c.exchange();
  ASSERT_TRUE(c.client.is_ready());
  EXPECT_EQ(c.ask("hello"), "hello");
  EXPECT_EQ(c.ask(std::string(250'000, 'x')), std::string(250'000, 'x'));
  EXPECT_EQ(c.server.state(), protocol_state::open);
}

TEST(filtered, takes_bytes_however_they_are_cut) {
  conversation whole;
  whole.exchange();
  buffer wire;
  whole.client.send("one", wire);
  whole.client.send("two", wire);
  for (const char& byte : wire.view()) {
    whole.to_server.append({&byte, 1});
    whole.exchange();
  }
  EXPECT_EQ(whole.received.view(), "onetwo");
}

TEST(filtered, says_the_end_behind_the_last_bytes) {
  conversation c;
  c.exchange();
  EXPECT_EQ(c.ask("good bye"), "good bye");
  EXPECT_TRUE(c.ended_by_filter);
  EXPECT_EQ(c.server.state(), protocol_state::ended);
}

TEST(filtered, says_the_end_of_a_drain_as_well) {
  conversation c;
  c.exchange();
  c.server.drain();
  c.exchange();
  EXPECT_TRUE(c.ended_by_filter);
}

TEST(filtered, hears_the_peers_end_with_the_filter_and_without) {
  for (const bool says_so : {true, false}) {
    conversation c;
    c.exchange();
    if (says_so) {
      c.client.send_end(c.to_server);
      c.exchange();
    } else {
      c.server.feed_end();
    }
    EXPECT_EQ(c.server.state(), protocol_state::ended);
  }
}

TEST(filtered, ends_with_what_the_filter_has_to_say_when_it_fails) {
  conversation c;
  c.server.feed("nonsense");
  EXPECT_EQ(c.server.state(), protocol_state::ended);
  ASSERT_TRUE(c.server.has_outgoing());
  buffer out;
  c.server.take_outgoing(out);
  EXPECT_EQ(out.view(), "?");
  EXPECT_TRUE(c.source.last->aborted);
  EXPECT_FALSE(c.server.has_outgoing());
}

TEST(filtered, keeps_the_filter_when_the_protocol_changes) {
  conversation c;
  c.exchange();
  EXPECT_EQ(c.ask("next"), "nextunread");
  EXPECT_EQ(c.server.state(), protocol_state::open);
  EXPECT_EQ(c.ask("more"), "more");
}

TEST(filtered, passes_what_is_much_on_in_parts_and_keeps_it_until_it_was_sent) {
  conversation c;
  c.exchange();
  buffer wire;
  c.client.send(std::string(90'000, 'x'), wire);
  c.server.feed(wire.view());
  buffer out;
  c.server.take_outgoing(out);
  EXPECT_LT(out.size(), 66'000U);
  EXPECT_TRUE(c.server.has_outgoing());
  c.server.outgoing_sent();
  EXPECT_EQ(c.source.last->taken_back, 0);
  out.clear();
  c.server.take_outgoing(out);
  EXPECT_FALSE(c.server.has_outgoing());
  EXPECT_EQ(c.source.last->taken_back, 0);
  c.server.outgoing_sent();
  EXPECT_EQ(c.source.last->taken_back, 90'000);
}

TEST(filtered, a_protocol_that_has_ended_is_fed_no_more) {
  conversation c;
  c.exchange();
  EXPECT_EQ(c.ask("bye"), "bye");
  EXPECT_EQ(c.ask("more"), "");
  c.server.feed_end();
  c.server.drain();
  EXPECT_FALSE(c.server.has_outgoing());
  EXPECT_EQ(c.source.last->heard_after_end, 0);
}

TEST(filtered, a_successor_is_told_of_the_drain) {
  conversation c;
  c.exchange();
  buffer wire;
  c.client.send("next", wire);
  c.server.feed(wire.view());  // it has switched, and its last bytes are to be sent
  c.server.drain();
  EXPECT_EQ(c.server.state(), protocol_state::open);
  c.exchange();
  EXPECT_EQ(c.server.state(), protocol_state::ended);
}

TEST(filtered, is_lost_without_a_successor) {
  conversation c;
  c.exchange();
  c.source.last->has_successor = false;
  EXPECT_EQ(c.ask("next"), "next");
  EXPECT_EQ(c.server.state(), protocol_state::broken);
}

/// Says ten bytes for each that it hears, and throws after "!".
class talkative_filter final : public byte_filter {
 public:
  step receive(std::string_view wire, buffer& plain, buffer& outgoing) override {
    plain.append(wire);
    outgoing.append(std::string(10 * wire.size(), 't'));
    if (wire.ends_with("!")) throw std::runtime_error("it had enough");
    return step::goes_on;
  }
  void send(std::string_view plain, buffer& outgoing) override {
    if (plain == "no") throw 1;
    outgoing.append(plain);
  }
};

struct talkative_server : protocol_owner {
  void protocol_changed() noexcept override {}
  echo_source source;
  filtered server{std::make_unique<talkative_filter>(), source, *this};
};

TEST(filtered, does_not_listen_to_who_takes_nothing) {
  talkative_server s;
  for (int i = 0; i != 6; ++i) {
    EXPECT_TRUE(s.server.wants_input()) << i;
    s.server.feed(std::string(1200, 'x'));
  }
  EXPECT_FALSE(s.server.wants_input());
  buffer out;
  s.server.take_outgoing(out);
  EXPECT_TRUE(s.server.wants_input());
}

TEST(filtered, is_lost_when_the_filter_throws_and_says_why) {
  captured_log log;
  talkative_server receiving;
  receiving.server.feed("!");
  EXPECT_EQ(receiving.server.state(), protocol_state::broken);
  talkative_server sending;
  sending.server.feed("no");
  buffer out;
  sending.server.take_outgoing(out);
  EXPECT_EQ(sending.server.state(), protocol_state::broken);
  EXPECT_EQ(log.take(),
            "error: a byte filter has thrown: it had enough\n"
            "error: a byte filter has thrown: of a type that is no std::exception\n");
}

TEST(filtered, is_lost_for_want_of_memory) {
  conversation c;
  c.exchange();
  buffer wire;
  c.client.send(std::string(100'000, 'x'), wire);
  {
    failing_allocation none(1, shortage::lasting);
    none.switch_on(true);
    c.server.feed(wire.view());
    none.switch_on(false);
  }
  EXPECT_EQ(c.server.state(), protocol_state::broken);
  EXPECT_TRUE(c.source.last->aborted);
}

}  // namespace
}  // namespace ferrule::net
