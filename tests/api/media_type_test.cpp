#include "ferrule/api/media_type.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

TEST(media_type, json_has_one_type_a_suffix_and_one_character_set) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/problem+json", "application/json;",
        "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
        "application/json ; profile=x ; charset=utf-8"}) {
    EXPECT_TRUE(is_json(type)) << type;
  }
  for (const char* type :
       {"", "json", "text/json", "application/jsonp", "+json", "/+json", "a/+json",
        "application/json; charset=latin1", "text/plain; x=application/json"}) {
    EXPECT_FALSE(is_json(type)) << type;
  }
}

}  // namespace
}  // namespace ferrule
