#include "ferrule/json/patch.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/json/limited.hpp"
#include "ferrule/json/schema.hpp"

namespace ferrule::json {
namespace {

struct address {
  std::string street;
  std::optional<int> number;
};
struct user {
  std::string name;
  std::optional<std::string> phone;
  bounded<int, 0, 150> age = 7;
  address home;
  std::optional<address> office;
  std::vector<int> tags;
  std::optional<raw> more;
  static constexpr member_limits json_limits[] = {{.member = "name", .size_min = 1, .size_max = 5},
                                                  {.member = "phone", .size_max = 4}};
  void validate(violations& problems) const {
    if (name == "Ada" && !phone) problems.add("/phone", "must be there for Ada");
  }
};

patch<user> changes(std::string_view text) {
  auto sent = read<patch<user>>(text);
  EXPECT_TRUE(sent) << text;
  return sent ? *std::move(sent) : patch<user>();
}
std::string problems_of(const read_error& error) {
  std::string all;
  for (const violation& each : error.problems) all += each.pointer + " " + each.message + "\n";
  return all;
}
user known() { return {"Ada", "123", 36, {"Main", 1}, address{"Office", 2}, {1, 2}, {}}; }

TEST(patch, tells_absent_null_and_a_value_apart) {
  EXPECT_TRUE(changes("{}").empty());
  EXPECT_EQ(changes("{}").get<&user::phone>(), nullptr);
  const auto null = changes(R"({"phone":null})");
  ASSERT_NE(null.get<&user::phone>(), nullptr);
  EXPECT_FALSE(null.get<&user::phone>()->has_value());
  const auto value = changes(R"({"phone":"1","home":{"number":null}})");
  EXPECT_EQ(*value.get<&user::phone>(), "1");
  EXPECT_EQ(value.get<&user::name>(), nullptr);
  const patch<address>* const home = value.get<&user::home>();
  ASSERT_NE(home, nullptr);
  EXPECT_EQ(home->get<&address::street>(), nullptr);
  EXPECT_NE(home->get<&address::number>(), nullptr);
}

TEST(patch, leaves_what_is_absent_as_it_is) {
  user kept = known();
  changes(R"({"phone":null,"home":{"street":"Side"},"office":null,"tags":[3],"age":40})")
      .merge_into(kept);
  EXPECT_EQ(kept.name, "Ada");
  EXPECT_FALSE(kept.phone);
  EXPECT_EQ(kept.age, 40);
  EXPECT_EQ(kept.home.street, "Side");
  EXPECT_EQ(kept.home.number, 1);
  EXPECT_FALSE(kept.office);
  EXPECT_EQ(kept.tags, std::vector{3});
  changes(R"({"office":{"street":"New"},"more":null})").merge_into(kept);
  EXPECT_EQ(kept.office->street, "New");
  EXPECT_FALSE(kept.office->number);  // replaced as a whole
  EXPECT_EQ(kept.more->text(), "null");
}

TEST(patch, refuses_what_a_member_cannot_be) {
  const auto sent = read<patch<user>>(
      R"({"name":null,"phone":"12345","age":151,"home":null,"office":{},"tags":null,"nick":1})");
  ASSERT_FALSE(sent);
  EXPECT_EQ(problems_of(sent.error()),
            "/name must be a string, not null\n"
            "/age must be from 0 to 150\n"
            "/home must be an object, not null\n"
            "/office/street is missing\n"
            "/tags must be an array, not null\n"
            "/nick is not known here\n");
  EXPECT_EQ(problems_of(read<patch<user>>(R"({"name":"","phone":"12345"})").error()),
            "/name must have from 1 to 5 characters\n/phone must have at most 4 characters\n");
}

TEST(patch, is_checked_as_a_whole_once_it_is_merged) {
  const auto good = changes(R"({"age":37})").merged(known());
  ASSERT_TRUE(good);
  EXPECT_EQ(good->age, 37);
  const auto bad = changes(R"({"phone":null})").merged(known());
  ASSERT_FALSE(bad);
  EXPECT_EQ(problems_of(bad.error()), "/phone must be there for Ada\n");
}

TEST(patch, is_written_with_what_is_in_it) {
  patch<user> sent;
  EXPECT_EQ(write(sent), "{}");
  sent.set<&user::phone>(std::nullopt).set<&user::name>("Bob");
  patch<address> home;
  home.set<&address::number>(7);
  sent.set<&user::home>(home);
  const std::string text = R"({"name":"Bob","phone":null,"home":{"number":7}})";
  EXPECT_EQ(write(sent), text);
  EXPECT_EQ(write(changes(text)), text);
}

TEST(patch, stands_in_arrays_and_maps) {
  const auto list = read<std::vector<patch<address>>>(R"([{},{"number":null}])");
  ASSERT_TRUE(list);
  EXPECT_EQ(write(*list), R"([{},{"number":null}])");
  const auto map = read<std::map<std::string, patch<address>>>(R"({"a":{"street":"b"}})");
  ASSERT_TRUE(map);
  EXPECT_EQ(write(*map), R"({"a":{"street":"b"}})");
  EXPECT_EQ(problems_of(read<std::vector<patch<address>>>(R"([{"street":1}])").error()),
            "/0/street must be a string, not a number\n");
}

TEST(patch, has_a_schema_of_its_own) {
  buffer out;
  components types;
  types.use = schema_use::read;
  write_schema<patch<address>>(out, types);
  EXPECT_TRUE(out.view().starts_with(R"({"$ref":"#/components/schemas/patch_ferrule.json.)"))
      << out.view();
  write_schema<address>(out, types);
  buffer all;
  types.write(all);
  const std::string text(all.view());
  EXPECT_NE(text.find(R"({"type":"object","properties":{"street":{"type":"string"},)"
                      R"("number":{"anyOf":[{"type":"integer","format":"int32",)"
                      R"("minimum":-2147483648,"maximum":2147483647},{"type":"null"}]}},)"
                      R"("additionalProperties":false})"),
            text.npos)
      << text;
  EXPECT_NE(text.find(R"("address":{)"), text.npos) << text;
}

}  // namespace
}  // namespace ferrule::json
