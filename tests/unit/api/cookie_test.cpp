#include "ferrule/api/cookie.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule {
namespace {

std::string pairs_of(std::string_view field) {
  std::string text;
  while (const auto pair = next_cookie(field)) {
    text.append("[").append(pair->name).append("|").append(pair->value).append("]");
  }
  return text;
}

TEST(cookie, pairs_come_in_order) {
  EXPECT_EQ(pairs_of("a=1; b=2"), "[a|1][b|2]");
  EXPECT_EQ(pairs_of("a=b=c"), "[a|b=c]");
  EXPECT_EQ(pairs_of(R"(a="1"; b="; c=")"), R"([a|1][b|"][c|"])");
  EXPECT_EQ(pairs_of(";;a;=x; ;b= ;"), "[b|]");
  EXPECT_EQ(pairs_of(""), "");
}

TEST(cookie, values_are_visible_ascii_without_separators) {
  EXPECT_TRUE(is_cookie_value(""));
  EXPECT_TRUE(is_cookie_value("31d4d96e407aad42.a/b+c=={}[]:@!#$%&'()*<>?^_`|~"));
  for (const char* text : {"a b", "a\"", "a,b", "a;b", "a\\b", "a\x7f", "a\t", "\xc3\xa9"}) {
    EXPECT_FALSE(is_cookie_value(text)) << text;
  }
  EXPECT_FALSE(is_cookie_value(std::string_view("a\0", 2)));
}

}  // namespace
}  // namespace ferrule
