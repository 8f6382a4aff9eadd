// One record for each request, however it ends.
#include "http/request_watch.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "scripted_conversation.hpp"
#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;
using ending = request_ending;

/// What an observer was told, kept.
struct told {
  request_record record;
  std::string peer;
  trace_context trace{};
};
struct recorder : observer {
  void request_ended(const request_record& r) noexcept override {
    all.push_back({r, r.peer == nullptr ? "" : r.peer->ip(),
                   r.trace == nullptr ? trace_context() : *r.trace});
  }
  std::vector<told> all;
};

/// A connection that is observed, whose bytes the test sends.
struct watched : recorder, conversation {
  explicit watched(const server_limits& limits = {})
      : conversation(static_cast<observer&>(*this), limits) {}
  /// What is outgoing is handed to the kernel.
  void send() {
    if (engine.has_outgoing()) take();
    engine.outgoing_sent();
  }
  void feed(std::string_view bytes) {
    engine.feed(bytes);
    send();
  }
  /// The only record.
  request_record only() const {
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? request_record() : all[0].record;
  }
  void expect(ending how, int status, std::string_view reason = "") const {
    const request_record r = only();
    EXPECT_EQ(r.ending, how) << static_cast<int>(r.ending);
    EXPECT_EQ(r.status, status);
    EXPECT_EQ(r.reason, reason);
    EXPECT_EQ(r.response_after.has_value(), status != 0);
    EXPECT_EQ(r.sent_after.has_value(), how <= ending::late);
  }
};

std::string post(std::string_view path, std::size_t length, std::string_view body = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
         std::string(body);
}

TEST(request_watch, a_plain_request_ends_when_its_response_is_sent) {
  watched c;
  const std::string asked = get("/plain");
  c.engine.feed(asked);
  c.take();
  c.advance(3ms);
  EXPECT_TRUE(c.all.empty()) << "it is not sent yet";
  c.engine.outgoing_sent();
  c.expect(ending::answered, 200);
  const request_record r = c.only();
  EXPECT_EQ(r.method, "GET");
  EXPECT_EQ(r.began, c.loop.now() - 3ms);
  EXPECT_EQ(r.response_after, 0ns);
  EXPECT_EQ(r.sent_after, 3ms);
  EXPECT_EQ(r.took, 3ms);
  EXPECT_EQ(r.body_wait, 0ns);
  EXPECT_EQ(r.bytes_in, asked.size());
  EXPECT_EQ(r.bytes_out, c.sent.size());
  EXPECT_EQ(r.peer, nullptr);
  EXPECT_EQ(r.trace, nullptr);
  c.engine.outgoing_sent();
  EXPECT_EQ(c.all.size(), 1U);
}

TEST(request_watch, pipelined_requests_end_in_order_with_their_bytes) {
  watched c;
  c.engine.feed(get("/plain?1") + get("/now?12") + get("/plain?123"));
  EXPECT_TRUE(c.all.empty());
  c.send();
  ASSERT_EQ(c.all.size(), 3U);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i != 3; ++i) {
    EXPECT_EQ(c.all[i].record.ending, ending::answered);
    EXPECT_EQ(c.all[i].record.bytes_in, get("/plain?").size() + (i == 1 ? 0 : i + 1));
    bytes += c.all[i].record.bytes_out;
  }
  EXPECT_EQ(bytes, c.sent.size());
}

TEST(request_watch, what_comes_after_bytes_were_taken_ends_with_the_next) {
  watched c;
  c.engine.feed(get("/plain"));
  c.take();
  c.engine.feed(get("/plain"));
  c.engine.outgoing_sent();
  EXPECT_EQ(c.all.size(), 1U);
  c.send();
  EXPECT_EQ(c.all.size(), 2U);
}

TEST(request_watch, a_coroutine_ends_once_with_the_time_until_its_response) {
  watched c;
  c.feed(get("/async"));
  EXPECT_TRUE(c.all.empty());
  c.advance(1ms);
  c.send();
  c.expect(ending::answered, 200);
  EXPECT_EQ(c.only().response_after, 1ms);
  EXPECT_EQ(c.only().took, 1ms);
}

TEST(request_watch, a_collected_body_is_the_clients_time) {
  watched c;
  c.feed(post("/echo", 5, "he"));
  c.advance(7ms);
  c.feed("llo");
  c.expect(ending::answered, 200);
  EXPECT_EQ(c.only().body_wait, 7ms);
  EXPECT_EQ(c.only().bytes_in, post("/echo", 5).size() + 5);
}

TEST(request_watch, so_is_a_streamed_one) {
  watched c;
  c.feed(post("/read", 4, "ab"));
  c.advance(10ms);  // of which the handler sleeps one
  c.feed("cd");
  c.advance(1ms);
  c.send();
  c.expect(ending::answered, 200);
  EXPECT_EQ(c.only().body_wait, 9ms);
  EXPECT_EQ(c.only().took, 11ms);
}

TEST(request_watch, a_stream_ends_with_its_last_byte) {
  watched c;
  c.feed(get("/stream/5000"));
  c.expect(ending::answered, 200);
  EXPECT_EQ(c.only().bytes_out, c.sent.size());
}

TEST(request_watch, a_streamed_response_to_head_is_complete_with_its_head) {
  watched c;
  c.feed("HEAD /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  c.loop.drain();
  c.expect(ending::answered, 200);
  EXPECT_EQ(c.only().method, "HEAD");
}

TEST(request_watch, a_stream_that_its_handler_does_not_end_is_cut_off) {
  for (const std::string path : {"/torn", "/short", "/long", "/trailers/bad"}) {
    watched c;
    c.feed(get(path));
    c.loop.drain();
    c.send();
    c.expect(ending::cut_off, 200);
  }
}

TEST(request_watch, what_is_no_request_has_a_record_without_a_route) {
  for (const auto& [bytes, status] :
       {std::pair<std::string, int>{"GET / HTTP/1.1\r\nno field\r\n\r\n", 400},
        {get("/") + "GET", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(100'000, 'a') + "\r\n\r\n", 431}}) {
    watched c;
    c.feed(bytes);
    if (status == 0) {
      c.engine.time_out();
      c.send();
      ASSERT_EQ(c.all.size(), 2U);
      EXPECT_EQ(c.all[1].record.status, 408);
      EXPECT_EQ(c.all[1].record.reason, "the request did not arrive in time");
      continue;
    }
    const request_record r = c.only();
    EXPECT_EQ(r.status, status);
    EXPECT_EQ(r.ending, ending::refused);
    EXPECT_EQ(r.route, "");
    EXPECT_EQ(r.method, "");
    EXPECT_NE(r.reason, "");
    EXPECT_NE(r.bytes_out, 0U);
  }
}

TEST(request_watch, an_idle_connection_that_ends_has_none) {
  watched c;
  c.feed(get("/plain"));
  c.engine.time_out();
  c.engine.abort(stop_reason::disconnect);
  EXPECT_EQ(c.all.size(), 1U);
}

TEST(request_watch, what_the_server_refuses_says_why) {
  watched large({.body_bytes_max = 10});
  large.feed(post("/echo", 11));
  large.expect(ending::refused, 413, "the body is too large");
  watched late;
  late.feed(post("/echo", 11));
  late.advance(5ms);
  late.engine.time_out();
  late.send();
  late.expect(ending::refused, 408, "the request did not arrive in time");
  EXPECT_EQ(late.only().body_wait, 5ms);
  watched silent;
  silent.feed(get("/silent"));
  silent.expect(ending::refused, 500, "the handler gave no response");
  watched invalid;
  invalid.feed(get("/bad"));
  invalid.expect(ending::refused, 500, "the handler's response was not valid HTTP");
  watched one_too_many;
  one_too_many.engine.turn_away();
  one_too_many.send();
  one_too_many.expect(ending::refused, 503, "too many connections");
  watched chunks;
  chunks.feed("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n");
  chunks.loop.drain();
  chunks.send();
  EXPECT_EQ(chunks.only().status, 400);
  EXPECT_EQ(chunks.only().ending, ending::refused);
}

TEST(request_watch, a_late_handler_is_told_from_other_refusals) {
  watched c;
  c.feed(get("/never"));
  c.advance(2s);
  c.engine.stop_late_handler();
  c.loop.drain();
  c.send();
  c.expect(ending::late, 503, "the deadline passed");
  EXPECT_EQ(c.only().took, 2s);
}

TEST(request_watch, a_client_that_leaves_before_the_response_is_gone) {
  watched reset;
  reset.feed(get("/never"));
  reset.engine.abort(stop_reason::disconnect);
  reset.loop.drain();
  reset.expect(ending::client_gone, 0);
  watched in_body;
  in_body.feed(post("/echo", 5, "he"));
  in_body.engine.feed_end();
  in_body.expect(ending::client_gone, 0);
  watched in_stream;
  in_stream.feed(post("/read", 5, "he"));
  in_stream.advance(1ms);
  in_stream.engine.feed_end();
  in_stream.loop.drain();
  in_stream.expect(ending::client_gone, 0);
}

TEST(request_watch, and_one_that_leaves_while_it_is_sent) {
  watched c;
  c.engine.feed(get("/plain"));
  c.take();
  c.engine.feed(get("/plain"));
  c.engine.abort(stop_reason::disconnect);
  ASSERT_EQ(c.all.size(), 2U);
  for (const told& each : c.all) EXPECT_EQ(each.record.ending, ending::client_gone);
  EXPECT_EQ(c.all[0].record.bytes_out, c.sent.size());
  EXPECT_EQ(c.all[1].record.bytes_out, 0U) << "it was not even taken";
}

TEST(request_watch, but_not_one_that_has_it_all) {
  watched c;
  c.feed(get("/plain"));
  c.engine.abort(stop_reason::disconnect);
  c.expect(ending::answered, 200);
}

TEST(request_watch, the_end_of_the_grace_shuts_down) {
  watched c;
  c.feed(get("/never"));
  c.engine.abort(stop_reason::drain);
  c.loop.drain();
  c.expect(ending::shut_down, 0);
  watched begun;
  begun.feed(get("/events"));
  begun.engine.abort(stop_reason::drain);
  begun.loop.drain();
  begun.expect(ending::shut_down, 200);
}

TEST(request_watch, an_upgraded_connection_ends_with_its_handler) {
  watched c;
  c.feed("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  c.feed("abc");
  EXPECT_TRUE(c.all.empty());
  c.engine.feed_end();
  c.loop.drain();
  c.send();
  c.expect(ending::answered, 101);
  EXPECT_EQ(c.only().bytes_out, c.sent.size());
}

TEST(request_watch, a_connection_that_another_protocol_has_ends_with_the_101) {
  struct silence final : net::protocol {
    void feed(std::string_view) noexcept override {}
    void feed_end() noexcept override {}
    bool wants_input() const noexcept override { return true; }
    bool has_outgoing() const noexcept override { return false; }
    void take_outgoing(buffer&) noexcept override {}
    void outgoing_sent() noexcept override {}
    mono_time deadline() noexcept override { return no_deadline; }
    void on_deadline() noexcept override {}
    net::protocol_state state() const noexcept override { return net::protocol_state::open; }
    bool busy() const noexcept override { return false; }
    void drain() noexcept override {}
    void abort(stop_reason) noexcept override {}
  };
  watched c;
  c.service.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<silence>();
  };
  c.feed("GET /switch HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: next\r\n\r\n");
  c.loop.drain();
  c.send();
  buffer unread;
  EXPECT_NE(c.engine.successor(unread), nullptr);
  c.expect(ending::answered, 101);
}

TEST(request_watch, has_the_trace_that_its_handler_has) {
  for (const std::string path : {"/plain", "/async"}) {
    watched c;
    c.feed("GET " + path +
           " HTTP/1.1\r\nHost: a\r\n"
           "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    c.advance(1ms);
    c.send();
    ASSERT_EQ(c.all.size(), 1U);
    EXPECT_EQ(c.all[0].trace.trace_id[0], 0x0a);
    EXPECT_EQ(c.all[0].record.parent_span[0], 0xb7);
    EXPECT_NE(c.all[0].trace.span_id, c.all[0].record.parent_span);
    EXPECT_TRUE(c.all[0].trace.sampled);
  }
}

template <class World>
using request_watch_server = server_fixture<World>;
using watch_worlds = testing::Types<io::suite::uring_world, io::suite::epoll_world,
                                    io::suite::simulated_world,
                                    filtered_world<io::suite::simulated_world>>;
TYPED_TEST_SUITE(request_watch_server, watch_worlds);

TYPED_TEST(request_watch_server, tells_of_each_request_once) {
  recorder hears;
  this->loop_->set_observer(&hears);
  this->listen();
  this->server_->set_listener_name("admin");
  auto client = this->connect();
  client->send(get("/plain") + get("/async") + get("/stream/100000"));
  ASSERT_TRUE(this->until([&] { return hears.all.size() == 3; }));
  auto slow = this->connect();
  slow->send(get("/never"));
  auto gone = this->connect();
  gone->send(get("/never"));
  ASSERT_TRUE(this->until([&] { return this->service_.running == 2; }));
  gone->close(true);
  ASSERT_TRUE(this->until([&] { return hears.all.size() == 4; }));
  this->drain(1ms);
  ASSERT_TRUE(this->until([&] { return this->drained_; }));
  ASSERT_EQ(hears.all.size(), 5U);
  const ending wanted[] = {ending::answered, ending::answered, ending::answered,
                           ending::client_gone, ending::shut_down};
  for (std::size_t i = 0; i != 5; ++i) {
    EXPECT_EQ(hears.all[i].record.ending, wanted[i]) << i;
    EXPECT_EQ(hears.all[i].record.listener, "admin");
    EXPECT_NE(hears.all[i].peer, "");
  }
  EXPECT_GT(hears.all[2].record.bytes_out, 100'000U);
  EXPECT_EQ(this->server_->counters().requests, 5U);
}

}  // namespace
}  // namespace ferrule::http
