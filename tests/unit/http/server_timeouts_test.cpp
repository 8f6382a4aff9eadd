// Time limits, on the virtual clock alone.
#include <gtest/gtest.h>

#include "support/server_suite.hpp"

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

  void pause_for(std::chrono::nanoseconds time) {
    const mono_time start = loop_->now();
    client_->pause();
    EXPECT_TRUE(until([&] { return client_->paused() && loop_->now() >= start + time; }));
    client_->read_on();
  }
  void take_all_that_is_here() {
    const std::size_t had = client_->received().size();
    EXPECT_TRUE(until([&] { return client_->received().size() > had || client_->ended(); }));
  }
  /// Sends `piece` every `pause` until the server answers or ends, or all is `sent`; returns how
  /// long that took.
  std::chrono::nanoseconds feed_until_ended(std::string_view piece, std::chrono::nanoseconds pause,
                                            std::string_view answered = "HTTP/") {
    EXPECT_TRUE(until([&] { return client_->connected() && client_->sent(); }));
    const mono_time start = loop_->now();
    mono_time next = start;
    EXPECT_TRUE(until([&] {
      if (loop_->now() >= next && client_->sent()) {
        client_->send(std::string(piece));
        next = loop_->now() + pause;
      }
      loop_->run_once(next);
      return client_->ended() || client_->received().find(answered) != std::string::npos;
    }));
    return loop_->now() - start;
  }

  /// Sends a byte every half second until the server has given the connection up; returns how long
  /// that took.
  std::chrono::nanoseconds trickle_until_gone() {
    const mono_time start = loop_->now();
    mono_time next = start;
    EXPECT_TRUE(until([&] {
      if (loop_->now() >= next && client_->sent()) {
        client_->send("x");
        next = loop_->now() + 500ms;
      }
      loop_->run_once(next);
      return server_->counters().connections_open == 0 || loop_->now() > start + 60s;
    }));
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

TEST_F(server_timeouts, a_body_has_to_keep_up_a_rate) {
  listen({.body_timeout = 5s, .body_bytes_per_second_min = 10});
  client_ = connect();
  client_->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  const auto slowly = feed_until_ended("xx", 1s);  // 2 B/s: each second costs 0.8 s of the five
  EXPECT_GE(slowly, 5s);
  EXPECT_LE(slowly, 8s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
}

TEST_F(server_timeouts, a_streamed_body_has_to_keep_up_a_rate) {
  listen({.body_timeout = 5s, .body_bytes_per_second_min = 10});
  client_ = connect();
  client_->send("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_LE(feed_until_ended("1\r\nx\r\n", 1s), 15s);  // 6 B/s on the wire
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 408 "));
}

TEST_F(server_timeouts, a_body_that_keeps_up_its_rate_may_take_long) {
  listen({.body_timeout = 5s, .body_bytes_per_second_min = 10});
  client_ = connect();
  client_->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1200\r\n\r\n");
  const auto took = feed_until_ended(std::string(12, 'x'), 1s, "xxxx");
  EXPECT_GE(took, 90s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 200 "));
}

TEST_F(server_timeouts, a_body_without_a_minimum_rate_only_has_to_go_on) {
  listen({.body_timeout = 5s, .body_bytes_per_second_min = 0});
  client_ = connect();
  client_->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n");
  EXPECT_GE(feed_until_ended("x", 4s, "xxxx"), 190s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 200 "));
}

TEST_F(server_timeouts, a_handler_that_does_not_begin_its_answer_is_stopped) {
  listen({.handler_timeout = 5s});
  EXPECT_LE(kept_after(get("/never")), 6s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 503 ")) << client_->received();
  EXPECT_NE(client_->received().find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_NE(client_->received().find("the deadline passed"), std::string::npos);
  EXPECT_EQ(server_->counters().handlers_stopped, 1U);
  EXPECT_EQ(service_.running, 0);
}

TEST_F(server_timeouts, a_handler_that_began_its_answer_is_not_stopped) {
  listen({.handler_timeout = 5s, .write_timeout = 1h});
  client_ = connect();
  client_->send(get("/length/500000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  pause_for(20s);
  ASSERT_TRUE(until([&] { return client_->received().size() > 500'000; }));
  EXPECT_EQ(server_->counters().handlers_stopped, 0U);
}

TEST_F(server_timeouts, a_handler_without_a_limit_has_all_the_time_it_needs) {
  listen({.header_timeout = 1s,
          .body_timeout = 1s,
          .idle_timeout = 1s,
          .handler_timeout = 0s,
          .write_timeout = 1s});
  client_ = connect();
  client_->send(get("/never"));
  ASSERT_TRUE(until([&] { return service_.running == 1; }));
  const mono_time start = loop_->now();
  ASSERT_TRUE(until([&] { return loop_->now() > start + 600s; }));
  EXPECT_EQ(service_.running, 1);
  EXPECT_FALSE(client_->ended());
}

TEST_F(server_timeouts, a_client_that_takes_an_answer_steadily_has_time_for_all_of_it) {
  listen({.body_bytes_max = 1U << 20U, .output_bytes_max = 10'000, .write_timeout = 5s});
  client_ = connect();
  client_->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(1'000'000, 'x'));
  const mono_time start = loop_->now();
  std::size_t had = 0;
  while (had < 1'000'000) {
    ASSERT_TRUE(until([&] { return client_->received().size() > had; }));
    had = client_->received().size();
    pause_for(3s);
  }
  EXPECT_GE(loop_->now() - start, 30s);
}

TEST_F(server_timeouts, a_client_that_takes_no_bytes_is_reset) {
  listen({.write_timeout = 5s});
  client_ = connect();
  client_->send(get("/length/50000000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  const mono_time start = loop_->now();
  client_->pause();
  ASSERT_TRUE(until([&] { return service_.running == 0; }));
  EXPECT_LE(loop_->now() - start, 7s);
}

TEST_F(server_timeouts, a_stream_that_is_not_taken_is_not_idle) {
  listen({.write_timeout = 60s, .stream_idle_timeout = 1s});
  client_ = connect();
  client_->send(get("/pieces/3000000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  pause_for(5s);
  EXPECT_EQ(service_.running, 1);
  ASSERT_TRUE(until([&] { return client_->received().ends_with("0\r\n\r\n"); }));
}

// The kernel takes a part of an answer as a whole, or not: what the client took of it counts.
TEST_F(server_timeouts, a_client_that_takes_enough_of_a_large_part_is_not_reset) {
  listen({.output_bytes_max = 1'000'000, .write_timeout = 50s});
  client_ = connect();
  client_->send(get("/length/3000000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  pause_for(25s);
  take_all_that_is_here();
  while (client_->received().size() < 3'000'000 && !client_->ended()) {
    pause_for(3s);  // 65 kB: 22 kB/s, where 20 kB/s are due
    take_all_that_is_here();
  }
  EXPECT_GT(client_->received().size(), 3'000'000U);
}

TEST_F(server_timeouts, a_client_that_takes_less_is_reset_before_long) {
  listen({.output_bytes_max = 1'000'000, .write_timeout = 50s});
  client_ = connect();
  client_->send(get("/length/3000000"));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  const mono_time start = loop_->now();
  while (!client_->ended() && loop_->now() < start + 500s) {
    pause_for(8s);  // 8 kB/s
    take_all_that_is_here();
  }
  EXPECT_LT(client_->receiving.result, 0);
  EXPECT_GE(loop_->now() - start, 49s);
  EXPECT_LE(loop_->now() - start, 50s * 20 / 12 + 10s) << "what it takes earns less and less";
}

TEST_F(server_timeouts, a_client_that_lets_bytes_trickle_in_has_no_more_time_to_take_its_answer) {
  listen({.body_bytes_max = 1U << 20U, .write_timeout = 5s});
  client_ = connect();
  client_->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(1'000'000, 'x'));
  ASSERT_TRUE(until([&] { return client_->received().size() > 1000; }));
  client_->pause();
  ASSERT_TRUE(until([&] { return client_->paused(); }));
  EXPECT_LE(trickle_until_gone(), 7s);
}

TEST_F(server_timeouts, a_client_that_was_refused_cannot_linger_on) {
  listen({.linger_timeout = 2s});
  client_ = connect();
  client_->send("GET /plain HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(until([&] { return client_->received().starts_with("HTTP/1.1 400 "); }));
  EXPECT_LE(trickle_until_gone(), 3s);
}

TEST_F(server_timeouts, empty_lines_are_no_reason_to_wait_for_a_head) {
  listen({.header_timeout = 5s, .idle_timeout = 5s});
  client_ = connect();
  ASSERT_TRUE(until([&] { return client_->connected(); }));
  EXPECT_LE(feed_until_ended("\r\n", 1s), 6s);
}

TEST_F(server_timeouts, an_upload_that_goes_on_outlives_its_handlers_time) {
  listen({.body_bytes_max = 10U << 20U, .body_timeout = 5s, .handler_timeout = 1s});
  client_ = connect();
  client_->send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_GE(feed_until_ended(std::string(10'000, 'x'), 500ms), 9s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 200 ")) << client_->received();
}

TEST_F(server_timeouts, the_callers_own_time_ends_an_upload_all_the_same) {
  server_limits limits{.body_bytes_max = 10U << 20U, .body_timeout = 5s, .handler_timeout = 1s};
  limits.trusted_peers = *network_list::parse("0.0.0.0/0");
  listen(limits);
  client_ = connect();
  client_->send("POST /read HTTP/1.1\r\nHost: a\r\nRequest-Timeout-Ms: 3000\r\n"
                "Content-Length: 200000\r\n\r\n");
  EXPECT_LE(feed_until_ended(std::string(10'000, 'x'), 500ms), 4s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 504 ")) << client_->received();
}

TEST_F(server_timeouts, an_upload_that_is_given_up_counts_against_the_handler_again) {
  listen({.body_timeout = 1h, .handler_timeout = 5s});
  const auto kept =
      kept_after("POST /impatient/read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  EXPECT_GE(kept, 7s) << "the three seconds for which it waited do not count";
  EXPECT_LE(kept, 9s);
  EXPECT_TRUE(client_->received().starts_with("HTTP/1.1 503 ")) << client_->received();
}

TEST_F(server_timeouts, every_body_has_all_of_its_time) {
  listen({.body_timeout = 5s});
  client_ = connect();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  client_->send(head + "x");
  const std::string next = "x" + head + "x";  // never idle in between
  const mono_time start = loop_->now();
  for (int i = 0; i != 5; ++i) {
    const mono_time then = loop_->now() + 3s;
    ASSERT_TRUE(until([&] { return loop_->now() >= then; }));
    client_->send(next);
  }
  EXPECT_GE(loop_->now() - start, 15s);
  ASSERT_TRUE(until([&] { return server_->counters().requests == 6; }));
  EXPECT_EQ(server_->counters().requests_refused, 0U);
}

TEST_F(server_timeouts, a_stream_without_a_word_ends) {
  listen({.stream_idle_timeout = 60s});
  const auto kept = kept_after(get("/events"));
  EXPECT_GE(kept, 59s);
  EXPECT_LE(kept, 61s);
  EXPECT_EQ(service_.running, 0);
}

TEST_F(server_timeouts, a_client_that_vanished_is_found) {
  for (const bool is_told_things : {false, true}) {
    listen({.write_timeout = 1h, .stream_idle_timeout = 0s});
    client_ = connect();
    client_->send(get(is_told_things ? "/told" : "/events"));
    ASSERT_TRUE(until([&] { return service_.running == 1; }));
    world_.network.half_open(loop_->io(), io::handle{client_->descriptor()});
    const mono_time start = loop_->now();
    if (is_told_things) ASSERT_TRUE(service_.to_write.try_send(std::size_t{1}));
    ASSERT_TRUE(until([&] { return service_.running == 0; }));
    EXPECT_GE(loop_->now() - start, 60s);
    EXPECT_LE(loop_->now() - start, 121s);
    TearDown();
    drained_ = false;
    SetUp();
  }
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
