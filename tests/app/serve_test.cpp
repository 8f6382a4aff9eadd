#include "ferrule/app/serve.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

struct counter {
  static constexpr bool thread_safe = true;
  int hits = 0;
};

TEST(serve, takes_each_kind_of_state) {
  counter common;
  auto own = per_reactor([] { return counter{.hits = 40}; });
  auto all = shared(common);
  detail::state_holder<decltype(own)> mine(own);
  detail::state_holder<decltype(own)> others(own);
  detail::state_holder<decltype(all)> everyones(all);
  ++mine.get().hits;
  EXPECT_EQ(mine.get().hits, 41);
  EXPECT_EQ(others.get().hits, 40);
  EXPECT_EQ(&everyones.get(), &common);
}

}  // namespace
}  // namespace ferrule
