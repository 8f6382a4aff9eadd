#include "ferrule/http/server.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "received_segments.hpp"
#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
using server_test = server_fixture<World>;
using server_worlds =
    testing::Types<io::suite::uring_world, io::suite::cramped_uring_world, io::suite::epoll_world,
                   io::suite::simulated_world, io::suite::troubled_simulated_world,
                   filtered_world<io::suite::uring_world>, filtered_world<io::suite::epoll_world>,
                   filtered_world<io::suite::simulated_world>,
                   filtered_world<io::suite::troubled_simulated_world>>;
TYPED_TEST_SUITE(server_test, server_worlds);

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

TYPED_TEST(server_test, answers_over_a_connection_that_stays) {
  this->listen();
  auto client = this->connect();
  client->send(get("/plain?1"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("plain /plain?1"); }));
  client->send(get("/async?2"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("async /async?2"); }));
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
  EXPECT_EQ(this->server_->counters().requests, 2U);
}

TYPED_TEST(server_test, answers_a_pipeline_in_order) {
  this->listen();
  auto client = this->connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += get((i % 7 == 3 ? "/async?" : "/plain?") + std::to_string(i) + ";");
  }
  client->send(requests);
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("/plain?99;"); }));
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = client->received().find("?" + std::to_string(i) + ";", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(count(client->received(), "HTTP/1.1 200 OK\r\n"), 100U);
}

TYPED_TEST(server_test, takes_a_body_larger_than_every_buffer) {
  this->listen({.body_bytes_max = 3'000'000});
  const std::string body(2'000'000, 'b');
  auto client = this->connect();
  client->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + body);
  ASSERT_TRUE(this->until([&] { return client->received().size() > body.size(); }));
  EXPECT_TRUE(client->received().ends_with(body));
}

TYPED_TEST(server_test, streams_a_body_to_a_reader_slower_than_its_sender) {
  this->listen({.body_bytes_max = 3'000'000, .input_bytes_max = 4096});
  auto client = this->connect();
  client->send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" +
               std::string(300'000, 'b'));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("\r\n\r\n300000"); }));
  EXPECT_EQ(this->service_.read_body, std::string(300'000, 'b'));
}

TYPED_TEST(server_test, streams_an_answer_of_any_length) {
  this->listen();
  auto client = this->connect();
  client->send(get("/length/3000000"));
  ASSERT_TRUE(this->until([&] {
    const std::size_t head = client->received().find("\r\n\r\n");
    return head != std::string::npos && client->received().size() - head >= 3'000'004;
  }));
  EXPECT_EQ(count(client->received(), "x"), 3'000'000U + 1) << "one more in text/plain";
}

TYPED_TEST(server_test, pieces_that_were_handed_over_arrive_in_order) {
  this->listen();
  std::string wanted;
  for (int i = 0; i < 9; ++i) wanted += std::string(100'000, 'p') + "|";
  wanted += std::string(50'000, 'p') + "|";
  auto client = this->connect();
  client->send(get("/pieces/950000/length") + get("/plain"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("plain /plain"); }));
  const std::string& all = client->received();
  const std::size_t head = all.find("\r\n\r\n");
  EXPECT_EQ(std::string_view(all).substr(head + 4, wanted.size()), wanted);
  auto older = this->connect();
  older->send("GET /pieces/950000 HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(this->until([&] { return older->ended(); }));
  EXPECT_TRUE(older->received().ends_with("\r\n\r\n" + wanted));
}

TYPED_TEST(server_test, a_stream_without_a_body_keeps_nobody_waiting) {
  this->listen();
  auto neighbour = this->connect();
  auto client = this->connect();
  for (const std::string line :
       {"HEAD /endless", "HEAD /events", "HEAD /busy", "HEAD /length/9223372036854775807",
        "GET /bodiless/204", "GET /bodiless/205", "GET /bodiless/304"}) {
    const std::size_t had = client->received().size();
    client->send(line + " HTTP/1.1\r\nHost: a\r\n\r\n" + get("/plain"));
    ASSERT_TRUE(this->until([&] {
      return client->received().size() > had && client->received().ends_with("plain /plain");
    })) << line;
    neighbour->send(get("/plain"));
    ASSERT_TRUE(this->until([&] { return neighbour->sent(); }));
    EXPECT_EQ(this->service_.running, 0) << line;
  }
  ASSERT_TRUE(this->until([&] { return count(neighbour->received(), "plain /plain") == 7; }));
  EXPECT_EQ(count(client->received(), "plain /plain"), 7U);
}

TYPED_TEST(server_test, a_reset_cancels_the_handler) {
  this->listen();
  auto client = this->connect();
  client->send(get("/never"));
  ASSERT_TRUE(this->until([&] { return this->service_.running == 1; }));
  client->close(true);
  ASSERT_TRUE(this->until([&] { return this->service_.running == 0; }));
  ASSERT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
}

TYPED_TEST(server_test, fin_is_not_a_disconnect) {
  this->listen();
  auto client = this->connect();
  client->send(get("/async"));
  ASSERT_TRUE(this->until([&] { return client->sent() && client->connected(); }));
  client->send_fin();
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("async /async"));
  EXPECT_EQ(client->receiving.result, 0);
}

TYPED_TEST(server_test, the_last_answer_is_not_lost_to_a_reset) {
  this->listen();
  auto client = this->connect();
  client->send("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" +
               std::string(100'000, '!'));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0) << "FIN, not a reset";
  EXPECT_TRUE(client->received().ends_with("plain /plain"));
}

TYPED_TEST(server_test, fin_comes_with_the_end_of_the_last_answer) {
  if (TypeParam::simulated) GTEST_SKIP() << "the simulated network sends FIN by itself";
  if (is_filtered<TypeParam>) GTEST_SKIP() << "the filter has an end of its own";
  this->listen();
  const auto client = this->connect();
  client->send("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("plain /plain"));
  EXPECT_LE(received_segments(client->descriptor()), 3U)
      << "the SYN's acknowledgement, the request's, and the answer with FIN";
}

// More than the client's side takes while it does not read, and less than both do.
constexpr std::size_t more_than_a_window = 100'000;

TYPED_TEST(server_test, an_answer_that_is_cut_off_costs_none_before_it) {
  if (is_filtered<TypeParam>) GTEST_SKIP() << "who reads nothing agrees on no filter";
  this->listen();
  std::uint64_t asked = 0;
  for (const std::string path : {"/torn", "/short", "/long"}) {
    auto client = this->connect();
    ASSERT_TRUE(this->until([&] { return client->connected(); }));
    client->pause();
    client->send(get("/length/" + std::to_string(more_than_a_window)) + get(path));
    asked += 2;
    ASSERT_TRUE(this->until([&] {
      return client->paused() && this->server_->counters().requests == asked &&
             this->service_.running == 0;
    }));
    client->read_on();
    ASSERT_TRUE(this->until([&] { return client->ended(); }));
    EXPECT_EQ(client->receiving.result, 0) << path << ": FIN, not a reset";
    const std::size_t others = path == "/short" ? 7 : 2;  // of two text/plain, and the cut answer
    EXPECT_EQ(count(client->received(), "x"), more_than_a_window + others) << path;
    EXPECT_EQ(count(client->received(), "HTTP/1.1 200"), 2U) << path;
    EXPECT_FALSE(client->received().ends_with("\r\n0\r\n\r\n")) << path;
  }
}

TYPED_TEST(server_test, an_answer_that_is_cut_off_where_fin_would_end_it_is_a_reset) {
  this->listen();
  for (const std::string& asked : {get("/twice"), std::string("GET /torn HTTP/1.0\r\n\r\n"),
                                  std::string("GET /endless HTTP/1.0\r\n\r\n")}) {
    const bool is_endless = asked.starts_with("GET /endless");
    auto client = this->connect();
    client->send(asked);
    if (is_endless) {
      ASSERT_TRUE(this->until([&] { return client->received().size() > 100; }));
      this->drain(0s);
    }
    ASSERT_TRUE(this->until([&] { return client->ended(); }));
    EXPECT_LT(client->receiving.result, 0) << asked;
  }
}

TYPED_TEST(server_test, an_answer_that_outlasts_the_grace_costs_none_before_it) {
  if (is_filtered<TypeParam>) GTEST_SKIP() << "who reads nothing agrees on no filter";
  this->listen();
  auto client = this->connect();
  ASSERT_TRUE(this->until([&] { return client->connected(); }));
  client->pause();
  client->send(get("/length/" + std::to_string(more_than_a_window)) + get("/events"));
  ASSERT_TRUE(this->until([&] {
    return client->paused() && this->server_->counters().requests == 2 &&
           this->service_.running == 1;
  }));
  this->drain(TypeParam::simulated ? 10s : 200ms);  // a busy network takes what was written late
  ASSERT_TRUE(this->until([&] { return this->drained_; }));
  client->read_on();
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_EQ(client->receiving.result, 0) << "FIN, not a reset";
  EXPECT_EQ(count(client->received(), "x"), more_than_a_window + 2);
}

TYPED_TEST(server_test, draining_answers_what_was_begun) {
  this->listen({.header_timeout = 200ms});
  auto idle = this->connect();
  auto busy = this->connect();
  busy->send(get("/slow"));
  ASSERT_TRUE(this->until([&] { return idle->connected() && this->service_.running == 1; }));
  this->drain(10s);
  ASSERT_TRUE(this->until([&] { return idle->ended() && busy->ended(); }));
  EXPECT_TRUE(busy->received().ends_with("async /slow"));
  EXPECT_NE(busy->received().find("Connection: close"), std::string::npos);
  idle->close();
  busy->close();
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
}

TYPED_TEST(server_test, draining_cancels_what_outlasts_its_grace) {
  this->listen();
  auto client = this->connect();
  client->send(get("/never"));
  ASSERT_TRUE(this->until([&] { return this->service_.running == 1; }));
  this->drain(10ms);
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  EXPECT_EQ(this->service_.running, 0);
}

TYPED_TEST(server_test, a_taken_port_is_an_error) {
  this->listen();
  server second(*this->loop_, this->service_);
  EXPECT_EQ(second.listen(this->server_->local(), {}), -EADDRINUSE);
}

// Connections come and go by the hundred, each request cut at another byte: nothing leaks or
// hangs, and no token of one connection ever reaches another.
TYPED_TEST(server_test, survives_a_storm_of_cut_requests) {
  this->listen();
  const auto request = [](int token) {
    return "POST /echo?" + std::to_string(token) +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\ntoken-" + std::to_string(token);
  };
  const std::size_t length = request(10'000).size();
  constexpr int connections = 1000;
  constexpr int at_once = 100;
  for (int first = 0; first < connections; first += at_once) {
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < at_once; ++i) {
      const int token = 10'000 + first + i;
      clients.push_back(this->connect());
      // A whole request, then one that ends at each byte in turn.
      clients.back()->send(request(token) +
                           request(token).substr(0, static_cast<std::size_t>(first + i) % length));
    }
    for (int i = 0; i < at_once; ++i) {
      raw_client& client = *clients[static_cast<std::size_t>(i)];
      const std::string token = "token-" + std::to_string(10'000 + first + i);
      ASSERT_TRUE(this->until([&] { return client.received().ends_with(token) && client.sent(); }));
      EXPECT_EQ(count(client.received(), "token-"), 1U);
      client.close(i % 2 == 0);
    }
  }
  ASSERT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
  EXPECT_EQ(this->server_->counters().connections_accepted, 1000U);
  EXPECT_GE(this->server_->counters().requests, 1000U) << "and the cut ones with a whole head";
}

}  // namespace
}  // namespace ferrule::http
