// Members that are called otherwise outside than in C++.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "ferrule/json/read.hpp"
#include "ferrule/json/reflect.hpp"
#include "ferrule/json/schema.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::json {
namespace {

struct part {
  std::string content_type;
  std::optional<int> operator_;
  int plain = 1;
  static constexpr renamed json_names[] = {{.member = "content_type", .name = "content-type"},
                                           {.member = "operator_", .name = "a/b~c"}};
  static constexpr member_limits json_limits[] = {
      {.member = "content_type", .size_max = 3}, {.member = "operator_", .min = 1}};
};

TEST(json_names, are_those_of_members_outside) {
  static_assert(member_name<part, 0> == "content-type" && member_name<part, 2> == "plain");
  EXPECT_EQ(write(part{"a/b", 7}), R"({"content-type":"a/b","a/b~c":7,"plain":1})");
  const auto read_back = read<part>(R"({"content-type":"a/b","a/b~c":7,"plain":2})");
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->content_type, "a/b");
  EXPECT_EQ(read_back->operator_, 7);
}

TEST(json_names, stand_in_errors_and_schemas) {
  const auto bad = read<part>(R"({"content-type":"long","a/b~c":0,"plain":1,"content_type":"x"})");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().problems[0].pointer, "/content_type");
  const auto limits = read<part>(R"({"content-type":"long","a/b~c":0,"plain":1})");
  ASSERT_FALSE(limits);
  EXPECT_EQ(limits.error().problems[0].pointer, "/content-type");
  EXPECT_EQ(limits.error().problems[1].pointer, "/a~1b~0c");
  buffer out;
  components types;
  write_schema<part>(out, types);
  types.write(out);
  EXPECT_NE(out.view().find(R"("required":["content-type","plain"])"), std::string_view::npos)
      << out.view();
}

}  // namespace
}  // namespace ferrule::json
