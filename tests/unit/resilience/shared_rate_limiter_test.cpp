#include "ferrule/resilience/shared_rate_limiter.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace ferrule {
namespace {

using namespace std::chrono_literals;

TEST(shared_rate_limiter, admits_as_much_for_all_threads_as_for_one) {
  shared_rate_limiter limiter({.per_second = 1, .burst = 1000});
  const mono_time now(100s);
  std::atomic<std::uint32_t> admitted = 0;
  std::array<std::thread, 4> reactors;
  for (std::thread& each : reactors) {
    each = std::thread([&] {
      for (int i = 0; i != 500; ++i) {
        if (limiter.ask("a client", now).admitted) ++admitted;
      }
    });
  }
  for (std::thread& each : reactors) each.join();
  EXPECT_EQ(admitted, 1000U);
  EXPECT_EQ(limiter.snapshot().admitted, 1000U);
  EXPECT_EQ(limiter.snapshot().refused, 1000U);
}

TEST(shared_rate_limiter, bears_times_that_go_back_a_little) {
  shared_rate_limiter limiter({.per_second = 10, .burst = 1});
  EXPECT_TRUE(limiter.ask("a", mono_time(100s)).admitted);
  const rate_verdict earlier = limiter.ask("a", mono_time(100s) - 1ms);
  EXPECT_FALSE(earlier.admitted);
  EXPECT_EQ(earlier.retry_after, 101ms);
  EXPECT_TRUE(limiter.ask("a", mono_time(100s) + 100ms).admitted);
}

}  // namespace
}  // namespace ferrule
