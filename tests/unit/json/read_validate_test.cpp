#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/json/read.hpp"

namespace json = ferrule::json;

namespace shop {

struct item {
  std::string name;
  int count;

  void validate(json::violations& problems) const {
    if (count < 1) problems.add("/count", "must be at least 1");
    if (name.empty()) problems.add("/name", "must not be empty");
  }
};
struct order {
  std::vector<item> items;
  std::string note;
};
void validate(const order& checked, json::violations& problems) {
  if (checked.items.empty()) problems.add("/items", "must not be empty");
  if (checked.note == "re-enter") {
    // Reading inside of reading must not disturb the outer document.
    if (!json::read<std::vector<int>>("[1,2,3]")) problems.add("", "cannot read");
  }
}

}  // namespace shop

namespace {

std::string refusal(std::string_view text) {
  const auto read = json::read<std::vector<shop::order>>(text);
  if (read) return "accepted";
  std::string all = std::to_string(static_cast<int>(read.error().kind));
  for (const auto& problem : read.error().problems) {
    all += '|' + std::to_string(static_cast<int>(problem.kind)) + problem.pointer + ' ' +
           problem.message;
  }
  return all;
}

TEST(json_validate, runs_at_every_level_and_lists_all) {
  EXPECT_EQ(refusal(R"([{"items":[{"name":"a","count":1}],"note":""}])"), "accepted");
  EXPECT_EQ(refusal(R"([{"items":[],"note":""},{"items":[{"name":"","count":0}],"note":""}])"),
            "2|2/0/items must not be empty"
            "|2/1/items/0/count must be at least 1"
            "|2/1/items/0/name must not be empty");
}

TEST(json_validate, sees_only_what_was_read_without_a_problem) {
  EXPECT_EQ(refusal(R"([{"items":[{"name":"","count":"x"}],"note":""},{"items":[],"note":""}])"),
            "1|1/0/items/0/count must be a whole number, not a string"
            "|2/1/items must not be empty");
}

TEST(json_validate, may_read_another_document) {
  EXPECT_EQ(refusal(R"([{"items":[{"name":"a","count":1}],"note":"re-enter"},)"
                    R"({"items":[{"name":"b","count":2}],"note":"x"}])"),
            "accepted");
}

}  // namespace
