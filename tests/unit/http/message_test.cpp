#include "ferrule/http/message.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/http/parser.hpp"
#include "ferrule/http/status.hpp"

namespace {

using namespace ferrule;

TEST(method, names_are_read_and_written) {
  for (int i = 0; i != static_cast<int>(method::unknown); ++i) {
    const auto verb = static_cast<method>(i);
    EXPECT_EQ(parse_method(to_string(verb)), verb);
    EXPECT_FALSE(to_string(verb).empty());
  }
}

TEST(method, other_tokens_are_unknown) {
  for (const char* name : {"", "get", "Get", "GETS", "PURGE", "DELETED", "OPTION", "POS"}) {
    EXPECT_EQ(parse_method(name), method::unknown) << name;
  }
  EXPECT_EQ(to_string(method::unknown), "");
}

TEST(status, lines_and_phrases) {
  EXPECT_EQ(http::status_line(200), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(http::status_line(511), "HTTP/1.1 511 Network Authentication Required\r\n");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(status::content_too_large), "Content Too Large");
}

TEST(status, codes_without_a_phrase) {
  for (const int code : {-1, 0, 99, 104, 299, 306, 418, 599, 600, 1000}) {
    EXPECT_EQ(http::status_line(code), "") << code;
    EXPECT_EQ(reason_phrase(code), "") << code;
  }
}

TEST(status, every_line_states_its_code) {
  int known = 0;
  for (int code = 100; code != 600; ++code) {
    const std::string_view line = http::status_line(code);
    if (line.empty()) continue;
    ++known;
    EXPECT_EQ(line,
              "HTTP/1.1 " + std::to_string(code) + " " + std::string(reason_phrase(code)) + "\r\n");
  }
  EXPECT_EQ(known, 60);
}

TEST(fields, names_compare_without_case) {
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equal_ignoring_case("content-type", "content-typ"));
  EXPECT_FALSE(equal_ignoring_case("a[", "a{"));  // only letters fold
  EXPECT_FALSE(equal_ignoring_case("a\r", "a-"));
}

TEST(fields, finding_tells_absent_from_empty) {
  constexpr header_field fields[] = {{"A", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(find_field(fields, "a"), "1");
  EXPECT_NE(find_field(fields, "B").data(), nullptr);
  EXPECT_EQ(find_field(fields, "c").data(), nullptr);
}

// Calls `check(text, c)` with texts of up to 40 bytes that have the byte `c` in one place, each in
// memory of its own size, so that a sanitizer sees a step beyond it.
template <class Check>
void with_each_byte_everywhere(Check check) {
  for (std::size_t size = 1; size <= 40; ++size) {
    std::vector<char> bytes(size, 'x');
    for (char& place : bytes) {
      for (int c = 0; c != 256; ++c) {
        place = static_cast<char>(c);
        check(std::string_view(bytes.data(), size), c);
      }
      place = 'x';
    }
  }
}

TEST(fields, tokens) {
  EXPECT_FALSE(http::is_token(""));
  constexpr std::string_view valid = "!#$%&'*+-.^_`|~";
  with_each_byte_everywhere([&](std::string_view text, int c) {
    const bool is_valid = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') ||
                          (c != 0 && valid.find(static_cast<char>(c)) != valid.npos);
    if (http::is_token(text) != is_valid) ADD_FAILURE() << c << " in " << text;
  });
}

TEST(fields, values) {
  EXPECT_TRUE(http::is_field_value(""));
  with_each_byte_everywhere([](std::string_view text, int c) {
    const bool is_valid = c == '\t' || (c >= 0x20 && c != 0x7f);
    if (http::is_field_value(text) != is_valid) ADD_FAILURE() << c << " in " << text;
  });
}

TEST(message, a_request_head_survives_the_move_of_its_bytes) {
  std::string bytes = "GET http://h:1/a?b HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n";
  std::array<header_field, 4> storage;
  request_head head;
  ASSERT_EQ(http::parse_request_head(bytes, {}, storage, head).state, http::head_parse::complete);
  const std::string copy = bytes;
  std::array<header_field, 2> kept;
  http::rebase(head, kept, bytes, copy.data());
  bytes.assign(bytes.size(), '?');
  storage = {};
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "http://h:1/a?b");
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.query, "b");
  EXPECT_EQ(head.host, "h:1");
  EXPECT_EQ(head.header("host"), "x");
  EXPECT_EQ(head.header("X-Y"), "z");
  EXPECT_EQ(head.fields.data(), kept.data());
}

TEST(message, a_static_path_stays_where_it_is) {
  const std::string bytes = "OPTIONS http://h HTTP/1.0\r\n\r\n";
  request_head head;
  ASSERT_EQ(http::parse_request_head(bytes, {}, {}, head).state, http::head_parse::complete);
  const std::string copy = bytes;
  http::rebase(head, {}, bytes, copy.data());
  EXPECT_EQ(head.path, "*");
  EXPECT_EQ(head.query.data(), nullptr);
  EXPECT_EQ(head.host.data(), copy.data() + 15);
}

TEST(message, a_response_head_survives_the_move_of_its_bytes) {
  std::string bytes = "HTTP/1.1 200 Fine\r\nX-Y: z\r\n\r\n";
  std::array<header_field, 4> storage;
  response_head head;
  ASSERT_EQ(http::parse_response_head(bytes, {}, storage, method::get, head).state,
            http::head_parse::complete);
  const std::string copy = bytes;
  http::rebase(head, storage, bytes, copy.data());
  bytes.assign(bytes.size(), '?');
  EXPECT_EQ(head.reason, "Fine");
  EXPECT_EQ(head.header("x-y"), "z");
}

}  // namespace
