#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/http/parser.hpp"

namespace {

using namespace ferrule;
using http::head_limits;
using http::head_parse;

struct outcome {
  head_parse result;
  int status = 0;
  body_kind body = body_kind::none;
  bool keep_alive = false;
  std::uint64_t content_length = 0;
  std::string reason;
};

outcome parse(std::string_view bytes, method request = method::get,
              const head_limits& limits = {}) {
  std::vector<header_field> storage(200);
  response_head head;
  outcome out;
  out.result = http::parse_response_head(bytes, limits, storage, request, head);
  if (out.result.state == head_parse::complete) {
    out.status = head.status;
    out.body = head.body;
    out.keep_alive = head.keep_alive;
    out.content_length = head.content_length;
    out.reason = std::string(head.reason);
  }
  return out;
}

// The whole, and byte by byte, must come to the same.
outcome parse_both_ways(std::string_view bytes, method request = method::get,
                        const head_limits& limits = {}) {
  outcome whole = parse(bytes, request, limits);
  std::vector<header_field> storage(200);
  response_head head;
  std::size_t scanned = 0;
  head_parse result;
  for (std::size_t size = 1; size <= bytes.size() && result.state == head_parse::incomplete;
       ++size) {
    const std::string piece(bytes.substr(0, size));
    result = http::parse_response_head(piece, limits, storage, request, head, scanned);
  }
  EXPECT_EQ(result.state, whole.result.state) << bytes;
  EXPECT_EQ(result.bytes, whole.result.bytes) << bytes;
  EXPECT_STREQ(result.reason, whole.result.reason) << bytes;
  return whole;
}

std::string ok(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n";
}

void expect_error(const std::string& bytes, const head_limits& limits = {}) {
  const outcome out = parse_both_ways(bytes, method::get, limits);
  EXPECT_EQ(out.result.state, head_parse::error) << bytes;
  EXPECT_EQ(out.result.status, 502) << bytes;
  EXPECT_STRNE(out.result.reason, "") << bytes;
}

TEST(response_parser, a_plain_response) {
  const std::string head_bytes =
      "HTTP/1.1 201 Created at last\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
  const std::string bytes = head_bytes + "hello";
  std::vector<header_field> storage(10);
  response_head head;
  const head_parse result = http::parse_response_head(bytes, {}, storage, method::get, head);
  EXPECT_EQ(result.state, head_parse::complete);
  EXPECT_EQ(result.bytes, head_bytes.size());
  EXPECT_EQ(head.status, 201);
  EXPECT_EQ(head.reason, "Created at last");
  EXPECT_EQ(head.body, body_kind::length);
  EXPECT_EQ(head.content_length, 5U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.header("content-type"), "text/plain");
  ASSERT_EQ(head.fields.size(), 2U);
}

TEST(response_parser, every_shorter_piece_is_incomplete) {
  const std::string bytes = ok("Content-Length: 5\r\n");
  for (std::size_t size = 0; size != bytes.size(); ++size) {
    EXPECT_EQ(parse(bytes.substr(0, size)).result.state, head_parse::incomplete) << size;
  }
}

TEST(response_parser, status_lines) {
  EXPECT_EQ(parse_both_ways("HTTP/1.1 200 \r\n\r\n").status, 200);
  EXPECT_EQ(parse_both_ways("HTTP/1.1 200\r\n\r\n").status, 200) << "as some servers say it";
  EXPECT_EQ(parse_both_ways("HTTP/1.1 200\r\nHost: a\r\nhost: b c\r\n\r\n").status, 200)
      << "nobody asks a response for its host";
  EXPECT_EQ(parse_both_ways("HTTP/1.0 599 \t x\xe9\r\n\r\n").reason, "\t x\xe9");
  EXPECT_EQ(parse_both_ways("HTTP/1.3 100 \r\n\r\n").status, 100);
  for (const char* line :
       {"HTTP/1.1 200\rOK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK",
        "HTTP/1.1 2x0 OK", "HTTP/1.1 099 No", "HTTP/1.1 000 No", "HTTP/1.1 600 No",
        "HTTP/1.1 999 No",
        "HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "http/1.1 200 OK", "HTTP/1.x 200 OK",
        "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "ICY 200 OK",
        "HTTP/1.1 -20 OK"}) {
    expect_error(std::string(line) + "\r\n\r\n");
  }
  expect_error(std::string("HTTP/1.1 200 O\0K\r\n\r\n", 20));
  expect_error("HTTP/1.1 200 OK\n\r\n");
  expect_error("HTTP/1.1 200 OK\rX\n\r\n");
}

TEST(response_parser, malformed_fields) {
  for (const char* fields : {"X : y\r\n", "X: y\n", "X: y\r\n z\r\n", "X\r\n", ": y\r\n",
                             "X: \x01\r\n", "X\x80: y\r\n"}) {
    expect_error(ok(fields));
  }
}

TEST(response_parser, framing) {
  EXPECT_EQ(parse_both_ways(ok("Content-Length: 7\r\n")).body, body_kind::length);
  EXPECT_EQ(parse_both_ways(ok("Content-Length: 0\r\n")).body, body_kind::none);
  EXPECT_EQ(parse_both_ways(ok("Transfer-Encoding: chunked\r\n")).body, body_kind::chunked);
  const outcome open_end = parse_both_ways(ok("X: y\r\n"));
  EXPECT_EQ(open_end.body, body_kind::until_close);
  EXPECT_FALSE(open_end.keep_alive);
  for (const char* fields :
       {"Content-Length: 5, 5\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n"}) {
    expect_error(ok(fields));
  }
  expect_error("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(response_parser, some_responses_never_have_a_body) {
  for (const char* fields : {"Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    EXPECT_EQ(parse_both_ways(ok(fields), method::head).body, body_kind::none);
    EXPECT_EQ(parse_both_ways(ok(fields), method::connect).body, body_kind::none);
    for (const char* code : {"100", "101", "103", "204", "304"}) {
      const outcome out =
          parse_both_ways("HTTP/1.1 " + std::string(code) + " x\r\n" + fields + "\r\n");
      EXPECT_EQ(out.body, body_kind::none) << code;
      EXPECT_TRUE(out.keep_alive);
    }
  }
  EXPECT_EQ(parse(ok("Content-Length: 7\r\n"), method::head).content_length, 7U);
  EXPECT_EQ(parse("HTTP/1.1 404 x\r\nContent-Length: 7\r\n\r\n", method::connect).body,
            body_kind::length);
}

TEST(response_parser, connection) {
  EXPECT_FALSE(parse(ok("Content-Length: 7\r\nConnection: close\r\n")).keep_alive);
  EXPECT_FALSE(parse("HTTP/1.0 200 x\r\nContent-Length: 7\r\n\r\n").keep_alive);
  EXPECT_TRUE(
      parse("HTTP/1.0 200 x\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(response_parser, limits) {
  const head_limits line{.request_line_bytes_max = 20};
  EXPECT_EQ(parse_both_ways("HTTP/1.1 200 seven77\r\n\r\n", method::get, line).status, 200);
  expect_error("HTTP/1.1 200 eight888\r\n\r\n", line);
  const head_limits bytes{.header_bytes_max = 10};
  EXPECT_EQ(parse_both_ways(ok("Xx: 4444\r\n"), method::get, bytes).status, 200);
  expect_error(ok("Xx: 55555\r\n"), bytes);
  const head_limits count{.header_count_max = 1};
  EXPECT_EQ(parse_both_ways(ok("A: b\r\n"), method::get, count).status, 200);
  expect_error(ok("A: b\r\nA: b\r\n"), count);
}

}  // namespace
