#include "ferrule/json/raw.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace json = ferrule::json;

namespace {

struct event {
  std::string kind;
  json::raw payload;
  std::optional<json::raw> extra;
};

TEST(raw, keeps_a_whole_document_as_it_is) {
  const std::string text = " { \"a\" : [1.50, 1e2, \"\\u0041\"] }\n";
  const auto read = json::read<json::raw>(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), text);
  EXPECT_EQ(json::write(*read), text);
}

TEST(raw, keeps_an_equal_value_as_a_member) {
  const auto read = json::read<event>(
      R"({"kind":"k","payload": { "a" : [ 1, -2, 18446744073709551615, 1.50, 1e2, -0.0 ],)"
      R"( "b\n" : [ true, false, null, "\u0041\"", {}, [] ] }, "extra":[[1],[2,{"x":3}]]})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload.text(), R"({"a":[1,-2,18446744073709551615,1.5,100,-0.0],)"
                                  R"("b\n":[true,false,null,"A\"",{},[]]})");
  EXPECT_EQ(read->extra->text(), R"([[1],[2,{"x":3}]])");
}

TEST(raw, null_as_a_member) {
  const auto read = json::read<event>(R"({"kind":"k","payload":null,"extra":null})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload, json::raw());
  EXPECT_FALSE(read->extra);
}

}  // namespace
