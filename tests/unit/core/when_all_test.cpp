#include "ferrule/core/when_all.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

TEST(when_all, runs_concurrently_and_keeps_the_order) {
  manual_loop loop;
  auto all = []() -> task<int> {
    auto [a, b, c] = co_await when_all(after(30ms, 1), after(10ms, 2), immediately(3));
    co_return a * 100 + b * 10 + c;
  };
  started s(loop, all());
  loop.advance(30ms);
  EXPECT_EQ(s.take(), 123);
}

TEST(when_all, of_a_vector) {
  manual_loop loop;
  auto all = []() -> task<int> {
    std::vector<task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(after(i * 1ms, i));
    int sum = 0;
    for (int value : co_await when_all(std::move(tasks))) sum += value;
    co_return sum;
  };
  started s(loop, all());
  loop.advance(10ms);
  EXPECT_EQ(s.take(), 45);
}

TEST(when_all, a_failure_stops_the_others_and_awaits_them) {
  manual_loop loop;
  int alive = 0;
  auto all = [](int& count) -> task<> {
    co_await when_all(hold(count, 1h), failing_after(1ms), hold(count, 1h));
  };
  started s(loop, all(alive));
  loop.advance(1ms);
  ASSERT_TRUE(s.completed);
  EXPECT_EQ(alive, 0);
  EXPECT_THROW(s.take(), std::runtime_error);
}

TEST(when_all, cancellation_reaches_every_child) {
  manual_loop loop;
  int alive = 0;
  auto all = [](int& count) -> task<> {
    counted here(count);
    co_await when_all(hold(count, 1h), hold(count, 2h));
  };
  started s(loop, all(alive));
  EXPECT_EQ(alive, 3);
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace ferrule
