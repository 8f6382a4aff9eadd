#include "ferrule/core/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ferrule {
namespace {

enum class error { not_found, taken };

result<int, error> find(bool there) {
  if (!there) return fail(error::not_found);
  return 42;
}

TEST(result, holds_a_value_or_an_error) {
  EXPECT_TRUE(find(true).has_value());
  EXPECT_EQ(find(true).value(), 42);
  EXPECT_FALSE(find(false));
  EXPECT_EQ(find(false).error(), error::not_found);
  EXPECT_EQ(find(false).value_or(7), 7);
  EXPECT_EQ(find(true).value_or(7), 42);
}

TEST(result, maps_values_and_errors) {
  EXPECT_EQ(find(true).transform([](int v) { return std::to_string(v); }).value(), "42");
  EXPECT_EQ(find(false).transform([](int v) { return v; }).error(), error::not_found);
  EXPECT_EQ(find(false).transform_error([](error) { return 5; }).error(), 5);
  EXPECT_EQ(find(true).and_then([](int) { return find(false); }).error(), error::not_found);
}

TEST(result, of_void_is_success_or_an_error) {
  result<void, error> good;
  EXPECT_TRUE(good);
  result<void, error> bad = fail(error::taken);
  EXPECT_EQ(bad.error(), error::taken);
  EXPECT_EQ(std::move(good).transform([] { return 3; }).value(), 3);
}

TEST(result, carries_move_only_values) {
  result<std::unique_ptr<int>, error> r = std::make_unique<int>(3);
  std::unique_ptr<int> taken = std::move(r).value();
  EXPECT_EQ(*taken, 3);
}

TEST(result, holds_another_result) {
  using inner = result<int, error>;
  using outer = result<inner, char>;
  EXPECT_EQ(outer(inner(3))->value(), 3);
  EXPECT_EQ(outer(inner(fail(error::taken)))->error(), error::taken);
  EXPECT_EQ(outer(fail('c')).error(), 'c');
}

TEST(result_death, reading_the_wrong_side_ends_the_process) {
  EXPECT_DEATH(static_cast<void>(find(false).value()), "holds an error");
  EXPECT_DEATH(static_cast<void>(find(true).error()), "holds a value");
}

}  // namespace
}  // namespace ferrule
