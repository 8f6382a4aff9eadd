#include "ferrule/api/encode.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "ferrule/http/uri.hpp"

namespace ferrule {
namespace {

enum class color : std::uint8_t { red, green };

template <class T>
std::string text_of(const T& value) {
  std::string text;
  append_parameter(text, value);
  return text;
}

TEST(encode, writes_what_parsing_reads) {
  const auto survives = [](auto value) {
    decltype(value) back{};
    return parse_parameter(text_of(value), back) && back == value;
  };
  EXPECT_TRUE(survives(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_TRUE(survives(std::numeric_limits<std::int64_t>::min()));
  EXPECT_TRUE(survives(std::int8_t{-128}));
  EXPECT_TRUE(survives(0.1));
  EXPECT_TRUE(survives(5e-324));
  EXPECT_TRUE(survives(1e300));
  EXPECT_TRUE(survives(true));
  EXPECT_TRUE(survives(color::green));
  EXPECT_TRUE(survives(std::string("any text")));
  EXPECT_EQ(text_of(std::uint8_t{7}), "7") << "a number, not a character";
}

TEST(encode, keeps_unreserved_characters_only) {
  std::string all;
  for (int c = 1; c != 256; ++c) all += static_cast<char>(c);
  std::string encoded;
  append_path_text(encoded, all);
  EXPECT_EQ(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-._~%"),
            encoded.npos);
  std::string decoded(encoded.size(), '\0');
  EXPECT_EQ(http::decode_segment(encoded, decoded.data()).value_or(""), all);
  std::string tail;
  append_tail_text(tail, "a/b c");
  EXPECT_EQ(tail, "a/b%20c");
}

TEST(encode, knows_what_no_path_can_hold) {
  for (const char* text : {"a", "...", "a/b", "/a", "a//b", "..a", "a\\b", "%2e%2e"}) {
    EXPECT_TRUE(is_path_segment(text)) << text;
  }
  for (const char* text : {"", ".", "..", "../a", "a/..", "a/./b", "..\\a", "a\\.."}) {
    EXPECT_FALSE(is_path_segment(text)) << text;
  }
  for (const char* text : {"", "a", "a/b", "a/", "a b/.c"}) EXPECT_TRUE(is_path_tail(text)) << text;
  for (const char* text : {"/", "/a", "a//b", "a//", "..", "a/../b", "a\\b"}) {
    EXPECT_FALSE(is_path_tail(text)) << text;
  }
}

struct page {
  std::uint32_t limit = 20;
  std::optional<std::uint64_t> after;
  std::vector<std::string_view> tag;
  bool full = false;
};
struct nothing {};

TEST(encode, writes_queries_by_the_names_of_members) {
  std::string text = "/x";
  append_query(text, page{.after = 3, .tag = {"a+b", "c=d"}, .full = true});
  EXPECT_EQ(text, "/x?limit=20&after=3&tag=a%2Bb&tag=c%3Dd&full=true");
  text.clear();
  append_query(text, nothing{});
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace ferrule
