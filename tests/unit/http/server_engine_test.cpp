#include "http/server_engine.hpp"

#include <gtest/gtest.h>

#include <string>

#include "scripted_conversation.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

TEST(server_engine, answers_a_plain_request_in_place) {
  conversation c;
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
  EXPECT_FALSE(c.engine.busy());
  EXPECT_FALSE(c.engine.ended());
}

TEST(server_engine, puts_a_date_into_every_answer) {
  conversation c;
  c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(c.sent.find("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), c.sent.npos);
}

TEST(server_engine, answers_the_same_from_every_split) {
  const std::string bytes =
      "GET /plain?a=b HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string expected =
      ok("plain /plain?a=b") + ok("hello") + ok("abcde") + ok("async /now");
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    conversation c;
    const std::string first = c.ask(bytes.substr(0, split));
    EXPECT_EQ(first + c.ask(bytes.substr(split)), expected) << "split at " << split;
  }
  conversation c;
  std::string answers;
  for (const char& byte : bytes) answers += c.ask({&byte, 1});
  EXPECT_EQ(answers, expected) << "byte by byte";
}

TEST(server_engine, answers_pipelined_requests_in_order_and_in_one_batch) {
  conversation c;
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 16; ++i) {
    const bool coroutine = i % 3 == 1;
    const std::string target = (coroutine ? "/now?" : "/plain?") + std::to_string(i);
    bytes += "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    expected += ok((coroutine ? "async " : "plain ") + target);
  }
  EXPECT_EQ(c.ask(bytes), expected);
  EXPECT_EQ(c.batches, 1);
}

TEST(server_engine, keeps_a_coroutines_request_alive_and_later_ones_waiting) {
  conversation c;
  std::string bytes =
      "GET /async?first HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(c.ask(bytes), "");
  EXPECT_TRUE(c.engine.busy());
  std::fill(bytes.begin(), bytes.end(), '!');  // the receive buffer is used for something else
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("async /async?first") + ok("plain /plain"));
  EXPECT_FALSE(c.engine.busy());
}

TEST(server_engine, forgets_the_request_of_a_coroutine_that_needs_it_no_more) {
  conversation c;
  std::string bytes =
      "POST /copy?a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(c.ask(bytes), "");
  EXPECT_TRUE(c.engine.busy());
  std::fill(bytes.begin(), bytes.end(), '!');
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("copy /copy?a hello") + ok("plain /plain"));
  EXPECT_FALSE(c.engine.busy());
}

TEST(server_engine, keeps_that_request_while_its_body_arrives) {
  const std::string bytes = "POST /copy?a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    conversation c;
    c.ask(bytes.substr(0, split));
    c.ask(bytes.substr(split));
    c.advance(1ms);
    const std::string seen =
        split > bytes.find("\r\n\r\n") + 3 && split < bytes.size() ? "/copy?a" : "";
    EXPECT_EQ(c.answer(), ok("copy /copy?a hello" + seen)) << "split at " << split;
  }
}

TEST(server_engine, stops_a_coroutine_whose_request_it_forgot) {
  conversation c;
  c.ask("POST /copy HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(c.service.running, 1);
  c.engine.abort(stop_reason::disconnect);
  c.loop.drain();
  EXPECT_EQ(c.service.running, 0);
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, tells_its_owner_once_of_an_answer_with_which_its_handler_ends) {
  conversation c;
  EXPECT_EQ(c.ask("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok(""));
  EXPECT_EQ(c.changes, 1);
  c.ask("GET /async HTTP/1.1\r\nHost: a\r\n\r\n");
  c.advance(1ms);
  EXPECT_EQ(c.changes, 3) << "of an answer at once, for the handler may go on";
}

TEST(server_engine, streams_answers_chunked_with_length_or_until_close) {
  conversation c;
  EXPECT_EQ(c.ask("GET /stream/1500 HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3e8\r\n" +
                std::string(1000, 'x') + "\r\n1f4\r\n" + std::string(500, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(c.ask("GET /length/1500 HTTP/1.1\r\nHost: a\r\n\r\n"), ok(std::string(1500, 'x')));
  EXPECT_FALSE(c.engine.ended());
  EXPECT_EQ(c.ask("GET /stream/3 HTTP/1.0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nxxx");
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, suspends_a_writer_until_its_output_was_sent) {
  conversation c({.output_bytes_max = 3000});
  c.takes_output = false;
  c.engine.feed("GET /stream/10000 HTTP/1.1\r\nHost: a\r\n\r\n");
  c.loop.drain();
  buffer first;
  c.engine.take_outgoing(first);
  EXPECT_LT(first.size(), 5000U);
  EXPECT_TRUE(c.engine.busy());
  std::size_t total = first.size();
  for (int i = 0; i < 20 && c.engine.busy(); ++i) {
    c.engine.outgoing_sent();
    c.loop.drain();
    buffer more;
    c.engine.take_outgoing(more);
    total += more.size();
  }
  EXPECT_FALSE(c.engine.busy());
  EXPECT_GT(total, 10000U);
}

TEST(server_engine, begins_no_request_while_output_is_full) {
  conversation c({.output_bytes_max = 100});
  const std::string one = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
  c.takes_output = false;
  c.engine.feed(one + one + one);
  EXPECT_EQ(c.context.counters.requests, 1U);
  c.take();
  c.engine.outgoing_sent();
  EXPECT_EQ(c.context.counters.requests, 2U);
}

TEST(server_engine, a_body_that_was_copied_with_its_request_counts_as_held) {
  conversation c;
  c.ask("POST /never HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" +
        std::string(40'000, 'x'));
  ASSERT_TRUE(c.engine.busy());
  EXPECT_GE(c.context.counters.bytes_held, 39'000U);
  c.engine.abort(stop_reason::disconnect);
  c.loop.drain();
  EXPECT_EQ(c.context.counters.bytes_held, 0U);
}

TEST(server_engine, refuses_answers_that_are_too_much_for_the_process) {
  server_budget all;
  conversation c({.held_bytes_max = 500'000});
  c.context.share(all, all);
  const std::string asked = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n";
  c.ask(asked);
  const std::string answer = c.ask(std::string(300'000, 'x'));  // which is held besides
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer.substr(0, 100);
  EXPECT_EQ(c.context.counters.bytes_held, 0U);
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
  all.hold(0, 500'001);  // another reactor's
  EXPECT_TRUE(c.ask("GET /stream/9 HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 503 "));
  c.loop.drain();
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
  EXPECT_TRUE(c.ask(asked).starts_with("HTTP/1.1 503 ")) << "before its body is there";
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, a_length_that_lies_ends_the_connection_so_that_it_shows) {
  for (const std::string path : {"/short", "/long", "/twice"}) {
    conversation c;
    c.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    c.advance(1ms);
    EXPECT_EQ(c.engine.broken(), path == "/twice") << path << ": all that was announced is there";
    EXPECT_TRUE(c.engine.ended()) << path;
  }
}

TEST(server_engine, head_gets_the_head_alone) {
  conversation c;
  EXPECT_EQ(c.ask("HEAD /plain HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(c.ask("HEAD /stream/2000 HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  c.loop.drain();
  EXPECT_EQ(c.ask("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(server_engine, an_answer_without_a_body_ends_its_stream) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
  const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {"HEAD /endless", "HTTP/1.1 200 OK\r\n" + chunked},
      {"HEAD /events", ok_head + chunked},
      {"HEAD /busy", ok_head + chunked},
      {"HEAD /stream/9223372036854775807", ok_head + chunked},
      {"HEAD /length/9223372036854775807",
       ok_head + "Content-Length: 9223372036854775807\r\n\r\n"},
      {"HEAD /short", ok_head + "Content-Length: 10\r\n\r\n"},
      {"HEAD /long", ok_head + "Content-Length: 10\r\n\r\n"},
      {"GET /bodiless/204", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET /bodiless/205", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"},
      {"GET /bodiless/304", "HTTP/1.1 304 Not Modified\r\n\r\n"},
  };
  const std::string next = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const auto& [line, head] : cases) {
    conversation c;
    c.ask(line + " HTTP/1.1\r\nHost: a\r\n\r\n" + next);
    c.loop.drain();
    EXPECT_EQ(c.answer(), head + ok("plain /plain")) << line;
    EXPECT_EQ(c.service.running, 0) << line;
    EXPECT_EQ(c.context.counters.handlers_stopped, 0U) << line;
    EXPECT_EQ(c.ask(next), ok("plain /plain")) << line;
  }
}

TEST(server_engine, follows_connection_and_version) {
  conversation c;
  EXPECT_EQ(c.ask("GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            ok("plain /plain", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(c.engine.ended());
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /plain HTTP/1.1"),
            ok("plain /plain", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
  conversation d;
  EXPECT_EQ(d.ask("GET /plain HTTP/1.0\r\n\r\n"), ok("plain /plain", "Connection: close\r\n"));
  EXPECT_TRUE(d.engine.ended());
}

TEST(server_engine, refuses_what_is_malformed_and_ends) {
  conversation c;
  const std::string answer = c.ask("GET /plain HTTP/1.1\r\nHost : a\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_NE(answer.find("application/problem+json"), answer.npos);
  EXPECT_NE(answer.find("Connection: close"), answer.npos);
  EXPECT_TRUE(c.engine.ended());
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  EXPECT_EQ(c.context.counters.requests_refused, 1U);
}

TEST(server_engine, an_invalid_answer_becomes_a_500) {
  conversation c;
  const std::string answer = c.ask("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(answer.find("Set-Cookie"), answer.npos);
  EXPECT_TRUE(c.ask("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
}

TEST(server_engine, fin_lets_what_was_asked_be_answered) {
  conversation c;
  c.ask("GET /async HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /pl");
  c.engine.feed_end();
  EXPECT_FALSE(c.engine.ended());
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("async /async") + ok("plain /plain"));
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, fin_inside_a_body_ends_its_handler) {
  conversation c;
  c.ask("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello");
  c.engine.feed_end();
  c.advance(1ms);
  c.advance(1ms);
  EXPECT_EQ(c.service.running, 0);
  EXPECT_TRUE(c.engine.ended());
  conversation d;
  d.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello");
  d.engine.feed_end();
  EXPECT_TRUE(d.engine.ended());
}

TEST(server_engine, fin_behind_a_body_is_no_hindrance_to_what_was_not_read_yet) {
  conversation c;
  c.ask("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  c.engine.feed_end();
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("async /ignore"));
  EXPECT_TRUE(c.engine.ended()) << "the rest of the body will not come";
}

TEST(server_engine, a_lost_connection_stops_its_handler) {
  conversation c;
  c.ask("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(c.service.running, 1);
  c.engine.abort(stop_reason::disconnect);
  EXPECT_TRUE(c.engine.busy()) << "the handler unwinds from the loop";
  c.loop.drain();
  EXPECT_EQ(c.service.running, 0);
  EXPECT_TRUE(c.engine.ended());
  EXPECT_EQ(c.context.counters.handlers_stopped, 1U);
}

TEST(server_engine, that_drains_answers_one_more_request) {
  conversation c;
  c.engine.drain();
  EXPECT_FALSE(c.engine.ended());
  c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(c.answer(), ok("plain /plain", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, that_drains_answers_all_requests_that_are_here) {
  conversation c;
  c.engine.drain();
  c.ask("GET /plain?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /plain?2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(c.answer(), ok("plain /plain?1") + ok("plain /plain?2", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, drains_after_the_answer_in_hand) {
  conversation c;
  c.ask("GET /async HTTP/1.1\r\nHost: a\r\n\r\n");
  c.engine.drain();
  EXPECT_FALSE(c.engine.ended());
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("async /async", "Connection: close\r\n"));
  EXPECT_TRUE(c.engine.ended());
}

TEST(server_engine, a_slow_client_gets_408_if_it_began_a_request) {
  conversation idle;
  idle.engine.feed("\r\n");  // as some clients send behind a body
  idle.engine.time_out();
  EXPECT_TRUE(idle.engine.ended());
  EXPECT_FALSE(idle.engine.has_outgoing());
  conversation c;
  c.ask("GET /pl");
  c.engine.time_out();
  c.take();
  EXPECT_TRUE(c.answer().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(c.engine.ended());
  conversation head;
  head.ask("HEAD /pl");
  head.engine.time_out();
  head.take();
  EXPECT_TRUE(head.answer().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(head.answer().ends_with("\r\n\r\n")) << "no body";
}

TEST(server_engine, holds_no_buffers_while_idle) {
  conversation c;
  c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_LE(sizeof(server_engine), 320U);
}

}  // namespace
}  // namespace ferrule::http
