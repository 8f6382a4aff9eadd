#include "ferrule/resilience/async_bulkhead.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

class async_bulkhead_test : public testing::Test {
 protected:
  /// Takes a slot for `span`; notes its name when it runs, or "-" and its name when refused.
  static task<> work(async_bulkhead* slots, std::chrono::nanoseconds span, int name,
                     std::vector<int>* ran) {
    if (!co_await slots->enter()) {
      ran->push_back(-name);
      co_return;
    }
    ran->push_back(name);
    co_await sleep(span);
    slots->leave();
  }
  template <class T>
  auto run(task<T> all) {
    return test::sim_run(world_, loop_, std::move(all), 1min);
  }

  test::sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");
  std::vector<int> ran_;
};

TEST_F(async_bulkhead_test, runs_some_lets_some_wait_and_refuses_the_rest) {
  async_bulkhead slots({.running_max = 1, .waiting_max = 2, .wait_max = 1s}, loop_);
  const auto all = [](async_bulkhead* to, std::vector<int>* ran) -> task<> {
    co_await when_all(work(to, 10ms, 1, ran), work(to, 10ms, 2, ran), work(to, 10ms, 3, ran),
                      work(to, 10ms, 4, ran));
  };
  run(all(&slots, &ran_));
  EXPECT_EQ(ran_, (std::vector<int>{1, -4, 2, 3})) << "first come, first served";
  EXPECT_EQ(slots.snapshot().running, 0U);
  EXPECT_EQ(slots.snapshot().admitted, 3U);
}

TEST_F(async_bulkhead_test, refuses_who_waited_too_long) {
  async_bulkhead slots({.running_max = 1, .waiting_max = 2, .wait_max = 20ms}, loop_);
  const auto all = [](async_bulkhead* to, std::vector<int>* ran) -> task<> {
    co_await when_all(work(to, 100ms, 1, ran), work(to, 1ms, 2, ran), work(to, 1ms, 3, ran));
  };
  run(all(&slots, &ran_));
  EXPECT_EQ(ran_, (std::vector<int>{1, -2, -3}));
  EXPECT_EQ(slots.snapshot().expired, 2U);
}

TEST_F(async_bulkhead_test, a_cancelled_wait_gives_its_place_up) {
  async_bulkhead slots({.running_max = 1, .waiting_max = 1, .wait_max = 10s}, loop_);
  const auto all = [](async_bulkhead* to, std::vector<int>* ran) -> task<> {
    const auto impatient = [](async_bulkhead* at, std::vector<int>* noted) -> task<> {
      const auto done = co_await with_deadline(10ms, work(at, 1ms, 2, noted));
      EXPECT_FALSE(done.has_value());
      co_await work(at, 1ms, 3, noted);  // the place is free again
    };
    co_await when_all(work(to, 100ms, 1, ran), impatient(to, ran));
  };
  run(all(&slots, &ran_));
  EXPECT_EQ(ran_, (std::vector<int>{1, 3}));
  EXPECT_EQ(slots.snapshot().cancelled, 1U);
  EXPECT_EQ(slots.snapshot().waiting, 0U);
}

}  // namespace
}  // namespace ferrule
