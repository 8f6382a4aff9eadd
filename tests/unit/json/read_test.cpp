#include "ferrule/json/read.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "ferrule/json/write.hpp"

namespace json = ferrule::json;

namespace {

struct user {
  std::uint64_t id;
  std::string name;
  std::optional<std::string> email;
  friend bool operator==(const user&, const user&) = default;
};
struct lenient {
  static constexpr bool json_allow_unknown = true;
  static constexpr bool json_allow_missing = true;
  int retries = 3;
  std::string name = "none";
};
struct empty {};
struct tree {
  std::string name;
  std::vector<tree> children;
  std::unique_ptr<tree> next;
};
struct circle {
  double radius;
  friend bool operator==(const circle&, const circle&) = default;
};
struct square {
  static constexpr std::string_view json_tag = "box";
  int side;
  friend bool operator==(const square&, const square&) = default;
};
using shape = std::variant<std::monostate, circle, square>;
using solid = std::variant<circle, square>;
enum class color : std::uint8_t { red, green, blue };
struct numbers {
  std::int8_t i8;
  std::uint8_t u8;
  std::int64_t i64;
  std::uint64_t u64;
};
struct everything {
  bool flag;
  int number;
  double real;
  float small;
  std::string text;
  color paint;
  std::optional<int> maybe;
  std::vector<user> users;
  std::array<int, 2> pair;
  std::map<std::string, circle> circles;
  shape figure;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::chrono::seconds wait;
  std::vector<bool> bits;
};

/// One problem as text; all of them, one a line, with how many were not listed.
std::string show(const json::violation& problem) {
  std::string text = problem.kind == json::error_kind::syntax   ? "syntax "
                     : problem.kind == json::error_kind::schema ? "schema "
                                                                : "invalid ";
  text += '\'' + problem.pointer + "' " + problem.message;
  if (problem.kind == json::error_kind::syntax) text += " @" + std::to_string(problem.offset);
  return text;
}

template <class T>
std::string refusal(std::string_view text, json::read_limits limits = {}) {
  const auto read = json::read<T>(text, limits);
  if (read) return "accepted";
  std::string all;
  for (const auto& problem : read.error().problems) {
    if (!all.empty()) all += '\n';
    all += show(problem);
  }
  if (read.error().unlisted != 0) all += "\nand " + std::to_string(read.error().unlisted);
  return all;
}

template <class T>
T accepted(std::string_view text) {
  auto read = json::read<T>(text);
  if (!read) {
    ADD_FAILURE() << text << ": " << refusal<T>(text);
    return T{};
  }
  return *std::move(read);
}

template <class T>
T there_and_back(const T& value) {
  return accepted<T>(json::write(value));
}

TEST(read, aggregates) {
  EXPECT_EQ(accepted<user>(R"({"id":42,"name":"Ada","email":"a@b"})"), (user{42, "Ada", "a@b"}));
  EXPECT_EQ(accepted<user>(R"( { "email" : null , "name" : "Ada" , "id" : 42 } )"),
            (user{42, "Ada", {}}));
  EXPECT_EQ(accepted<user>(R"({"n\u0061me":"","id":0})"), (user{0, "", {}}));
  accepted<empty>("{}");
}

TEST(read, needs_no_padding_after_the_text) {
  const std::string document = R"({"id":42,"name":"Ada"})";
  const std::unique_ptr<char[]> exact(new char[document.size()]);
  document.copy(exact.get(), document.size());
  EXPECT_EQ(accepted<user>({exact.get(), document.size()}), (user{42, "Ada", {}}));
}

TEST(read, lists_every_problem_with_its_place) {
  EXPECT_EQ(refusal<std::vector<user>>(R"([{"id":-1,"name":5},{"id":1.5,"nam":"x"},7])"),
            "schema '/0/id' must be from 0 to 18446744073709551615\n"
            "schema '/0/name' must be a string, not a number\n"
            "schema '/1/id' must be a whole number\n"
            "schema '/1/nam' is not known here\n"
            "schema '/1/name' is missing\n"
            "schema '/2' must be an object, not a number");
  EXPECT_EQ(refusal<empty>(R"({"a/b":1,"m~n":2,"":3})"),
            "schema '/a~1b' is not known here\n"
            "schema '/m~0n' is not known here\n"
            "schema '/' is not known here");
  EXPECT_EQ(refusal<user>("[]"), "schema '' must be an object, not an array");
}

TEST(read, bounds_the_list_of_problems) {
  std::string text = "[";
  for (int i = 0; i != 50; ++i) text += i == 0 ? "\"x\"" : ",\"x\"";
  text += ']';
  const auto read = json::read<std::vector<int>>(text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().problems.size(), 32U);
  EXPECT_EQ(read.error().unlisted, 18U);
  EXPECT_EQ(refusal<std::vector<int>>("[true,{},null]", {.problems_max = 1}),
            "schema '/0' must be a whole number, not true\nand 2");
  EXPECT_EQ(refusal<std::vector<int>>("[true,1]", {.problems_max = 0}),
            "schema '/0' must be a whole number, not true");
}

/// A pointer is at most about as long as a few lines, whatever the names are that it holds.
TEST(read, bounds_the_pointers_of_problems) {
  using lists = std::map<std::string, std::vector<int>>;
  const std::string name(100'000, '~');
  const std::string long_named = '"' + name + R"(":["",""])";
  EXPECT_EQ(refusal<lists>('{' + long_named + '}'),
            "schema '' holds, below a very long name, what must be a whole number, not a string"
            "\nand 1");
  EXPECT_EQ(refusal<lists>(R"({"a":[""],)" + long_named + '}'),
            "schema '/a/0' must be a whole number, not a string\nand 2");
  const std::string fits(2'000, '~');
  const auto read = json::read<lists>("{\"" + fits + R"(":[""]})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().problems[0].pointer.size(), 4'003U);
}

TEST(read, unknown_members_where_the_reader_allows) {
  const std::string_view newer = R"({"name":"a","children":[{"name":"b","x":1,"children":[],)"
                                 R"("next":null}],"next":null,"y":{"z":[]}})";
  EXPECT_FALSE(json::read<tree>(newer).has_value());
  const auto lenient_read = json::read<tree>(newer, {.allow_unknown = true});
  ASSERT_TRUE(lenient_read.has_value());
  EXPECT_EQ(lenient_read->children[0].name, "b");
}

TEST(read, unknown_and_missing_members_only_where_the_type_allows) {
  EXPECT_EQ(refusal<user>("{}"), "schema '/id' is missing\nschema '/name' is missing");
  EXPECT_EQ(refusal<user>(R"({"id":1,"name":"","x":{"y":[1]}})"), "schema '/x' is not known here");
  const auto read = accepted<lenient>(R"({"x":{"y":[1,{"z":2}]},"retries":4})");
  EXPECT_EQ(read.retries, 4);
  EXPECT_EQ(read.name, "none");
  EXPECT_EQ(refusal<lenient>(R"({"name":null})"), "schema '/name' must be a string, not null");
}

TEST(read, numbers_at_their_limits) {
  const auto low = accepted<numbers>(R"({"i8":-128,"u8":0,"i64":-9223372036854775808,"u64":0})");
  EXPECT_EQ(low.i8, -128);
  EXPECT_EQ(low.i64, std::numeric_limits<std::int64_t>::min());
  const auto high = accepted<numbers>(
      R"({"i8":127,"u8":255,"i64":9223372036854775807,"u64":18446744073709551615})");
  EXPECT_EQ(high.u8, 255);
  EXPECT_EQ(high.i64, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(high.u64, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(refusal<numbers>(R"({"i8":128,"u8":256,"i64":9223372036854775808,"u64":-1})"),
            "schema '/i8' must be from -128 to 127\n"
            "schema '/u8' must be from 0 to 255\n"
            "schema '/i64' must be from -9223372036854775808 to 9223372036854775807\n"
            "schema '/u64' must be from 0 to 18446744073709551615");
  EXPECT_EQ(refusal<std::int8_t>("-129"), "schema '' must be from -128 to 127");
  EXPECT_EQ(refusal<unsigned>("\"1\""), "schema '' must be a whole number, not a string");
  EXPECT_EQ(accepted<int>("-0"), 0);
}

TEST(read, whole_numbers_however_they_are_spelled) {
  for (std::string_view text : {"100", "1e2", "1E+2", "100.000", "1.00e2", "1000e-1", "0.1e3",
                                "0.00100e+05", "100000000000000000000000e-21"}) {
    EXPECT_EQ(accepted<int>(text), 100) << text;
    EXPECT_EQ(accepted<std::uint8_t>(text), 100) << text;
  }
  for (std::string_view text : {"0", "-0", "0.0", "-0.0", "0e99", "0e-99", "0.000e999999999999"}) {
    EXPECT_EQ(accepted<int>(text), 0) << text;
    EXPECT_EQ(accepted<unsigned>(text), 0U) << text;
  }
  for (std::string_view text : {"0.5", "1.5", "-1e-1", "1e-400", "100.0000000000000000000001",
                                "12345678901234567.5", "1e-99999999999999999999"}) {
    EXPECT_EQ(refusal<int>(text), "schema '' must be a whole number") << text;
    EXPECT_EQ(refusal<std::uint64_t>(text), "schema '' must be a whole number") << text;
  }
  // Beyond what a double tells apart.
  EXPECT_EQ(accepted<std::int64_t>("9007199254740993.0"), 9'007'199'254'740'993);
  EXPECT_EQ(accepted<std::int64_t>("-9.223372036854775808e18"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(accepted<std::uint64_t>("1.8446744073709551615e19"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(accepted<std::vector<int>>("[1e0, 2.0 ,3.0\n,40e-1]"),
            (std::vector<int>{1, 2, 3, 4}));
}

TEST(read, numbers_beyond_a_type_are_refused_with_their_place) {
  const std::string unsigned_range = " must be from 0 to 18446744073709551615";
  const std::string signed_range = " must be from -9223372036854775808 to 9223372036854775807";
  EXPECT_EQ(refusal<std::uint64_t>("18446744073709551616"), "schema ''" + unsigned_range);
  EXPECT_EQ(refusal<std::uint64_t>("1.8446744073709551616e19"), "schema ''" + unsigned_range);
  EXPECT_EQ(refusal<std::uint64_t>("1e99999999999999999999"), "schema ''" + unsigned_range);
  EXPECT_EQ(refusal<std::uint64_t>("-1e400"), "schema ''" + unsigned_range);
  EXPECT_EQ(refusal<std::vector<std::int64_t>>("[1, -9223372036854775809, 9223372036854775808.0]"),
            "schema '/1'" + signed_range + "\nschema '/2'" + signed_range);
  EXPECT_EQ(refusal<std::vector<double>>("[1e308,1e309,-1e309]"),
            "schema '/1' must be within what a 64-bit number holds\n"
            "schema '/2' must be within what a 64-bit number holds");
  EXPECT_EQ(refusal<user>(R"({"id":1e400,"name":100000000000000000000})"),
            "schema '/id'" + unsigned_range + "\nschema '/name' must be a string, not a number");
}

TEST(read, numbers_of_any_size) {
  EXPECT_EQ(accepted<double>("100000000000000000000"), 1e20);
  EXPECT_EQ(accepted<double>("-100000000000000000000.5e0"), -1e20);
  EXPECT_EQ(accepted<double>(std::string(308, '9')), 1e308);
  EXPECT_EQ(accepted<double>(std::string(100'000, '1') + "e-99990"), 1111111111.1111111);
  EXPECT_EQ(accepted<double>("0." + std::string(100'000, '0') + "1e100001"), 1.0);
  EXPECT_EQ(accepted<float>("100000000000000000000"), 1e20F);
  EXPECT_EQ((accepted<std::array<double, 5>>(
                "[ 1 ,18446744073709551616,\t2.5,-9223372036854775809 , -3]")),
            (std::array<double, 5>{1, 18446744073709551616.0, 2.5, -9223372036854775809.0, -3}));
  EXPECT_EQ(accepted<double>("1e-400"), 0.0);
  EXPECT_EQ(accepted<double>("18446744073709551615"), 18446744073709551616.0);
  EXPECT_EQ(accepted<double>("-9223372036854775808"), -9223372036854775808.0);
  EXPECT_EQ(refusal<float>("1e39"), "schema '' must be within what a 32-bit number holds");
  EXPECT_EQ(accepted<float>("3.4028234663852886e38"), std::numeric_limits<float>::max());
}

TEST(read, doubles_round_trip) {
  std::mt19937_64 random(42);
  for (int i = 0; i != 100'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const double back = there_and_back(value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value))
        << json::write(value);
  }
  for (double value :
       {0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308,
        std::numeric_limits<double>::max(), 1e15, 1e16, 1e17, 9007199254740993.0, 0.1, 123456.0}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(there_and_back(value)),
              std::bit_cast<std::uint64_t>(value));
  }
}

TEST(read, floats_round_trip) {
  std::mt19937 random(42);
  for (int i = 0; i != 100'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(there_and_back(value)),
              std::bit_cast<std::uint32_t>(value));
  }
}

/// Digits are rounded once, to the float, not to a double first.
TEST(read, floats_are_the_nearest_to_the_text) {
  const float one = 1;
  const float second = std::nextafter(one, 2.0F);
  const float third = std::nextafter(second, 2.0F);
  EXPECT_EQ(*json::read<float>("1.00000017881393432617187499"), second);
  EXPECT_EQ(*json::read<float>("1.000000178813934326171875"), third);  // the even one
  EXPECT_EQ(*json::read<float>("1.00000017881393432617187501"), third);
  EXPECT_EQ(*json::read<float>("1152921573326323713"), std::nextafter(0x1p60F, 0x1p61F));
  EXPECT_EQ(*json::read<float>("-7.0064923216240853e-46"), -0.0F);
  EXPECT_EQ(*json::read<float>("7.0064923216240862e-46"), std::numeric_limits<float>::denorm_min());
}

TEST(read, strings_round_trip) {
  std::string all;
  for (int byte = 0; byte != 0x80; ++byte) all += static_cast<char>(byte);
  all += "\u00E9\u20AC\U0001F600";
  EXPECT_EQ(there_and_back(all), all);
  EXPECT_EQ(accepted<std::string>(R"("\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\u0000")"),
            std::string("\"\\/\b\f\n\r\t\u00E9\U0001F600\0", 15));
}

TEST(read, everything_round_trips) {
  everything value{};
  value.flag = true;
  value.number = -7;
  value.real = 0.1;
  value.small = 0.1F;
  value.text = "\"\n";
  value.paint = color::blue;
  value.users = {{1, "a", "b"}, {2, "c", {}}};
  value.pair = {1, 2};
  value.circles = {{"", {1}}, {"x/y", {2}}};
  value.figure = square{3};
  value.at = decltype(value.at)(std::chrono::milliseconds(1'714'566'896'789));
  value.wait = std::chrono::seconds(-5);
  value.bits = {true, false, true};
  const auto back = there_and_back(value);
  EXPECT_EQ(json::write(back), json::write(value));
  EXPECT_EQ(back.users, value.users);
  EXPECT_EQ(back.circles, value.circles);
  EXPECT_EQ(back.figure, value.figure);
  EXPECT_EQ(back.at, value.at);
  EXPECT_EQ(back.wait, value.wait);
  EXPECT_EQ(back.bits, value.bits);
}

TEST(read, refuses_every_wrong_type) {
  EXPECT_EQ(refusal<bool>("1"), "schema '' must be true or false, not a number");
  EXPECT_EQ(refusal<bool>("\"true\""), "schema '' must be true or false, not a string");
  EXPECT_EQ(refusal<double>("\"1\""), "schema '' must be a number, not a string");
  EXPECT_EQ(refusal<float>("false"), "schema '' must be a number, not false");
  EXPECT_EQ(refusal<double>("null"), "schema '' must be a number, not null");
  EXPECT_EQ(refusal<std::string>("[]"), "schema '' must be a string, not an array");
  EXPECT_EQ(refusal<std::vector<int>>("{}"), "schema '' must be an array, not an object");
  EXPECT_EQ((refusal<std::map<std::string, int>>("[]")),
            "schema '' must be an object, not an array");
  EXPECT_EQ(refusal<std::monostate>("0"), "schema '' must be null, not a number");
  EXPECT_EQ(refusal<color>("0"), "schema '' must be a string, not a number");
  EXPECT_EQ(refusal<std::chrono::sys_seconds>("0"),
            "schema '' must be a date and time, not a number");
}

TEST(read, enums_by_name_alone) {
  EXPECT_EQ(accepted<color>("\"green\""), color::green);
  EXPECT_EQ(refusal<color>("\"GREEN\""), R"(schema '' must be "red", "green" or "blue")");
}

TEST(read, optionals) {
  EXPECT_EQ(accepted<std::optional<int>>("null"), std::nullopt);
  EXPECT_EQ(accepted<std::optional<int>>("5"), 5);
  EXPECT_EQ(refusal<std::optional<int>>("\"x\""), "schema '' must be a whole number, not a string");
  EXPECT_EQ(accepted<std::vector<std::optional<int>>>("[null,1]"),
            (std::vector<std::optional<int>>{{}, 1}));
  EXPECT_EQ(*accepted<std::unique_ptr<int>>("5"), 5);
  EXPECT_EQ(accepted<std::unique_ptr<int>>("null"), nullptr);
}

TEST(read, sequences_and_maps) {
  EXPECT_EQ(accepted<std::vector<int>>("[]"), std::vector<int>());
  EXPECT_EQ(accepted<std::deque<std::string>>(R"(["a","b"])"), (std::deque<std::string>{"a", "b"}));
  EXPECT_EQ((accepted<std::array<std::array<int, 2>, 2>>("[[1,2],[3,4]]")),
            (std::array<std::array<int, 2>, 2>{{{1, 2}, {3, 4}}}));
  EXPECT_EQ((refusal<std::array<int, 2>>("[1]")), "schema '' must have 2 elements, not 1");
  EXPECT_EQ((refusal<std::array<int, 2>>("[1,2,3]")), "schema '' must have 2 elements, not 3");
  EXPECT_EQ((refusal<std::array<int, 2>>("[1,\"\"]")),
            "schema '/1' must be a whole number, not a string");
  EXPECT_EQ((accepted<std::map<std::string, int>>(R"({"b":2,"a":1})")),
            (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ((accepted<std::unordered_map<std::string, std::vector<int>>>(R"({"b":[1,2]})")),
            (std::unordered_map<std::string, std::vector<int>>{{"b", {1, 2}}}));
  EXPECT_EQ((refusal<std::map<std::string, int>>(R"({"a":1,"b":{},"c":[]})")),
            "schema '/b' must be a whole number, not an object\n"
            "schema '/c' must be a whole number, not an array");
}

TEST(read, recursive_values) {
  const auto root = accepted<tree>(
      R"({"name":"a","children":[{"name":"b","children":[]}],"next":{"name":"c","children":[]}})");
  EXPECT_EQ(root.children.at(0).name, "b");
  EXPECT_EQ(root.next->name, "c");
  EXPECT_EQ(refusal<tree>(R"({"name":"","children":[{"name":1,"children":[]}]})"),
            "schema '/children/0/name' must be a string, not a number");
}

TEST(read, variants_by_tag) {
  EXPECT_EQ(accepted<shape>("null"), shape());
  EXPECT_EQ(accepted<shape>(R"({"type":"circle","radius":2})"), shape(circle{2}));
  EXPECT_EQ(accepted<shape>(R"({"side":2,"type":"box"})"), shape(square{2}));
  EXPECT_EQ(refusal<shape>(R"({"side":2})"), "schema '/type' is missing");
  EXPECT_EQ(refusal<shape>(R"({"type":"square","side":2})"),
            R"(schema '/type' must be "circle" or "box")");
  EXPECT_EQ(refusal<shape>(R"({"type":1})"), "schema '/type' must be a string, not a number");
  EXPECT_EQ(refusal<shape>(R"({"type":"box","side":"","x":1})"),
            "schema '/side' must be a whole number, not a string\nschema '/x' is not known here");
  EXPECT_EQ(refusal<shape>("5"), "schema '' must be an object, not a number");
  EXPECT_EQ(refusal<solid>("null"), "schema '' must be an object, not null");
}

TEST(read, times_and_durations) {
  using namespace std::chrono;
  EXPECT_EQ(accepted<sys_seconds>(R"("2024-05-01T14:34:56+02:00")"),
            sys_seconds(seconds(1'714'566'896)));
  EXPECT_EQ(accepted<sys_days>(R"("2024-05-01T00:00:00Z")"), sys_days(2024y / May / 1));
  EXPECT_EQ(accepted<sys_seconds>(R"("1990-12-31T23:59:60Z")"), sys_days(1991y / January / 1));
  EXPECT_EQ(accepted<system_clock::time_point>(R"("1970-01-01T00:00:00.1234567890123Z")"),
            system_clock::time_point(nanoseconds(123'456'789)));
  const std::string wrong = R"(schema '' must be a date and time as in "2024-05-01T12:34:56Z")";
  EXPECT_EQ(refusal<sys_seconds>(R"("2024-05-01")"), wrong);
  const std::string beyond = "schema '' is a time beyond the precision or range that is kept";
  EXPECT_EQ(refusal<sys_seconds>(R"("2024-05-01T12:34:56.5Z")"), beyond);
  EXPECT_EQ(refusal<system_clock::time_point>(R"("2999-05-01T12:34:56Z")"), beyond);
  EXPECT_EQ((refusal<sys_time<duration<std::int32_t>>>(R"("2999-05-01T12:34:56Z")")), beyond);
  EXPECT_EQ(accepted<milliseconds>("1500"), milliseconds(1500));
  EXPECT_EQ(accepted<duration<double>>("0.5"), duration<double>(0.5));
  EXPECT_EQ(refusal<milliseconds>("1.5"), "schema '' must be a whole number");
}

}  // namespace
