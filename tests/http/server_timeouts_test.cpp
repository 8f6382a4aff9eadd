// Time limits, on the virtual clock alone.
#include <gtest/gtest.h>

#include "server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

class server_timeouts : public server_fixture<io::suite::simulated_world> {
 protected:
  void TearDown() override {
    client_.reset();  // it lives on the loop
    server_fixture::TearDown();
  }
  /// How long the server keeps a client that has sent `text` and then says nothing.
  std::chrono::nanoseconds kept_after(std::string text) {
    client_ = connect();
    EXPECT_TRUE(until([&] { return client_->connected(); }));
    const mono_time start = loop_->now();
    if (!text.empty()) client_->send(std::move(text));
    EXPECT_TRUE(until([&] { return client_->ended(); }));
    return loop_->now() - start;
  }

  std::unique_ptr<raw_client> client_;
};

TEST_F(server_timeouts, a_connection_without_a_request_is_closed) {
  listen({.header_timeout = 10s});
  const auto kept = kept_after("");
  EXPECT_GE(kept, 9s);
  EXPECT_LE(kept, 11s);
  EXPECT_EQ(client_->received(), "");
}

TEST_F(server_timeouts, a_slow_head_is_answered_408) {
  listen({.header_timeout = 10s});
  EXPECT_LE(kept_after("GET /plain HT"), 11s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
}

TEST_F(server_timeouts, a_head_in_many_pieces_has_no_more_time) {
  listen({.header_timeout = 10s});
  client_ = connect();
  ASSERT_TRUE(until([&] { return client_->connected(); }));
  const mono_time start = loop_->now();
  mono_time next = start;
  ASSERT_TRUE(until([&] {
    if (loop_->now() >= next && client_->sent()) {
      client_->send(next == start ? "GET /plain HTTP/1.1\r\nX: " : "x");
      next = loop_->now() + 1s;
    }
    loop_->run_once(next);
    return client_->ended();
  }));
  EXPECT_LE(loop_->now() - start, 12s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
}

TEST_F(server_timeouts, a_slow_body_is_answered_408) {
  listen({.body_timeout = 5s});
  EXPECT_LE(kept_after("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 6s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
  EXPECT_LE(kept_after("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 6s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
}

TEST_F(server_timeouts, an_idle_connection_is_closed_after_its_answer) {
  listen({.idle_timeout = 60s});
  const auto kept = kept_after(get("/plain"));
  EXPECT_GE(kept, 59s);
  EXPECT_LE(kept, 61s);
  EXPECT_TRUE(client_->received().ends_with("plain /plain"));
}

TEST_F(server_timeouts, a_handler_has_all_the_time_it_needs) {
  listen({.header_timeout = 1s, .body_timeout = 1s, .idle_timeout = 1s, .write_timeout = 1s});
  client_ = connect();
  client_->send(get("/never"));
  ASSERT_TRUE(until([&] { return service_.running == 1; }));
  const mono_time start = loop_->now();
  ASSERT_TRUE(until([&] { return loop_->now() > start + 60s; }));
  EXPECT_EQ(service_.running, 1);
  EXPECT_FALSE(client_->ended());
}

TEST_F(server_timeouts, a_client_that_takes_no_bytes_is_reset) {
  listen({.write_timeout = 5s});
  client_ = connect();
  client_->send(get("/length/50000000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  const mono_time start = loop_->now();
  loop_->io().cancel(client_->receiving);  // it stops reading
  ASSERT_TRUE(until([&] { return service_.running == 0; }));
  EXPECT_LE(loop_->now() - start, 7s);
}

TEST_F(server_timeouts, a_client_that_never_closes_is_not_waited_for) {
  listen({.linger_timeout = 2s});
  client_ = connect();
  client_->send("GET /plain HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(until([&] { return client_->ended(); }));
  const mono_time start = loop_->now();
  ASSERT_TRUE(until([&] { return server_->counters().connections_open == 0; }));
  EXPECT_LE(loop_->now() - start, 3s);
}

}  // namespace
}  // namespace ferrule::http
