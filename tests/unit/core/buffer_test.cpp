#include "ferrule/core/buffer.hpp"

#include <gtest/gtest.h>

#include <new>
#include <string>

namespace ferrule {
namespace {

TEST(buffer, keeps_what_is_appended_in_one_piece) {
  buffer b;
  EXPECT_TRUE(b.empty());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    b.append(std::to_string(i));
    b.append(',');
    expected += std::to_string(i) + ",";
  }
  EXPECT_EQ(b.view(), expected);
}

TEST(buffer, takes_only_what_is_committed) {
  buffer b;
  char* at = b.prepare(100);
  at[0] = 'a';
  at[1] = 'b';
  EXPECT_TRUE(b.empty());
  b.commit(1);
  EXPECT_EQ(b.view(), "a");
  EXPECT_GE(b.capacity(), 100U);
}

TEST(buffer, keeps_its_memory_when_cleared) {
  buffer b(64);
  const char* const memory = b.data();
  b.append(std::string(64, 'x'));
  b.clear();
  b.append("y");
  EXPECT_EQ(b.data(), memory);
  EXPECT_EQ(b.view(), "y");
}

TEST(buffer, drops_from_both_ends) {
  buffer b;
  b.append("abcdef");
  b.consume(2);
  EXPECT_EQ(b.view(), "cdef");
  b.truncate(2);
  EXPECT_EQ(b.view(), "cd");
  b.consume(2);
  EXPECT_TRUE(b.empty());
  b.append("");
  EXPECT_TRUE(b.empty());
}

TEST(buffer, moves_its_bytes) {
  buffer a;
  a.append("abc");
  buffer b = std::move(a);
  EXPECT_EQ(b.view(), "abc");
  a = buffer();
  EXPECT_EQ(a.capacity(), 0U);
  a.append("d");
  b = std::move(a);
  EXPECT_EQ(b.view(), "d");
}

TEST(buffer, has_a_largest_size) {
  buffer b;
  b.append("x");
  EXPECT_THROW(b.prepare(buffer::bytes_max), std::bad_alloc);
  EXPECT_THROW(b.reserve(buffer::bytes_max + 1), std::bad_alloc);
  EXPECT_EQ(b.view(), "x");
}

}  // namespace
}  // namespace ferrule
