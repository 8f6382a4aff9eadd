#include "ferrule/resilience/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "ferrule/json/write.hpp"
#include "start.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(rate_limiter, a_burst_and_then_the_rate) {
  rng random(1);
  rate_limiter limiter({.per_second = 10, .burst = 3}, random);
  for (std::uint32_t i = 0; i != 3; ++i) {
    const rate_verdict verdict = limiter.ask("a", start);
    EXPECT_TRUE(verdict.admitted);
    EXPECT_EQ(verdict.left, 2 - i);
  }
  const rate_verdict refused = limiter.ask("a", start + 30ms);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.left, 0U);
  EXPECT_EQ(refused.retry_after, 70ms);
  EXPECT_FALSE(limiter.ask("a", start + 100ms - 1ns).admitted);
  EXPECT_TRUE(limiter.ask("a", start + 100ms).admitted);
  EXPECT_FALSE(limiter.ask("a", start + 100ms).admitted);
  EXPECT_EQ(limiter.ask("a", start + 1h).left, 2U) << "never more than the burst";
  EXPECT_TRUE(limiter.ask("b", start).admitted) << "each key has its own";
}

TEST(rate_limiter, what_costs_more_than_the_burst_is_never_admitted) {
  rng random(1);
  rate_limiter limiter({.per_second = 10, .burst = 3}, random);
  EXPECT_EQ(limiter.ask("a", start, 4).retry_after, nanoseconds::max());
  EXPECT_EQ(limiter.ask("a", start, 0xFFFFFFFF).retry_after, nanoseconds::max());
  EXPECT_TRUE(limiter.ask("a", start, 3).admitted);
  EXPECT_EQ(limiter.ask("a", start, 2).retry_after, 200ms);
  EXPECT_TRUE(limiter.ask("a", start, 0).admitted);
}

TEST(rate_limiter, peeking_takes_nothing_and_keeps_no_key) {
  rng random(1);
  rate_limiter limiter({.per_second = 10, .burst = 1}, random);
  EXPECT_TRUE(limiter.peek("a", start).admitted);
  EXPECT_EQ(limiter.snapshot().keys, 0U);
  EXPECT_TRUE(limiter.ask("a", start).admitted);
  EXPECT_EQ(limiter.peek("a", start).retry_after, 100ms);
  EXPECT_TRUE(limiter.peek("a", start + 100ms).admitted);
}

TEST(rate_limiter, settings_out_of_range_are_brought_into_it) {
  rng random(1);
  for (const double rate : {-1.0, 0.0, std::nan("")}) {
    rate_limiter slowest({.per_second = rate, .burst = 0, .keys_max = 0}, random);
    EXPECT_TRUE(slowest.ask("a", start).admitted);
    EXPECT_EQ(slowest.ask("a", start).retry_after, 1000s);
  }
  rate_limiter largest({.per_second = 1e-9, .burst = 0xFFFFFFFF, .keys_max = 8}, random);
  EXPECT_TRUE(largest.ask("a", start, 1'000'000).admitted);
  EXPECT_EQ(largest.ask("a", start, 1'000'000).retry_after, 1000s * 1'000'000);
  rate_limiter fastest({.per_second = INFINITY, .burst = 1}, random);
  EXPECT_TRUE(fastest.ask("a", start).admitted);
  EXPECT_EQ(fastest.ask("a", start).retry_after, 1us);
}

// Against a bucket that is filled step by step.
TEST(rate_limiter, admits_as_a_token_bucket_does) {
  struct bucket {
    nanoseconds tokens = 5 * 10ms;
    mono_time filled = start;
  };
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    rng random(seed);
    rate_limiter limiter({.per_second = 100, .burst = 5, .keys_max = 1024}, random);
    std::map<std::string, bucket> model;
    mono_time now = start;
    for (int step = 0; step != 1000; ++step) {
      now += nanoseconds(random.below(3'000'000));
      const std::string key = "key " + std::to_string(random.below(4));
      const auto cost = static_cast<std::uint32_t>(1 + random.below(2));
      bucket& own = model[key];
      own.tokens = std::min<nanoseconds>(5 * 10ms, own.tokens + (now - own.filled));
      own.filled = now;
      const bool admitted = own.tokens >= cost * 10ms;
      if (admitted) own.tokens -= cost * 10ms;
      const rate_verdict verdict = limiter.ask(key, now, cost);
      ASSERT_EQ(verdict.admitted, admitted) << seed;
      ASSERT_EQ(verdict.left, own.tokens / 10ms);
      if (!admitted) {
        ASSERT_EQ(verdict.retry_after, cost * 10ms - own.tokens);
      }
    }
  }
}

TEST(rate_limiter, its_keys_are_bounded_and_full_ones_leave_first) {
  rng random(1);
  rate_limiter limiter({.per_second = 1, .burst = 10, .keys_max = 8}, random);
  EXPECT_TRUE(limiter.ask("debtor", start, 10).admitted);
  for (int i = 0; i != 7; ++i) EXPECT_TRUE(limiter.ask(std::to_string(i), start, 1).admitted);
  EXPECT_EQ(limiter.snapshot().keys, 8U);
  EXPECT_EQ(limiter.snapshot().evicted, 0U);

  const mono_time later = start + 1s;  // the seven are full again
  for (int i = 100; i != 200; ++i) EXPECT_TRUE(limiter.ask(std::to_string(i), later, 1).admitted);
  EXPECT_EQ(limiter.snapshot().keys, 8U);
  EXPECT_EQ(limiter.snapshot().evicted, 93U) << "seven had nothing to lose";
  EXPECT_FALSE(limiter.ask("debtor", later, 2).admitted) << "the one that owes most stays";
}

TEST(rate_limiter, keys_spread_over_all_places) {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    rng random(seed);
    rate_limiter limiter({.per_second = 1, .burst = 10, .keys_max = 4096}, random);
    for (int i = 0; i != 512; ++i) limiter.ask("client " + std::to_string(i), start);
    EXPECT_EQ(limiter.snapshot().evicted, 0U) << "512 sets of eight, a key each on average";
  }
}

TEST(rate_limiter, shows_itself_as_json) {
  rng random(1);
  rate_limiter limiter({.per_second = 1, .burst = 1}, random);
  limiter.ask("a", start);
  limiter.ask("a", start);
  EXPECT_EQ(json::write(limiter.snapshot()), R"({"keys":1,"admitted":1,"refused":1,"evicted":0})");
}

}  // namespace
}  // namespace ferrule
