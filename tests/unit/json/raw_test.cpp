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

TEST(raw, keeps_its_text_without_space_as_a_member) {
  const auto read = json::read<event>(
      R"({"kind":"k","payload": { "a" : [ 1, -2, 18446744073709551615, 1.50, 1e2, -0.0 ],)"
      R"( "b\n " : [ true, false, null, " \u0041\\\"  ", {}, [ ] ] } ,)"
      R"( "extra":[[1],[2,{"x":3}]]})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload.text(), R"({"a":[1,-2,18446744073709551615,1.50,1e2,-0.0],)"
                                  R"("b\n ":[true,false,null," \u0041\\\"  ",{},[]]})");
  EXPECT_EQ(read->extra->text(), R"([[1],[2,{"x":3}]])");
}

TEST(raw, keeps_numbers_of_any_size_and_precision) {
  const auto read = json::read<event>(
      R"({"extra":[ 1e400 , -100000000000000000000 ],"payload":0.12345678901234567890,"kind":""})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload.text(), "0.12345678901234567890");
  EXPECT_EQ(read->extra->text(), "[1e400,-100000000000000000000]");
}

TEST(raw, each_of_many) {
  const auto read = json::read<std::vector<json::raw>>(
      " [ 1 , \"a,:\" ,[ ],{ },[[2]] , {\"a\":[{}]},true,-1.5e3 ] ");
  ASSERT_TRUE(read);
  std::string all;
  for (const json::raw& each : *read) all.append(each.text()).append(1, '|');
  EXPECT_EQ(all, R"(1|"a,:"|[]|{}|[[2]]|{"a":[{}]}|true|-1.5e3|)");
}

TEST(raw, null_as_a_member) {
  const auto read = json::read<event>(R"({"kind":"k","payload":null,"extra":null})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload, json::raw());
  // Whether it was missing or null is not lost.
  ASSERT_TRUE(read->extra);
  EXPECT_EQ(*read->extra, json::raw());
  EXPECT_EQ(json::write(*read), R"({"kind":"k","payload":null,"extra":null})");
  EXPECT_FALSE(json::read<event>(R"({"kind":"k","payload":null})")->extra);
}

}  // namespace
