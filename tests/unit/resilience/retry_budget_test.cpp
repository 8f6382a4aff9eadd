#include "ferrule/resilience/retry_budget.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "ferrule/core/rng.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

TEST(retry_budget, a_new_client_has_the_reserve_of_a_window) {
  const mono_time now(1s);
  retry_budget budget({}, now);
  EXPECT_EQ(budget.balance(now), 100);
  for (int i = 0; i != 100; ++i) EXPECT_TRUE(budget.try_withdraw(now));
  EXPECT_FALSE(budget.try_withdraw(now));
  EXPECT_EQ(budget.balance(now), 0);
  EXPECT_TRUE(budget.try_withdraw(now + 10s));
}

TEST(retry_budget, five_calls_earn_a_retry_that_expires) {
  const mono_time now(1s);
  retry_budget budget({.share = 0.2, .per_second_min = 0}, now);
  for (int i = 0; i != 4; ++i) budget.deposit(now);
  EXPECT_FALSE(budget.try_withdraw(now));
  budget.deposit(now);
  EXPECT_EQ(budget.balance(now + 9999ms), 1);
  EXPECT_EQ(budget.balance(now + 10s), 0);
  EXPECT_FALSE(budget.try_withdraw(now + 10s));
}

TEST(retry_budget, a_withdrawal_outlives_the_deposits_that_paid_for_it) {
  const mono_time now(1s);
  retry_budget budget({.share = 1, .per_second_min = 0}, now);
  budget.deposit(now);
  EXPECT_TRUE(budget.try_withdraw(now + 9s));
  EXPECT_EQ(budget.balance(now + 10s), 0) << "the deposit has left";
  budget.deposit(now + 10s);
  EXPECT_FALSE(budget.try_withdraw(now + 10s));
  EXPECT_EQ(budget.balance(now + 19s), 1);
}

TEST(retry_budget, settings_out_of_range_are_brought_into_it) {
  const mono_time now(1s);
  EXPECT_EQ(retry_budget({.share = -1, .per_second_min = 0}, now).balance(now), 0);
  EXPECT_EQ(retry_budget({.per_second_min = 3, .window = 0s}, now).balance(now), 3);
  EXPECT_EQ(retry_budget({.per_second_min = 3, .window = 1h}, now).balance(now), 180);
  EXPECT_EQ(retry_budget({.per_second_min = 0xFFFFFFFF, .window = 1s}, now).balance(now),
            1'000'000);
  retry_budget none({.share = 0, .per_second_min = 0}, now);
  none.deposit(now);
  EXPECT_FALSE(none.try_withdraw(now));
}

// Whatever the calls and the wish to retry are like.
TEST(retry_budget, never_gives_more_than_its_share_and_its_reserve) {
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    rng random(seed);
    const double share = random.uniform();
    const auto per_second = static_cast<std::uint32_t>(random.below(5));
    retry_budget budget({.share = share, .per_second_min = per_second}, mono_time());
    std::deque<std::int64_t> calls;
    std::deque<std::int64_t> retries;
    std::int64_t ms = 0;
    std::uint64_t refused = 0;
    for (int step = 0; step != 3000; ++step) {
      ms += static_cast<std::int64_t>(random.below(40));
      const mono_time now{std::chrono::milliseconds(ms)};
      if (random.below(2) == 0) {
        budget.deposit(now);
        calls.push_back(ms);
      } else if (budget.try_withdraw(now)) {
        retries.push_back(ms);
        const std::int64_t window_begin = ms / 1000 * 1000 - 9000;
        while (!calls.empty() && calls.front() < window_begin) calls.pop_front();
        while (!retries.empty() && retries.front() < window_begin) retries.pop_front();
        const double allowed =
            (share + 0.0005) * static_cast<double>(calls.size()) + 10 * per_second;
        ASSERT_LE(static_cast<double>(retries.size()), allowed) << seed;
      } else {
        ++refused;
      }
    }
    EXPECT_EQ(budget.snapshot(mono_time(std::chrono::milliseconds(ms))).refusals, refused);
  }
}

TEST(retry_budget, shows_itself_as_json) {
  const mono_time now(1s);
  retry_budget budget({.share = 0.5, .per_second_min = 0}, now);
  budget.deposit(now);
  budget.deposit(now);
  EXPECT_TRUE(budget.try_withdraw(now));
  EXPECT_FALSE(budget.try_withdraw(now));
  EXPECT_EQ(json::write(budget.snapshot(now)),
            R"({"balance":0,"deposits":2,"withdrawals":1,"refusals":1})");
}

}  // namespace
}  // namespace ferrule
