#include "ferrule/core/clock.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ferrule {
namespace {

using namespace std::chrono_literals;

static_assert(saturating_add(mono_time(1s), 1ms) == mono_time(1001ms));
static_assert(saturating_add(mono_time(1s), -1s) == mono_time(0s));
static_assert(saturating_add(mono_time(1s), std::chrono::hours::max()) == no_deadline);
static_assert(saturating_add(mono_time(1s), mono_time::duration::max()) == no_deadline);
static_assert(saturating_add(mono_time(1s), std::chrono::hours::min()) == mono_time::min());
static_assert(saturating_add(mono_time(-1s), mono_time::duration::min()) == mono_time::min());

TEST(saturating_add, never_overflows) {
  EXPECT_EQ(saturating_add(no_deadline, 1ns), no_deadline);
  EXPECT_EQ(saturating_add(mono_time(1h), 365 * 24h), mono_time(365 * 24h + 1h));
  EXPECT_EQ(saturating_add(mono_time::max() - 1ns, 1ns), no_deadline);
  EXPECT_EQ(saturating_add(mono_time::min(), -1ns), mono_time::min());
}

TEST(saturating_add, takes_any_floating_duration) {
  using seconds = std::chrono::duration<double>;
  using limits = std::numeric_limits<double>;
  EXPECT_EQ(saturating_add(mono_time(1h), seconds(limits::infinity())), no_deadline);
  EXPECT_EQ(saturating_add(mono_time(1h), seconds(limits::max())), no_deadline);
  EXPECT_EQ(saturating_add(mono_time(1h), seconds(-limits::infinity())), mono_time::min());
  EXPECT_EQ(saturating_add(mono_time(1h), seconds(limits::lowest())), mono_time::min());
  EXPECT_EQ(saturating_add(mono_time(1h), seconds(limits::quiet_NaN())), mono_time(1h));
  // The doubles around the end of what a mono_time holds, where digits are few.
  for (double at = 9'223'372'036.0; at < 9'223'372'037.0; at = std::nextafter(at, 1e300)) {
    EXPECT_GE(saturating_add(mono_time(1h), seconds(at)), mono_time(1h));
    EXPECT_LE(saturating_add(mono_time(-1h), seconds(-at)), mono_time(-1h));
  }
}

}  // namespace
}  // namespace ferrule
