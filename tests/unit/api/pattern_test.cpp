#include "ferrule/api/pattern.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

TEST(pattern, knows_its_method_and_segments) {
  constexpr const pattern& p = parsed_pattern<"DELETE /users/{id}/files/{path...}">;
  EXPECT_EQ(p.verb, method::delete_);
  EXPECT_EQ(p.path(), "/users/{id}/files/{path...}");
  ASSERT_EQ(p.segment_count, 4);
  EXPECT_EQ(p.segments[0].kind, segment_kind::literal);
  EXPECT_EQ(p.segment_text(0), "users");
  EXPECT_EQ(p.segments[1].kind, segment_kind::parameter);
  EXPECT_EQ(p.segment_text(1), "id");
  EXPECT_EQ(p.segments[3].kind, segment_kind::tail);
  EXPECT_EQ(p.segment_text(3), "path");
}

TEST(pattern, counts_and_names_its_placeholders) {
  constexpr const pattern& p = parsed_pattern<"GET /{a}/x/{b}">;
  EXPECT_EQ(p.parameter_count, 2);
  EXPECT_EQ(p.parameter_name(0), "a");
  EXPECT_EQ(p.parameter_name(1), "b");
  EXPECT_EQ(p.parameter_name(2), "");
  EXPECT_EQ(p.parameter_index("b"), 1);
  EXPECT_EQ(p.parameter_index("x"), -1);
}

TEST(pattern, of_the_root_and_with_a_trailing_slash_ends_in_an_empty_segment) {
  EXPECT_EQ(parsed_pattern<"GET /">.segment_count, 1);
  EXPECT_EQ(parsed_pattern<"GET /">.segment_text(0), "");
  EXPECT_EQ(parsed_pattern<"GET /users/">.segment_count, 2);
  EXPECT_EQ(parsed_pattern<"GET /users/">.segment_text(1), "");
}

TEST(pattern, takes_twelve_segments_and_all_characters_of_a_path) {
  EXPECT_EQ(parsed_pattern<"GET /1/2/3/4/5/6/7/8/9/10/11/12">.segment_count, 12);
  EXPECT_EQ(parsed_pattern<"GET /-._~!$&'()*+,;=:@%20Az09">.segment_count, 1);
}

}  // namespace
}  // namespace ferrule
