#include "ferrule/json/write.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace json = ferrule::json;

namespace {

struct user {
  std::uint64_t id;
  std::string name;
  std::string email;
};
struct empty {};
struct options {
  std::optional<int> first;
  int second = 2;
  std::optional<std::string> third;
};
struct only_options {
  std::optional<int> a;
  std::unique_ptr<int> b;
};
struct tree {
  std::string name;
  std::vector<tree> children;
  std::unique_ptr<tree> next;
};
struct circle {
  double radius;
};
struct square {
  static constexpr std::string_view json_tag = "sq\"uare";
  int side;
};
struct nothing {};
using shape = std::variant<std::monostate, circle, square, nothing>;
struct kinded {
  std::string type;
};
using kinded_variant = std::variant<kinded, circle>;
enum class color : std::uint8_t { red, green, unnamed_below = 100 };
enum class flag : bool { off, on };

using std::chrono::sys_time;

}  // namespace

template <>
inline constexpr std::string_view json::variant_tag<kinded_variant> = "kind";

namespace {

TEST(write, aggregates) {
  EXPECT_EQ(json::write(user{42, "User 42", "user42@example.com"}),
            R"({"id":42,"name":"User 42","email":"user42@example.com"})");
  EXPECT_EQ(json::write(empty{}), "{}");
  EXPECT_EQ(json::write(std::vector<empty>(2)), "[{},{}]");
}

TEST(write, leaves_out_empty_optionals) {
  EXPECT_EQ(json::write(options{}), R"({"second":2})");
  EXPECT_EQ(json::write(options{1, 2, "x"}), R"({"first":1,"second":2,"third":"x"})");
  EXPECT_EQ(json::write(options{{}, 2, "x"}), R"({"second":2,"third":"x"})");
  EXPECT_EQ(json::write(only_options{}), "{}");
  EXPECT_EQ(json::write(only_options{{}, std::make_unique<int>(5)}), R"({"b":5})");
  EXPECT_EQ(json::write(std::optional<int>()), "null");
  EXPECT_EQ(json::write(std::vector<std::optional<int>>{1, {}, 3}), "[1,null,3]");
  EXPECT_EQ((json::write(std::map<std::string, std::optional<int>>{{"a", {}}})), R"({"a":null})");
}

TEST(write, nested_and_recursive_values) {
  tree root{"a", {}, nullptr};
  root.children.push_back({"b", {}, std::make_unique<tree>(tree{"c", {}, nullptr})});
  EXPECT_EQ(json::write(root), R"({"name":"a","children":[{"name":"b","children":[],)"
                               R"("next":{"name":"c","children":[]}}]})");
}

TEST(write, ranges_and_maps) {
  EXPECT_EQ(json::write(std::vector<int>{}), "[]");
  EXPECT_EQ(json::write(std::array<int, 3>{1, 2, 3}), "[1,2,3]");
  EXPECT_EQ(json::write(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(json::write(std::deque<std::string>{"a", "b"}), R"(["a","b"])");
  EXPECT_EQ(json::write(std::set<int>{2, 1}), "[1,2]");
  const int numbers[] = {1, 2};
  EXPECT_EQ(json::write(std::span(numbers)), "[1,2]");
  EXPECT_EQ(json::write(std::vector<std::vector<int>>{{}, {1}, {}}), "[[],[1],[]]");
  EXPECT_EQ((json::write(std::map<std::string, int>{})), "{}");
  EXPECT_EQ((json::write(std::map<std::string, int>{{"a\n", 1}, {"b", 2}})), R"({"a\n":1,"b":2})");
  EXPECT_EQ((json::write(std::unordered_map<std::string, empty>{{"k", {}}})), R"({"k":{}})");
  EXPECT_EQ((json::write(std::map<std::string_view, int>{{"", 1}})), R"({"":1})");
}

TEST(write, integers_at_their_limits) {
  EXPECT_EQ(json::write(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(json::write(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(json::write(std::int8_t{-128}), "-128");
  EXPECT_EQ(json::write(std::uint8_t{255}), "255");
  EXPECT_EQ(json::write(0), "0");
  EXPECT_EQ(json::write(true), "true");
  EXPECT_EQ(json::write(false), "false");
}

TEST(write, floating_numbers_shortest) {
  EXPECT_EQ(json::write(1.0), "1");
  EXPECT_EQ(json::write(0.1), "0.1");
  EXPECT_EQ(json::write(0.1F), "0.1");
  EXPECT_EQ(json::write(-0.0), "-0.0");
  EXPECT_EQ(json::write(-0.0F), "-0.0");
  EXPECT_EQ(json::write(1e300), "1e+300");
  EXPECT_EQ(json::write(5e-324), "5e-324");
  EXPECT_EQ(json::write(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(json::write(-2.2250738585072014e-308), "-2.2250738585072014e-308");
}

/// Why a value cannot be written.
template <class T>
std::string refusal(const T& value) {
  try {
    return json::write(value);
  } catch (const json::unwritable& refused) {
    return refused.what();
  }
}

TEST(write, refuses_values_that_no_text_stands_for) {
  const std::string no_number = "json: NaN and infinity are no numbers in JSON";
  EXPECT_EQ(refusal(std::numeric_limits<double>::infinity()), no_number);
  EXPECT_EQ(refusal(-std::numeric_limits<float>::infinity()), no_number);
  EXPECT_EQ(refusal(std::nan("")), no_number);
  EXPECT_EQ(refusal(std::vector<circle>{{1}, {std::nan("")}}), no_number);
  EXPECT_EQ(refusal(std::optional<double>(std::nan(""))), no_number);
  EXPECT_EQ(refusal(std::chrono::duration<double>(std::nan(""))), no_number);
  EXPECT_EQ(refusal(static_cast<color>(7)), "json: a value of an enumeration that has no name");
  using names = std::map<std::string, int>;
  EXPECT_EQ(refusal(names{{"\xff", 1}, {"\xfe", 2}}), "json: a key that is no UTF-8");
  EXPECT_EQ(refusal(names{{"long enough to be looked at in steps \xc3", 1}}),
            "json: a key that is no UTF-8");
  EXPECT_EQ(json::write(names{{"größer als acht Bytes", 1}}), R"({"größer als acht Bytes":1})");
  using namespace std::chrono;
  EXPECT_EQ(refusal(sys_seconds(seconds(253'402'300'800))),
            "json: a time outside the years 0000 to 9999");
}

struct bomb {
  std::string fuse;
};

TEST(write, refuses_a_variant_without_a_value) {
  std::variant<circle, bomb> value(circle{1});
  struct raises {
    operator bomb() const { throw 1; }  // NOLINT(google-explicit-constructor)
  };
  try {
    value.emplace<bomb>(raises());
  } catch (int) {
  }
  ASSERT_TRUE(value.valueless_by_exception());
  EXPECT_EQ(refusal(value), "json: a variant without a value");
}

TEST(write, refuses_what_is_nested_too_deep) {
  const auto chain = [](std::size_t length) {
    tree first{"", {}, nullptr};
    for (std::size_t i = 1; i < length; ++i) {
      tree next{"", {}, std::make_unique<tree>(std::move(first))};
      first = std::move(next);
    }
    return first;
  };
  EXPECT_TRUE(json::write(chain(json::nesting_max - 1)).starts_with("{\"name\""));
  EXPECT_EQ(refusal(chain(json::nesting_max + 1)), "json: a value nested too deep");
  tree wide{"", {}, nullptr};
  for (std::size_t i = 0; i != 600; ++i) {
    tree next{"", {}, nullptr};
    next.children.push_back(std::move(wide));
    wide = std::move(next);
  }
  EXPECT_EQ(refusal(wide), "json: a value nested too deep");
}

TEST(write, strings_of_each_type) {
  EXPECT_EQ(json::write("literal"), R"("literal")");
  EXPECT_EQ(json::write(std::string_view()), R"("")");
  const char* none = nullptr;
  EXPECT_EQ(json::write(none), R"("")");
  EXPECT_EQ(json::write(std::vector{none, "x"}), R"(["","x"])");
  EXPECT_EQ(json::write(std::string("\xFF\"")), "\"\uFFFD\\\"\"");
}

TEST(write, enums_by_name) {
  EXPECT_EQ(json::write(color::green), R"("green")");
  EXPECT_EQ(json::write(flag::on), R"("on")");
}

TEST(write, variants_by_tag) {
  EXPECT_EQ(json::write(shape()), "null");
  EXPECT_EQ(json::write(shape(circle{1.5})), R"({"type":"circle","radius":1.5})");
  EXPECT_EQ(json::write(shape(square{2})), R"({"type":"sq\"uare","side":2})");
  EXPECT_EQ(json::write(shape(nothing())), R"({"type":"nothing"})");
  EXPECT_EQ(json::write(kinded_variant(kinded{"x"})), R"({"kind":"kinded","type":"x"})");
}

TEST(write, times_and_durations) {
  using namespace std::chrono;
  EXPECT_EQ(json::write(sys_seconds(seconds(1'714'566'896))), R"("2024-05-01T12:34:56Z")");
  EXPECT_EQ(json::write(sys_time<milliseconds>(milliseconds(-1))), R"("1969-12-31T23:59:59.999Z")");
  EXPECT_EQ(json::write(system_clock::time_point(nanoseconds(1))),
            R"("1970-01-01T00:00:00.000000001Z")");
  EXPECT_EQ(json::write(sys_days(2024y / May / 1)), R"("2024-05-01T00:00:00Z")");
  EXPECT_EQ(json::write(milliseconds(1'500)), "1500");
  EXPECT_EQ(json::write(duration<double>(0.5)), "0.5");
}

TEST(write, raw_text_as_it_is) {
  EXPECT_EQ(json::write(json::raw()), "null");
  EXPECT_EQ(json::write(std::vector{json::raw::trusted("{ }"), json::raw()}), "[{ },null]");
  json::raw moved = json::raw::trusted("1");
  const json::raw other = std::move(moved);
  EXPECT_EQ(other.text(), "1");
  EXPECT_EQ(moved.text(), "null");  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(write, appends_to_what_is_there) {
  ferrule::buffer out;
  out.append("{}");
  json::write(out, only_options{1, nullptr});
  json::write(out, std::vector<int>{1});
  EXPECT_EQ(out.view(), R"({}{"a":1}[1])");
}

}  // namespace
