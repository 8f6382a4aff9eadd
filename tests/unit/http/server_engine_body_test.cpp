// What becomes of the bodies of requests.
#include <gtest/gtest.h>

#include <string>

#include "scripted_conversation.hpp"
#include "support/counted.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

TEST(server_engine_body, streams_a_request_body_in_stable_parts) {
  conversation c;
  c.ask("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello");
  c.ask(" wor");
  c.advance(1ms);
  c.ask("ldGET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
  c.advance(5ms);
  EXPECT_EQ(c.service.read_body, "hello world");
  EXPECT_EQ(c.answer(), ok("11") + ok("plain /plain"));
}

TEST(server_engine_body, streams_a_chunked_body_from_single_bytes) {
  conversation c;
  c.ask("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string answers;
  for (const char byte : std::string("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n")) {
    answers += c.ask({&byte, 1});
    c.advance(1ms);
  }
  EXPECT_EQ(c.service.read_body, "hello world");
  EXPECT_EQ(c.answer(), ok("11"));
}

TEST(server_engine_body, pauses_input_while_a_reader_is_slow) {
  conversation c({.input_bytes_max = 1000});
  c.ask("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nx");
  EXPECT_TRUE(c.engine.wants_input());
  c.ask(std::string(1000, 'x'));
  EXPECT_FALSE(c.engine.wants_input());
  c.advance(1ms);
  EXPECT_TRUE(c.engine.wants_input());
}

TEST(server_engine_body, drops_a_body_that_nobody_wanted) {
  conversation c;
  EXPECT_EQ(c.ask("POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 36\r\n\r\nheGET"),
            ok("plain /plain"));
  EXPECT_EQ(c.ask(" /plain HTTP/1.1\r\nHost: a\r\n\r\n"), "") << "it is still the body";
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
  conversation d;
  d.ask("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(d.answer(), ok("async /ignore"));
  EXPECT_EQ(d.ask("lloGET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
}

TEST(server_engine_body, closes_rather_than_drop_a_long_body) {
  conversation c({.drop_bytes_max = 10});
  EXPECT_EQ(c.ask("POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"),
            ok("plain /plain", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine_body, closes_when_chunks_turn_out_to_be_a_long_body) {
  conversation c({.drop_bytes_max = 10});
  EXPECT_EQ(c.ask("POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ok("plain /plain"));
  c.ask("5\r\nhello\r\n5\r\nworld\r\n");
  EXPECT_FALSE(c.engine.ended());
  c.ask("1\r\n");
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine_body, refuses_a_body_over_the_limit) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  conversation at({.body_bytes_max = 5});
  EXPECT_EQ(at.ask(head + "Content-Length: 5\r\n\r\nhello"), ok("hello"));
  conversation over({.body_bytes_max = 5});
  EXPECT_TRUE(over.ask(head + "Content-Length: 6\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(over.engine.ended());
  conversation chunked({.body_bytes_max = 5});
  const std::string answer =
      chunked.ask(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  EXPECT_TRUE(chunked.engine.ended());
}

TEST(server_engine_body, an_announced_body_grows_in_few_steps_and_not_beyond_itself) {
  conversation c;
  c.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  const std::string part(10'000, 'x');
  const std::size_t before = allocations();
  for (int i = 0; i != 99; ++i) {
    c.engine.feed(part);
    EXPECT_LE(c.context.counters.bytes_held, 10'000U * 4 * static_cast<std::size_t>(i + 1));
  }
  EXPECT_LE(allocations() - before, 4U);
  EXPECT_LE(c.context.counters.bytes_held, 1'000'000U);
  EXPECT_TRUE(c.ask(part).ends_with(part + part));
}

TEST(server_engine_body, cancels_the_reader_of_a_malformed_body) {
  conversation c;
  const std::string answer =
      c.ask("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
  c.advance(1ms);
  EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 400 ")) << c.answer();
  EXPECT_EQ(c.service.running, 0);
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine_body, sends_100_continue_only_when_the_body_is_wanted) {
  conversation c;
  const std::string head = "Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(c.ask("POST /echo HTTP/1.1\r\n" + head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(c.ask("hello"), ok("hello"));
  EXPECT_EQ(c.ask("POST /read HTTP/1.1\r\n" + head), "HTTP/1.1 100 Continue\r\n\r\n");
  c.ask("hello");
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("5"));
  EXPECT_EQ(c.ask("POST /plain HTTP/1.1\r\n" + head), ok("plain /plain", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
}

}  // namespace
}  // namespace ferrule::http
