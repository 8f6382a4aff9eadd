// What JSON allocates: nothing to write into a warm buffer, and to read only what the values hold.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"
#include "support/counted.hpp"

namespace json = ferrule::json;

namespace {

struct user {
  std::uint64_t id;
  std::string name;
  std::string email;
  double balance;
  std::optional<bool> active;
};
struct circle {
  double radius;
};
struct square {
  float side;
};
enum class color { red, green };
struct everything {
  std::vector<user> users{{1, "Ada \"the\" \u00E9\n", "ada@example.com", 0.1, true}, {}};
  std::map<std::string, color> colors{{"a/b", color::green}};
  std::variant<circle, square> figure = square{1.5F};
  std::chrono::system_clock::time_point at{};
  std::chrono::milliseconds wait{5};
  json::raw passed = json::raw::trusted("[1,2,3]");
};

TEST(allocation, writing_into_a_warm_buffer_allocates_nothing) {
  const everything value;
  ferrule::buffer out;
  json::write(out, value);
  const std::string first(out.view());
  out.clear();
  const std::size_t before = ferrule::allocations();
  json::write(out, value);
  EXPECT_EQ(ferrule::allocations(), before);
  EXPECT_EQ(out.view(), first);
}

TEST(allocation, reading_allocates_only_what_the_value_holds) {
  const std::string text = R"({"id":42,"name":"Ada","email":"a@b","balance":1.5,"active":true})";
  ASSERT_TRUE(json::read<user>(text));  // the thread's parser is warm now
  const std::size_t before = ferrule::allocations();
  const auto read = json::read<user>(text);
  EXPECT_EQ(ferrule::allocations(), before);
  EXPECT_EQ(read->name, "Ada");
}

TEST(allocation, memory_for_large_documents_is_given_back) {
  const std::string small = "[1,2,3]";
  const std::string large = '[' + std::string(1'000'000, ' ') + "7]";
  ASSERT_TRUE(json::read<std::vector<int>>(small));
  const std::size_t before = ferrule::allocated_bytes();
  ASSERT_TRUE(json::read<std::vector<int>>(large));
  ASSERT_FALSE(json::read<std::vector<int>>(large + ']'));
  EXPECT_LE(ferrule::allocated_bytes(), before);
}

TEST(allocation, memory_for_common_documents_is_kept_within_bounds) {
  const std::string common = '[' + std::string(30'000, ' ') + "7]";
  ASSERT_TRUE(json::read<int>("1"));
  const std::size_t before = ferrule::allocated_bytes();
  ASSERT_TRUE(json::read<json::raw>(common));
  EXPECT_LE(ferrule::allocated_bytes() - before, 700'000U);
  const std::size_t count = ferrule::allocations();
  ASSERT_TRUE(json::read<std::vector<bool>>("[]"));
  ASSERT_FALSE(json::read<bool>(common));
  EXPECT_LE(ferrule::allocations() - count, 4U)
      << "the problem with its message, and nothing for the parser";
}

}  // namespace
