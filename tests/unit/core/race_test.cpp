#include "ferrule/core/race.hpp"

#include <gtest/gtest.h>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

TEST(race, gives_the_first_and_stops_the_rest) {
  manual_loop loop;
  auto first = []() -> task<std::size_t> {
    auto winner = co_await race(after(1h, 1), after(1ms, 2));
    EXPECT_EQ(std::get<1>(winner), 2);
    co_return winner.index();
  };
  started s(loop, first());
  loop.advance(1ms);
  EXPECT_EQ(s.take(), 1U);
  EXPECT_EQ(loop.armed(), 0U);
}

TEST(race, the_first_may_be_synchronous_or_fail) {
  manual_loop loop;
  auto first = []() -> task<std::size_t> {
    co_return (co_await race(immediately(1), after(1h, 2))).index();
  };
  started s(loop, first());
  loop.drain();
  EXPECT_EQ(s.take(), 0U);

  auto failing = []() -> task<> { co_await race(failing_after(1ms), after(1h, 2)); };
  started f(loop, failing());
  loop.advance(1ms);
  ASSERT_TRUE(f.completed);
  EXPECT_THROW(f.take(), std::runtime_error);
}

TEST(race, cancellation_unwinds) {
  manual_loop loop;
  int alive = 0;
  auto racing = [](int& count) -> task<> { co_await race(hold(count, 1h), hold(count, 2h)); };
  started s(loop, racing(alive));
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
}

TEST(with_deadline, gives_the_value_in_time) {
  manual_loop loop;
  auto timed = []() -> task<int> { co_return (co_await with_deadline(2s, after(1s, 5))).value(); };
  started s(loop, timed());
  loop.advance(1s);
  EXPECT_EQ(s.take(), 5);
  EXPECT_EQ(loop.armed(), 0U);
}

TEST(with_deadline, stops_and_awaits_what_is_late) {
  manual_loop loop;
  int alive = 0;
  auto timed = [](int& count) -> task<bool> {
    auto answer = co_await with_deadline(1s, hold(count, 1h));
    co_return answer.has_value();
  };
  started s(loop, timed(alive));
  loop.advance(1s);
  ASSERT_TRUE(s.completed);
  EXPECT_FALSE(s.take());
  EXPECT_EQ(alive, 0);
}

TEST(with_deadline, an_inner_deadline_is_never_later_than_the_outer) {
  manual_loop loop;
  auto seen = []() -> task<mono_time> {
    const environment& env = co_await current_environment();
    co_return env.deadline;
  };
  auto inner = [](task<mono_time> work) -> task<mono_time> {
    co_return (co_await with_deadline(10s, std::move(work))).value();
  };
  auto outer = [](task<mono_time> work) -> task<mono_time> {
    co_return (co_await with_deadline(1s, std::move(work))).value();
  };
  started s(loop, outer(inner(seen())));
  EXPECT_EQ(s.take(), loop.now() + 1s);
}

TEST(with_deadline, cancellation_from_outside_unwinds) {
  manual_loop loop;
  int alive = 0;
  auto timed = [](int& count) -> task<> {
    counted here(count);
    static_cast<void>(co_await with_deadline(1s, hold(count, 1h)));
  };
  started s(loop, timed(alive));
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(loop.armed(), 0U);
}

}  // namespace
}  // namespace ferrule
