#include "ferrule/http/head_writer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "ferrule/http/parser.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

std::string written(const response_head_parts& head) {
  buffer out;
  return write_response_head(out, head) ? std::string(out.view()) : "refused";
}
std::string written(const request_head_parts& head) {
  buffer out;
  return write_request_head(out, head) ? std::string(out.view()) : "refused";
}

const date_text some_date{std::chrono::sys_seconds(std::chrono::seconds(784111777))};

TEST(head_writer, a_json_response) {
  EXPECT_EQ(written({.content_type = "application/json",
                     .body = body_kind::length,
                     .content_length = 61,
                     .date = &some_date}),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 61\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(head_writer, framing_of_responses) {
  EXPECT_EQ(written(response_head_parts{.status = 404}), "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.body = body_kind::length}),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.body = body_kind::chunked}),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.body = body_kind::until_close,
                                        .connection = connection_option::close}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.connection = connection_option::keep_alive}),
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(
      written(response_head_parts{.body = body_kind::length,
                                  .content_length = std::numeric_limits<std::int64_t>::max()}),
      "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n");
}

TEST(head_writer, responses_without_a_body_are_never_framed) {
  for (const body_kind body : {body_kind::length, body_kind::chunked}) {
    EXPECT_EQ(written(response_head_parts{.status = 100, .body = body, .content_length = 1}),
              "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(written(response_head_parts{.status = 204, .body = body, .content_length = 1}),
              "HTTP/1.1 204 No Content\r\n\r\n");
  }
  EXPECT_EQ(
      written(response_head_parts{.status = 304, .body = body_kind::length, .content_length = 7}),
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
}

TEST(head_writer, statuses) {
  EXPECT_EQ(written(response_head_parts{.status = 299}), "HTTP/1.1 299 \r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.status = 599}), "HTTP/1.1 599 \r\n\r\n");
  for (const int status : {-1, 0, 99, 600, 1000}) {
    EXPECT_EQ(written(response_head_parts{.status = status}), "refused") << status;
  }
}

TEST(head_writer, fields_come_last) {
  const std::array<header_field, 3> fields = {{{"X-A", "1"}, {"Allow", ""}, {"x-a", "\t\xe9"}}};
  EXPECT_EQ(written(response_head_parts{.fields = fields}),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nAllow: \r\nx-a: \t\xe9\r\n\r\n");
}

TEST(head_writer, every_byte_in_names_and_values) {
  for (int c = 0; c != 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "b";
    const bool in_value = c == '\t' || (c >= 0x20 && c != 0x7f);
    const std::array<header_field, 1> as_value = {{{"X", text}}};
    EXPECT_EQ(written(response_head_parts{.fields = as_value}) != "refused", in_value) << c;
    EXPECT_EQ(written(response_head_parts{.content_type = text}) != "refused", in_value) << c;
    EXPECT_EQ(written(request_head_parts{.host = "h", .content_type = text}) != "refused",
              in_value);
    const std::array<header_field, 1> as_name = {{{text, "x"}}};
    EXPECT_EQ(written(response_head_parts{.fields = as_name}) != "refused", is_token(text)) << c;
    EXPECT_EQ(written(request_head_parts{.host = "h", .fields = as_name}) != "refused",
              is_token(text));
    EXPECT_EQ(written(request_head_parts{.verb = text, .host = "h"}) != "refused", is_token(text));
  }
}

TEST(head_writer, what_other_parts_decide_is_refused_as_a_field) {
  for (const char* name : {"Connection", "content-length", "TRANSFER-ENCODING", ""}) {
    const std::array<header_field, 2> fields = {{{"X", "y"}, {name, "5"}}};
    EXPECT_EQ(written(response_head_parts{.fields = fields}), "refused") << name;
    EXPECT_EQ(written(request_head_parts{.host = "h", .fields = fields}), "refused") << name;
  }
}

TEST(head_writer, a_refusal_leaves_the_buffer_as_it_was) {
  buffer out;
  out.append("before");
  EXPECT_FALSE(write_response_head(out, {.content_type = "a\r\nX: y"}));
  EXPECT_FALSE(write_request_head(out, {.target = "/\r\n", .host = "h"}));
  EXPECT_EQ(out.view(), "before");
  EXPECT_TRUE(write_response_head(out, {.status = 204}));
  EXPECT_EQ(out.view(), "beforeHTTP/1.1 204 No Content\r\n\r\n");
}

TEST(head_writer, requests) {
  EXPECT_EQ(written(request_head_parts{.host = "h:80"}), "GET / HTTP/1.1\r\nHost: h:80\r\n\r\n");
  const std::array<header_field, 1> fields = {{{"Accept", "*/*"}}};
  EXPECT_EQ(written(request_head_parts{.verb = "POST",
                                       .target = "/users?a=%20",
                                       .host = "[::1]:80",
                                       .content_type = "application/json",
                                       .body = body_kind::length,
                                       .content_length = 2,
                                       .connection = connection_option::close,
                                       .fields = fields}),
            "POST /users?a=%20 HTTP/1.1\r\nHost: [::1]:80\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nConnection: close\r\nAccept: */*\r\n\r\n");
}

TEST(head_writer, targets_are_percent_encoded) {
  const auto line = [](const char* verb, const char* target) {
    const std::string head = written({.verb = verb, .target = target, .host = "h"});
    return head.substr(0, head.find('\r'));
  };
  EXPECT_EQ(line("GET", "/a[]?b[]={1|2}&c=5%&d=%5b"),
            "GET /a%5B%5D?b%5B%5D=%7B1%7C2%7D&c=5%25&d=%5b HTTP/1.1");
  EXPECT_EQ(line("GET", "/^`\\"), "GET /%5E%60%5C HTTP/1.1");
  EXPECT_EQ(line("GET", "http://[::1]:80/[?]"), "GET http://[::1]:80/%5B?%5D HTTP/1.1");
  EXPECT_EQ(line("GET", "http://[::1]"), "GET http://[::1] HTTP/1.1");
  EXPECT_EQ(line("GET", "/?http://[::1]/"), "GET /?http://%5B::1%5D/ HTTP/1.1");
  EXPECT_EQ(line("CONNECT", "[::1]:443"), "CONNECT [::1]:443 HTTP/1.1");
}

TEST(head_writer, bad_requests_are_refused) {
  EXPECT_EQ(written(request_head_parts{}), "refused");  // no host
  for (const char* host : {"h ", "u@h", "h\r\nX: y", "h:x"}) {
    EXPECT_EQ(written(request_head_parts{.host = host}), "refused") << host;
  }
  for (const char* target : {"", "/a b", "/a\r\n", "/#", "/\xe9", "/\x7f", "/\"", "/<", "/a\t"}) {
    EXPECT_EQ(written(request_head_parts{.target = target, .host = "h"}), "refused") << target;
  }
}

TEST(head_writer, a_second_host_is_refused) {
  for (const header_field field : {header_field{"Host", "other"}, header_field{"hOsT", {}}}) {
    EXPECT_EQ(written(request_head_parts{.host = "h", .fields = {&field, 1}}), "refused");
  }
}

TEST(head_writer, a_length_that_no_parser_takes_is_refused) {
  constexpr std::uint64_t too_large = std::uint64_t{1} << 63U;
  EXPECT_EQ(written(response_head_parts{.body = body_kind::length, .content_length = too_large}),
            "refused");
  EXPECT_EQ(written(request_head_parts{
                .host = "h", .body = body_kind::length, .content_length = too_large}),
            "refused");
}

TEST(head_writer, large_heads_fit) {
  const std::string value(5000, 'v');
  const std::vector<header_field> fields(90, {"X-Name", value});
  buffer out;
  ASSERT_TRUE(write_response_head(out, {.status = 511,
                                        .content_type = value,
                                        .body = body_kind::length,
                                        .content_length = std::numeric_limits<std::int64_t>::max(),
                                        .connection = connection_option::keep_alive,
                                        .date = &some_date,
                                        .fields = fields}));
  std::vector<header_field> storage(100);
  response_head head;
  const head_parse parsed =
      parse_response_head(out.view(), {.header_bytes_max = 1'000'000}, storage, method::get, head);
  EXPECT_EQ(parsed.state, head_parse::complete) << parsed.reason;
  EXPECT_EQ(parsed.bytes, out.size());
  EXPECT_EQ(head.fields.size(), 94U);
}

TEST(head_writer, trailers_are_checked_like_fields_and_by_their_names) {
  const auto written_trailers = [](std::vector<header_field> fields) -> std::string {
    buffer out;
    out.append("x");
    if (!write_trailers(out, fields)) return out.view() == "x" ? "refused" : "changed";
    return std::string(out.view().substr(1));
  };
  EXPECT_EQ(written_trailers({}), "\r\n");
  EXPECT_EQ(written_trailers({{"X-Sum", "1"}, {"ETag", "\"a\""}}),
            "X-Sum: 1\r\nETag: \"a\"\r\n\r\n");
  for (const char* name : {"content-length", "Transfer-Encoding", "Host", "Set-Cookie", "TE", "te",
                           "Authorization", "Content-Type", "Connection", "a b", ""}) {
    EXPECT_EQ(written_trailers({{"X-Sum", "1"}, {name, "v"}}), "refused") << name;
  }
  EXPECT_EQ(written_trailers({{"X-Sum", "1\r\nHost: a"}}), "refused");
}

TEST(head_writer, says_of_an_upgrade_that_it_is_of_the_connection) {
  const header_field upgrade{"Upgrade", "echo"};
  EXPECT_EQ(written(response_head_parts{
                .status = 101, .connection = connection_option::upgrade, .fields = {&upgrade, 1}}),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  EXPECT_EQ(written(response_head_parts{.status = 426, .fields = {&upgrade, 1}}),
            "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
}

}  // namespace
