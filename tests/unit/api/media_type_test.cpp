#include "ferrule/api/media_type.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

TEST(media_type, json_has_one_type_and_a_suffix_and_parameters_change_nothing) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/problem+json", "application/json;",
        "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
        "application/json ; profile=x ; charset=utf-8", "application/json; charset=utf8",
        "application/json; charset=latin1", "application/json\t;a", "a.b/c+JSON;x=y",
        "application/json; profile=\"a;charset=latin1\"; x=\"\\\";\""}) {
    EXPECT_TRUE(is_json(type)) << type;
  }
  for (const char* type :
       {"", "json", "text/json", "application/jsonp", "+json", "/+json", "a/+json",
        "text/plain; x=application/json", "text/plain; x=\";application/json\"",
        ";application/json", "application/json, text/plain", "text/plain, application/json",
        "a b/c+json", "a/b c+json",
        "a/b/c+json", "application /json"}) {
    EXPECT_FALSE(is_json(type)) << type;
  }
}

}  // namespace
}  // namespace ferrule
