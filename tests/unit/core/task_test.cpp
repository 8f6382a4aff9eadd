#include "ferrule/core/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

TEST(task, is_lazy_and_gives_its_value) {
  manual_loop loop;
  bool ran = false;
  auto work = [](bool& flag) -> task<std::string> {
    flag = true;
    co_return "done";
  };
  task<std::string> t = work(ran);
  EXPECT_FALSE(ran);
  started s(loop, std::move(t));
  ASSERT_TRUE(s.completed);
  EXPECT_EQ(s.take(), "done");
}

TEST(task, never_started_is_destroyed_quietly) {
  const auto before = frame_pool::stats().live;
  {
    task<int> t = immediately(1);
  }
  EXPECT_EQ(frame_pool::stats().live, before);
}

TEST(task, carries_exceptions_to_the_awaiter) {
  manual_loop loop;
  auto catching = []() -> task<std::string> {
    try {
      co_await failing_after(0s);
    } catch (const std::runtime_error& e) {
      co_return e.what();
    }
    co_return "nothing thrown";
  };
  started s(loop, catching());
  loop.advance(1ms);
  EXPECT_EQ(s.take(), "failed");
}

TEST(task, carries_move_only_values) {
  manual_loop loop;
  auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  started s(loop, make());
  EXPECT_EQ(*s.take(), 5);
}

TEST(task, a_million_synchronous_awaits_need_no_stack) {
  manual_loop loop;
  auto loop_body = []() -> task<std::int64_t> {
    std::int64_t sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await immediately(1);
    co_return sum;
  };
  started s(loop, loop_body());
  EXPECT_TRUE(s.running()) << "others have their turn";
  loop.drain();
  ASSERT_TRUE(s.completed);
  EXPECT_EQ(s.take(), 1'000'000);
}

TEST(task, frames_are_reused) {
  manual_loop loop;
  started(loop, immediately(1));
  const auto before = frame_pool::stats();
  for (int i = 0; i < 100; ++i) started(loop, immediately(i));
  const auto after_runs = frame_pool::stats();
  EXPECT_EQ(after_runs.allocated - before.allocated, 100U);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
  EXPECT_EQ(after_runs.from_heap, before.from_heap);
#endif
  EXPECT_EQ(after_runs.live, before.live);
}

#ifndef NDEBUG
TEST(task_death, a_frame_freed_on_another_thread_is_detected) {
  EXPECT_DEATH(std::thread([t = std::make_shared<task<int>>(immediately(1))]() mutable {
                 std::shared_ptr<task<int>> last = std::move(t);
               }).join(),
               "another thread");
}
#endif

TEST(cancellation, unwinds_every_frame_innermost_first) {
  manual_loop loop;
  int alive = 0;
  started s(loop, hold_deep(alive, 5));
  EXPECT_EQ(alive, 6);
  s.stop.request_stop();
  EXPECT_EQ(alive, 6) << "a stop never unwinds from inside request_stop";
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(loop.armed(), 0U);
}

TEST(cancellation, that_came_before_the_await_unwinds_too) {
  manual_loop loop;
  int alive = 0;
  auto stop_then_sleep = [](int& count) -> task<> {
    counted here(count);
    const environment& env = co_await current_environment();
    env.stop->request_stop();
    co_await sleep(1h);
  };
  started s(loop, stop_then_sleep(alive));
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
}

TEST(cancellation, does_not_undo_what_completed) {
  manual_loop loop;
  started s(loop, after(1ms, 7));
  loop.advance(1ms);
  s.stop.request_stop();
  EXPECT_EQ(s.take(), 7);
}

}  // namespace
}  // namespace ferrule
