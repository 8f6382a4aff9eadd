#include "ferrule/json/schema.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ferrule/json/read.hpp"

namespace json = ferrule::json;

namespace shop {
struct item {
  std::string name;
  std::optional<int> count;
};
struct tree {
  std::vector<tree> children;
  std::unique_ptr<tree> next;
};
template <class T>
struct page {
  std::vector<T> items;
};
enum class color { red, green };
struct settings {
  static constexpr bool json_allow_missing = true;
  int retries = 3;
};
struct nothing {};
struct open {
  static constexpr bool json_allow_unknown = true;
  std::optional<bool> maybe;
};
struct limited {
  std::string name;
  std::optional<std::string> note;
  std::uint8_t count;
  std::int8_t below;
  double share;
  std::vector<bool> list;
  std::map<std::string, bool> map;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1, .size_max = 9, .form = &json::plain_text},
      {.member = "note", .size_max = 3},
      {.member = "count", .min = 1},
      {.member = "below", .max = -5},
      {.member = "share", .min = 0, .max = 1},
      {.member = "list", .size_min = 1},
      {.member = "map", .size_max = 2}};
};
struct other {
  static constexpr std::string_view json_tag = "else";
  bool flag;
};
}  // namespace shop

namespace store {
struct item {
  shop::item inner;
};
}  // namespace store

namespace {

template <class T>
std::string schema(json::components& types) {
  ferrule::buffer out;
  json::write_schema<T>(out, types);
  EXPECT_TRUE(json::read<json::raw>(out.view())) << out.view();
  return std::string(out.view());
}

template <class T>
std::string schema() {
  json::components types;
  return schema<T>(types);
}

std::string all(const json::components& types) {
  ferrule::buffer out;
  types.write(out);
  EXPECT_TRUE(json::read<json::raw>(out.view())) << out.view();
  return std::string(out.view());
}

template <class T>
std::string component() {
  json::components types;
  schema<T>(types);
  return all(types);
}

TEST(schema, simple_types) {
  EXPECT_EQ(schema<bool>(), R"({"type":"boolean"})");
  EXPECT_EQ(schema<const std::string>(), R"({"type":"string"})");
  EXPECT_EQ(schema<double>(),
            R"({"type":"number","format":"double",)"
            R"("minimum":-1.7976931348623157e+308,"maximum":1.7976931348623157e+308})");
  EXPECT_EQ(schema<float>(),
            R"({"type":"number","format":"float",)"
            R"("minimum":-3.4028235e+38,"maximum":3.4028235e+38})");
  EXPECT_EQ(schema<std::monostate>(), R"({"type":"null"})");
  EXPECT_EQ(schema<json::raw>(), "{}");
  EXPECT_EQ(schema<shop::color>(), R"({"type":"string","enum":["red","green"]})");
}

TEST(schema, integers_with_their_ranges) {
  EXPECT_EQ(schema<std::int8_t>(), R"({"type":"integer","minimum":-128,"maximum":127})");
  EXPECT_EQ(schema<int>(), R"({"type":"integer","format":"int32",)"
                           R"("minimum":-2147483648,"maximum":2147483647})");
  EXPECT_EQ(schema<std::int64_t>(),
            R"({"type":"integer","format":"int64",)"
            R"("minimum":-9223372036854775808,"maximum":9223372036854775807})");
  EXPECT_EQ(schema<std::uint64_t>(),
            R"({"type":"integer","minimum":0,"maximum":18446744073709551615})");
}

TEST(schema, times_and_durations) {
  using namespace std::chrono;
  EXPECT_EQ(schema<sys_seconds>(),
            R"({"type":"string","format":"date-time","pattern":"^[^.]*([.]0+([Zz+-].*)?)?$"})");
  EXPECT_EQ(schema<sys_time<milliseconds>>(),
            R"({"type":"string","format":"date-time",)"
            R"("pattern":"^[^.]*([.][0-9]{1,3}0*([Zz+-].*)?)?$"})");
  EXPECT_EQ(schema<system_clock::time_point>(), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(schema<sys_days>(),
            R"({"type":"string","format":"date-time","description":"whole days"})");
  EXPECT_EQ(schema<milliseconds>(),
            R"({"type":"integer","format":"int64","minimum":-9223372036854775808,)"
            R"("maximum":9223372036854775807,"description":"milliseconds"})");
  EXPECT_EQ((schema<duration<std::uint8_t, std::ratio<1, 25>>>()),
            R"({"type":"integer","minimum":0,"maximum":255,"description":"1/25 seconds"})");
  EXPECT_TRUE(schema<duration<double>>().ends_with(R"("description":"seconds"})"));
}

TEST(schema, containers) {
  EXPECT_EQ(schema<std::vector<bool>>(), R"({"type":"array","items":{"type":"boolean"}})");
  EXPECT_EQ((schema<std::array<bool, 2>>()),
            R"({"type":"array","minItems":2,"maxItems":2,"items":{"type":"boolean"}})");
  EXPECT_EQ((schema<std::map<std::string, bool>>()),
            R"({"type":"object","additionalProperties":{"type":"boolean"}})");
  EXPECT_EQ(schema<std::vector<std::optional<bool>>>(),
            R"({"type":"array","items":{"anyOf":[{"type":"boolean"},{"type":"null"}]}})");
}

TEST(schema, aggregates_are_components) {
  EXPECT_EQ(schema<shop::item>(), R"({"$ref":"#/components/schemas/item"})");
  EXPECT_EQ(component<shop::item>(),
            R"({"item":{"type":"object","properties":{"name":{"type":"string"},)"
            R"("count":{"type":"integer","format":"int32","minimum":-2147483648,)"
            R"("maximum":2147483647}},"required":["name"]}})");
  EXPECT_EQ(component<shop::nothing>(),
            R"({"nothing":{"type":"object","properties":{},"required":[]}})");
  EXPECT_EQ(all(json::components()), "{}");
}

TEST(schema, nothing_is_required_of_types_with_defaults) {
  EXPECT_TRUE(component<shop::settings>().ends_with(R"("required":[]}})"));
}

TEST(schema, recursive_types_end) {
  EXPECT_EQ(component<shop::tree>(),
            R"({"tree":{"type":"object","properties":{"children":{"type":"array",)"
            R"("items":{"$ref":"#/components/schemas/tree"}},)"
            R"("next":{"$ref":"#/components/schemas/tree"}},"required":["children"]}})");
}

TEST(schema, names_stay_apart_and_are_given_once) {
  json::components types;
  EXPECT_EQ(schema<shop::item>(types), R"({"$ref":"#/components/schemas/item"})");
  EXPECT_EQ(schema<store::item>(types), R"({"$ref":"#/components/schemas/store.item"})");
  EXPECT_EQ(schema<shop::item>(types), R"({"$ref":"#/components/schemas/item"})");
  EXPECT_EQ(schema<shop::page<shop::item>>(types),
            R"({"$ref":"#/components/schemas/page_shop.item"})");
  const std::string text = all(types);
  EXPECT_EQ(text.find(R"("item":{"type":"object")"), text.rfind(R"("item":{"type":"object")"));
}

[[maybe_unused]] auto first_local() {
  struct local {
    bool flag;
  };
  return local{};
}
[[maybe_unused]] auto second_local() {
  struct local {
    std::string text;
  };
  return local{};
}

/// The compiler prints local types of two functions alike.
TEST(schema, types_stay_apart_that_have_one_name) {
  json::components types;
  EXPECT_EQ(schema<decltype(first_local())>(types), R"({"$ref":"#/components/schemas/local"})");
  const std::string second = schema<decltype(second_local())>(types);
  EXPECT_NE(second, R"({"$ref":"#/components/schemas/local"})");
  EXPECT_EQ(schema<decltype(first_local())>(types), R"({"$ref":"#/components/schemas/local"})");
  EXPECT_EQ(schema<decltype(second_local())>(types), second);
}

TEST(schema, variants) {
  json::components types;
  EXPECT_EQ((schema<std::variant<std::monostate, shop::other>>(types)),
            R"({"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/other"}]})");
  EXPECT_EQ(schema<shop::other>(types), R"({"$ref":"#/components/schemas/other.written"})");
  EXPECT_EQ(all(types),
            R"({"other":{"type":"object","properties":{"type":{"const":"else"},)"
            R"("flag":{"type":"boolean"}},"required":["type","flag"]},)"
            R"("other.written":{"type":"object","properties":{"flag":{"type":"boolean"}},)"
            R"("required":["flag"]}})");
}

TEST(schema, what_is_read_is_closed_and_may_be_null) {
  json::components types;
  EXPECT_EQ(schema<shop::nothing>(types), R"({"$ref":"#/components/schemas/nothing"})");
  types.use = json::schema_use::read;
  EXPECT_EQ(schema<shop::nothing>(types), R"({"$ref":"#/components/schemas/nothing.read"})");
  EXPECT_EQ(schema<shop::open>(types), R"({"$ref":"#/components/schemas/open"})");
  EXPECT_EQ(all(types),
            R"({"nothing":{"type":"object","properties":{},"required":[]},)"
            R"("nothing.read":{"type":"object","properties":{},"required":[],)"
            R"("additionalProperties":false},)"
            R"("open":{"type":"object","properties":{"maybe":{"anyOf":[{"type":"boolean"},)"
            R"({"type":"null"}]}},"required":[]}})");
}

TEST(schema, limits) {
  EXPECT_EQ(component<shop::limited>(),
            R"({"limited":{"type":"object","properties":{)"
            R"("name":{"type":"string","minLength":1,"maxLength":9,)"
            R"("pattern":"^[^\\x00-\\x1F\\x7F]*$"},)"
            R"("note":{"type":"string","maxLength":3},)"
            R"("count":{"type":"integer","minimum":1,"maximum":255},)"
            R"("below":{"type":"integer","minimum":-128,"maximum":-5},)"
            R"("share":{"type":"number","format":"double","minimum":0,"maximum":1},)"
            R"("list":{"type":"array","items":{"type":"boolean"},"minItems":1},)"
            R"("map":{"type":"object","additionalProperties":{"type":"boolean"},)"
            R"("maxProperties":2}},)"
            R"("required":["name","count","below","share","list","map"]}})");
}

}  // namespace
