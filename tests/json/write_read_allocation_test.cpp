// What JSON allocates: nothing to write into a warm buffer, and to read only what the values hold.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace json = ferrule::json;

namespace {

std::size_t allocations = 0;
std::size_t live_bytes = 0;

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

}  // namespace

// NOLINTBEGIN: replacing these functions is how allocations are counted. All of them are, since a
// sanitizer's own do not build on one another.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* block = std::malloc(size);
  ++allocations;
  live_bytes += malloc_usable_size(block);
  return block;
}
void* operator new(std::size_t size) {
  void* block = operator new(size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* block) noexcept {
  live_bytes -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete[](void* block) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t) noexcept { operator delete(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { operator delete(block); }
// NOLINTEND

namespace {

TEST(allocation, writing_into_a_warm_buffer_allocates_nothing) {
  const everything value;
  ferrule::buffer out;
  json::write(out, value);
  const std::string first(out.view());
  out.clear();
  const std::size_t before = allocations;
  json::write(out, value);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(out.view(), first);
}

TEST(allocation, reading_allocates_only_what_the_value_holds) {
  const std::string text = R"({"id":42,"name":"Ada","email":"a@b","balance":1.5,"active":true})";
  ASSERT_TRUE(json::read<user>(text));  // the thread's parser is warm now
  const std::size_t before = allocations;
  const auto read = json::read<user>(text);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(read->name, "Ada");
}

TEST(allocation, memory_for_large_documents_is_given_back) {
  const std::string small = "[1,2,3]";
  const std::string large = '[' + std::string(1'000'000, ' ') + "7]";
  ASSERT_TRUE(json::read<std::vector<int>>(small));
  const std::size_t before = live_bytes;
  ASSERT_TRUE(json::read<std::vector<int>>(large));
  ASSERT_FALSE(json::read<std::vector<int>>(large + ']'));
  EXPECT_LE(live_bytes, before);
}

TEST(allocation, memory_for_common_documents_is_kept_within_bounds) {
  const std::string common = '[' + std::string(30'000, ' ') + "7]";
  ASSERT_TRUE(json::read<int>("1"));
  const std::size_t before = live_bytes;
  ASSERT_TRUE(json::read<json::raw>(common));
  EXPECT_LE(live_bytes - before, 700'000U);
  const std::size_t count = allocations;
  ASSERT_TRUE(json::read<std::vector<bool>>("[]"));
  ASSERT_FALSE(json::read<bool>(common));
  EXPECT_LE(allocations - count, 4U) << "the problem with its message, and nothing for the parser";
}

}  // namespace
