#include "ferrule/json/limits.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/json/read.hpp"

namespace json = ferrule::json;

namespace {

constexpr json::text_form digits{"^[0-9]*$",
                                 [](std::string_view text) {
                                   return text.find_first_not_of("0123456789") == text.npos;
                                 },
                                 "must be digits"};

struct limited {
  static constexpr bool json_allow_missing = true;
  std::string name = "n";
  std::optional<std::string> code;
  std::int8_t low = 0;
  std::uint64_t count = 1;
  double share = 0;
  std::vector<int> list = {1};
  std::map<std::string, int> map;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1, .size_max = 3, .form = &json::plain_text},
      {.member = "code", .size_min = 2, .form = &digits},
      {.member = "low", .min = -5, .max = -1},
      {.member = "count", .min = 1, .max = 1'000},
      {.member = "share", .min = 0, .max = 1},
      {.member = "list", .size_min = 1, .size_max = 2},
      {.member = "map", .size_max = 1}};
};
struct holder {
  std::vector<limited> all;
};

std::string refusal(std::string_view text) {
  const auto read = json::read<holder>("{\"all\":[" + std::string(text) + "]}");
  if (read) return "accepted";
  std::string all;
  for (const json::violation& problem : read.error().problems) {
    EXPECT_EQ(problem.kind, json::error_kind::invalid);
    all += (all.empty() ? "" : "|") + problem.pointer + ' ' + problem.message;
  }
  return all;
}

TEST(json_limits, bound_what_is_read) {
  EXPECT_EQ(refusal(R"({"low":-1})"), "accepted");
  EXPECT_EQ(refusal(R"({"name":"abc","code":"12","low":-5,"count":1000,"share":1,"list":[1,2],)"
                    R"("map":{"a":1}})"),
            "accepted");
  EXPECT_EQ(refusal(R"({"code":null,"low":-1})"), "accepted");
  EXPECT_EQ(refusal(R"({"name":"","code":"1","low":0,"count":0,"share":1.5,"list":[],)"
                    R"("map":{"a":1,"b":2}})"),
            "/all/0/name must have from 1 to 3 characters"
            "|/all/0/code must have at least 2 characters"
            "|/all/0/low must be from -5 to -1"
            "|/all/0/count must be from 1 to 1000"
            "|/all/0/share must be from 0 to 1"
            "|/all/0/list must have from 1 to 2 elements"
            "|/all/0/map must have at most 1 members");
  EXPECT_EQ(refusal(R"({"code":"1x","low":-6,"count":18446744073709551615,"list":[1,2,3]})"),
            "/all/0/code must be digits"
            "|/all/0/low must be from -5 to -1"
            "|/all/0/count must be from 1 to 1000"
            "|/all/0/list must have from 1 to 2 elements");
}

struct fixed {
  int count = 5;
  static constexpr json::member_limits json_limits[] = {{.member = "count", .min = 5, .max = 5}};
};

TEST(json_limits, may_leave_one_value) {
  EXPECT_TRUE(json::read<fixed>(R"({"count":5})"));
  EXPECT_FALSE(json::read<fixed>(R"({"count":6})"));
}

struct row {
  std::uint64_t id = 1;
  static constexpr json::member_limits json_limits[] = {
      {.member = "id", .max = std::numeric_limits<std::int64_t>::max()}};
};

TEST(json_limits, may_end_at_the_greatest_of_64_bits) {
  EXPECT_TRUE(json::read<row>(R"({"id":9223372036854775807})"));
  EXPECT_FALSE(json::read<row>(R"({"id":9223372036854775808})"));
}

TEST(json_limits, count_characters) {
  EXPECT_EQ(refusal(R"({"name":"\u00e9\u20ac\ud83d\ude00","low":-1})"), "accepted");
  EXPECT_EQ(refusal(R"({"name":"\u00e9\u20ac\ud83d\ude00x","low":-1})"),
            "/all/0/name must have from 1 to 3 characters");
}

TEST(json_limits, plain_text_holds_no_control_characters) {
  for (std::string_view text : {"\\u0000", "a\\u0000", "\\n", "\\u001f", "\\u007f"}) {
    EXPECT_EQ(refusal("{\"name\":\"" + std::string(text) + "\",\"low\":-1}"),
              "/all/0/name must not hold control characters");
  }
  EXPECT_EQ(refusal(R"({"name":" ~\u0080","low":-1})"), "accepted");
}

}  // namespace
