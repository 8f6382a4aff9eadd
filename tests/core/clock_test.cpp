#include "ferrule/core/clock.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

using namespace std::chrono_literals;

static_assert(saturating_add(mono_time(1s), 1ms) == mono_time(1001ms));
static_assert(saturating_add(mono_time(1s), -1s) == mono_time(0s));
static_assert(saturating_add(mono_time(1s), std::chrono::hours::max()) == no_deadline);
static_assert(saturating_add(mono_time(1s), mono_time::duration::max()) == no_deadline);

TEST(saturating_add, never_overflows) {
  EXPECT_EQ(saturating_add(no_deadline, 1ns), no_deadline);
  EXPECT_EQ(saturating_add(mono_time(1h), 365 * 24h), mono_time(365 * 24h + 1h));
}

}  // namespace
}  // namespace ferrule
