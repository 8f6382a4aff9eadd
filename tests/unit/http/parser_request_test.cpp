#include <string>
#include <string_view>
#include <vector>

#include "request_parsing.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

TEST(request_parser, a_plain_request) {
  const std::string bytes =
      "GET /users/42?full=yes&x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
      "User-Agent:  curl/7.88.1 \t\r\nAccept:*/*\r\nX-Empty:\r\nX-Blank: \t \r\n\r\n";
  const parsed_request parsed = parse_every_way(bytes);
  ASSERT_EQ(parsed.result.state, head_parse::complete);
  EXPECT_EQ(parsed.result.bytes, bytes.size());
  const head_and_wishes& head = parsed.head;
  EXPECT_EQ(head.verb, method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/users/42?full=yes&x");
  EXPECT_EQ(head.path, "/users/42");
  EXPECT_EQ(head.query, "full=yes&x");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.host, "127.0.0.1:8080");
  EXPECT_EQ(head.body, body_kind::none);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  ASSERT_EQ(head.fields.size(), 5U);
  EXPECT_EQ(head.fields[1], (header_field{"User-Agent", "curl/7.88.1"}));
  EXPECT_EQ(head.header("accept"), "*/*");
  EXPECT_EQ(head.header("x-empty"), "");
  EXPECT_NE(head.header("x-empty").data(), nullptr);
  EXPECT_EQ(head.header("x-blank"), "");
  EXPECT_EQ(head.header("x-absent").data(), nullptr);
}

TEST(request_parser, only_the_head_is_consumed) {
  const std::string bytes = get_request("/a") + "GET /b HTTP/1.1\r\n";
  EXPECT_EQ(parse(bytes).result.bytes, get_request("/a").size());
}

TEST(request_parser, one_empty_line_may_come_first) {
  EXPECT_EQ(expect_complete("\r\n" + get_request("/a")).path, "/a");
  expect_error("\r\n\r\n" + get_request("/a"), 400);
  expect_error("\n" + get_request("/a"), 400);
  expect_error("\r" + get_request("/a"), 400);
}

TEST(request_parser, nothing_is_incomplete) {
  EXPECT_EQ(parse("").result.state, head_parse::incomplete);
  const std::string bytes = get_request("/users/42");
  for (std::size_t size = 0; size != bytes.size(); ++size) {
    EXPECT_EQ(parse(bytes.substr(0, size)).result.state, head_parse::incomplete) << size;
  }
}

TEST(request_parser, lines_end_in_crlf_only) {
  expect_error("GET / HTTP/1.1\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\n\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\n\rX", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\rX\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400);
}

TEST(request_parser, a_control_byte_in_a_later_piece_is_refused_at_once) {
  std::vector<header_field> storage(10);
  request_head head;
  std::size_t scanned = 0;
  std::string bytes = "GET / HTTP/1.1\r\nHo";
  ASSERT_EQ(http::parse_request_head(bytes, {}, storage, head, scanned).state,
            head_parse::incomplete);
  for (const char c : {'\0', '\n', '\x7f', '\x1f'}) {
    std::size_t resumed = scanned;
    EXPECT_EQ(http::parse_request_head(bytes + "st" + c, {}, storage, head, resumed).status, 400);
  }
}

TEST(request_parser, a_long_request_line_is_refused_before_its_end_comes) {
  const head_limits limits{.request_line_bytes_max = 30};
  const std::string bytes = "GET /" + std::string(40, 'a');
  for (std::size_t first = 1; first != 30; ++first) {
    std::vector<header_field> storage(10);
    request_head head;
    std::size_t scanned = 0;
    http::parse_request_head(bytes.substr(0, first), limits, storage, head, scanned);
    EXPECT_EQ(http::parse_request_head(bytes, limits, storage, head, scanned).status, 414);
  }
}

TEST(request_parser, the_most_that_is_worth_keeping_is_never_incomplete) {
  const head_limits limits{.request_line_bytes_max = 30, .header_bytes_max = 40};
  for (const std::string& bytes :
       {"\r\nGET / HTTP/1.1\r\n" + std::string(100, 'n'), "GET /" + std::string(100, 'a'),
        "\r\nGET /" + std::string(16, 'a') +
            " HTTP/1.1\r\nHost: h\r\nX: " + std::string(99, 'v')}) {
    const std::size_t most = http::head_bytes_max(limits);
    std::vector<header_field> storage(10);
    request_head head;
    std::size_t scanned = 0;
    head_parse result;
    for (std::size_t size = 1; size <= most && result.state == head_parse::incomplete; ++size) {
      result = http::parse_request_head(bytes.substr(0, size), limits, storage, head, scanned);
    }
    EXPECT_EQ(result.state, head_parse::error);
  }
}

}  // namespace
