#include "ferrule/core/semaphore.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "ferrule/core/async_mutex.hpp"
#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

using order = std::vector<int>;

task<> hold_permit(semaphore& from, mono_time::duration wait, order& got, int name) {
  const auto permit = co_await from.acquire();
  got.push_back(name);
  co_await sleep(wait);
}

/// `count` tasks that each want a permit for a second, named from 0 on.
struct queue_of_holders {
  queue_of_holders(manual_loop& loop, semaphore& from, int count) {
    for (int i = 0; i != count; ++i) all.emplace_back(loop, hold_permit(from, 1s, got, i));
  }
  order got;
  std::deque<started<void>> all;
};

TEST(semaphore, lets_so_many_in_and_the_rest_in_turn) {
  manual_loop loop;
  semaphore two(2);
  queue_of_holders holders(loop, two, 5);
  EXPECT_EQ(holders.got, (order{0, 1}));
  EXPECT_EQ(two.available(), 0U);
  loop.advance(1s);
  EXPECT_EQ(holders.got, (order{0, 1, 2, 3}));
  loop.advance(1s);
  EXPECT_EQ(holders.got, (order{0, 1, 2, 3, 4}));
  loop.advance(1s);
  EXPECT_EQ(two.available(), 2U);
}

TEST(semaphore, a_newcomer_does_not_overtake_one_that_was_woken) {
  manual_loop loop;
  semaphore one(1);
  auto permit = one.try_acquire();
  queue_of_holders holders(loop, one, 1);
  permit.release();  // wakes the holder, which has not run yet
  EXPECT_FALSE(one.try_acquire());
  loop.drain();
  EXPECT_EQ(holders.got, order{0});
  loop.advance(1s);
  EXPECT_TRUE(one.try_acquire());
}

TEST(semaphore, cancellation_leaves_the_queue_wherever_it_stands) {
  for (const int stopped : {1, 2, 3}) {  // the first, one in the middle and the last that waits
    manual_loop loop;
    semaphore one(1);
    queue_of_holders holders(loop, one, 4);
    holders.all[static_cast<std::size_t>(stopped)].stop.request_stop();
    loop.advance(4s);
    order expected{0, 1, 2, 3};
    std::erase(expected, stopped);
    EXPECT_EQ(holders.got, expected);
    EXPECT_TRUE(holders.all[static_cast<std::size_t>(stopped)].stopped);
    EXPECT_EQ(one.available(), 1U);
  }
}

TEST(semaphore, a_stop_before_the_wait_unwinds_without_a_permit) {
  manual_loop loop;
  semaphore none(0);
  order got;
  auto stopping = [](semaphore& from, stop_source*& stop, order& names) -> task<> {
    co_await sleep(1s);
    stop->request_stop();
    co_await hold_permit(from, 1s, names, 0);
  };
  stop_source* stop = nullptr;
  started s(loop, stopping(none, stop, got));
  stop = &s.stop;
  loop.advance(1s);
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(got, order{});
}

TEST(semaphore, a_stop_after_the_permit_was_handed_over_gives_it_back) {
  manual_loop loop;
  semaphore one(1);
  auto permit = one.try_acquire();
  queue_of_holders holders(loop, one, 2);
  permit.release();
  holders.all[0].stop.request_stop();  // it owns the permit, and unwinds at its next await
  loop.drain();
  EXPECT_TRUE(holders.all[0].stopped);
  EXPECT_EQ(holders.got, (order{0, 1}));
  loop.advance(1s);
  EXPECT_EQ(one.available(), 1U);
}

TEST(semaphore, permits_move_and_are_given_back_once) {
  semaphore two(2);
  auto a = two.try_acquire();
  auto b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): what moving leaves is what is tested
  EXPECT_TRUE(b);
  EXPECT_EQ(two.available(), 1U);
  b.release();
  b.release();
  EXPECT_EQ(two.available(), 2U);
}

TEST(semaphore, many_that_wake_each_other_do_not_pile_up_on_the_stack) {
  manual_loop loop;
  semaphore one(1);
  int held = 0;
  auto pass_on = [](semaphore& from, int& count) -> task<> {
    const auto permit = co_await from.acquire();
    ++count;
  };
  auto permit = one.try_acquire();
  std::deque<started<void>> all;
  constexpr int many = 100'000;
  for (int i = 0; i != many; ++i) all.emplace_back(loop, pass_on(one, held));
  permit.release();
  loop.drain();
  EXPECT_EQ(held, many);
}

TEST(async_mutex, is_held_across_suspensions_by_one_at_a_time) {
  manual_loop loop;
  async_mutex only_one;
  int inside = 0;
  int done = 0;
  auto enter = [](async_mutex& guarded, int& count, int& ended) -> task<> {
    {
      const auto guard = co_await guarded.lock();
      EXPECT_EQ(++count, 1);
      co_await sleep(1s);
      --count;
    }
    ++ended;
  };
  std::deque<started<void>> all;
  for (int i = 0; i != 3; ++i) all.emplace_back(loop, enter(only_one, inside, done));
  EXPECT_TRUE(only_one.is_locked());
  EXPECT_FALSE(only_one.try_lock());
  loop.advance(2s);
  EXPECT_EQ(done, 2);
  loop.advance(1s);
  EXPECT_EQ(done, 3);
  EXPECT_FALSE(only_one.is_locked());
  EXPECT_TRUE(only_one.try_lock());
}

TEST(async_mutex, a_holder_that_is_cancelled_unlocks) {
  manual_loop loop;
  async_mutex only_one;
  auto hold_forever = [](async_mutex& guarded) -> task<> {
    const auto guard = co_await guarded.lock();
    co_await sleep(1h);
  };
  started first(loop, hold_forever(only_one));
  started second(loop, hold_forever(only_one));
  first.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(first.stopped);
  EXPECT_TRUE(only_one.is_locked());
  second.stop.request_stop();
  loop.drain();
  EXPECT_FALSE(only_one.is_locked());
}

}  // namespace
}  // namespace ferrule
