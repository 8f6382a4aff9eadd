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
  EXPECT_EQ(schema<double>(), R"({"type":"number","format":"double"})");
  EXPECT_EQ(schema<float>(), R"({"type":"number","format":"float"})");
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
  EXPECT_EQ(schema<sys_seconds>(), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(schema<milliseconds>(), R"({"type":"integer","description":"milliseconds"})");
  EXPECT_EQ(schema<duration<double>>(), R"({"type":"number","description":"seconds"})");
  EXPECT_EQ((schema<duration<int, std::ratio<1, 25>>>()),
            R"({"type":"integer","description":"1/25 seconds"})");
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

TEST(schema, variants) {
  EXPECT_EQ((schema<std::variant<std::monostate, shop::other>>()),
            R"({"oneOf":[{"type":"null"},{"allOf":[{"$ref":"#/components/schemas/other"},)"
            R"({"type":"object","properties":{"type":{"const":"else"}},"required":["type"]}]}]})");
}

}  // namespace
