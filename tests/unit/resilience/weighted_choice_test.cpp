#include "ferrule/resilience/weighted_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace ferrule {
namespace {

TEST(weighted_choice, draws_nothing_from_nothing) {
  rng random(1);
  weighted_choice none;
  EXPECT_EQ(none.draw(random), std::nullopt);
  EXPECT_EQ(none.weight_of(3), 0U);
  none.set(5, 0);
  EXPECT_EQ(none.draw(random), std::nullopt);
  none.set(3, 1);
  EXPECT_EQ(none.draw(random), 3U);
  const std::vector<std::uint32_t> tried{3};
  EXPECT_EQ(none.draw(random, tried), std::nullopt);
  EXPECT_EQ(none.draw(random, {}, 3), std::nullopt);
}

// Whatever the sizes, changes and exceptions, weights and sums are those of a plain list.
TEST(weighted_choice, is_what_a_list_of_weights_is) {
  for (std::uint64_t seed = 0; seed != 30; ++seed) {
    rng random(seed);
    weighted_choice tree;
    std::vector<std::uint64_t> list(1 + random.below(70));
    for (int step = 0; step != 300; ++step) {
      const auto number = static_cast<std::uint32_t>(random.below(list.size()));
      list[number] = random.below(3) == 0 ? 0 : random.below(1000);
      tree.set(number, list[number]);
      ASSERT_EQ(tree.total(), std::accumulate(list.begin(), list.end(), std::uint64_t{0}));
      ASSERT_EQ(tree.weight_of(number), list[number]);
      std::vector<std::uint32_t> left_out;
      for (std::uint32_t i = 0; i != list.size(); ++i) {
        if (random.below(4) == 0) left_out.push_back(i);
      }
      std::uint64_t rest = tree.total();
      for (const std::uint32_t each : left_out) rest -= list[each];
      ASSERT_EQ(tree.total_without(left_out), rest);
      const auto drawn = tree.draw(random, left_out);
      ASSERT_EQ(drawn.has_value(), rest != 0);
      if (!drawn) continue;
      ASSERT_NE(list[*drawn], 0U);
      ASSERT_FALSE(std::ranges::binary_search(left_out, *drawn));
      const auto other = tree.draw(random, left_out, *drawn);
      ASSERT_EQ(other.has_value(), rest != list[*drawn]);
      if (other) ASSERT_TRUE(*other != *drawn && !std::ranges::binary_search(left_out, *other));
    }
  }
}

TEST(weighted_choice, draws_in_proportion_to_the_weights_of_those_that_are_left) {
  rng random(7);
  weighted_choice tree;
  const std::vector<std::uint64_t> weights{4, 1, 0, 2, 8, 3, 5};
  for (std::uint32_t i = 0; i != weights.size(); ++i) tree.set(i, weights[i]);
  const std::vector<std::uint32_t> left_out{0, 4};
  std::vector<std::uint64_t> counts(weights.size());
  for (int i = 0; i != 60'000; ++i) ++counts[tree.draw(random, left_out, 3).value()];
  double statistic = 0;
  for (const std::size_t i : {1U, 5U, 6U}) {
    const double expected = 60'000.0 * static_cast<double>(weights[i]) / 9;
    const double off = static_cast<double>(counts[i]) - expected;
    statistic += off * off / expected;
  }
  EXPECT_LT(statistic, 13.8) << "2 degrees of freedom, p = 0.001";
  EXPECT_EQ(counts[1] + counts[5] + counts[6], 60'000U);
}

}  // namespace
}  // namespace ferrule
