#include "ferrule/core/task.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/when_all.hpp"
#include "manual_loop.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

task<int> immediately(int value) { co_return value; }

task<int> after(mono_time::duration wait, int value) {
  co_await sleep(wait);
  co_return value;
}

task<int> failing_after(mono_time::duration wait) {
  co_await sleep(wait);
  throw std::runtime_error("failed");
}

// Counts how many of its kind are alive, to see that unwinding destroys locals.
struct counted {
  explicit counted(int& count) : alive(count) { ++alive; }
  counted(const counted&) = delete;
  ~counted() { --alive; }
  int& alive;
};

task<> hold(int& alive, mono_time::duration wait) {
  counted here(alive);
  co_await sleep(wait);
}

task<> hold_deep(int& alive, int depth) {
  counted here(alive);
  if (depth == 0) {
    co_await sleep(1h);
  } else {
    co_await hold_deep(alive, depth - 1);
  }
}

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

TEST(sleep, ends_no_earlier_than_asked) {
  manual_loop loop;
  started s(loop, after(10ms, 1));
  loop.advance(9ms);
  EXPECT_TRUE(s.running());
  loop.advance(1ms);
  EXPECT_TRUE(s.completed);
}

TEST(sleep, of_any_length_is_safe) {
  manual_loop loop;
  started s(loop, after(mono_time::duration::max(), 1));
  loop.advance(24h * 365);
  EXPECT_TRUE(s.running());
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
}

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

task<int> spawn_holders(scope& children, int& alive, int count, mono_time::duration wait) {
  for (int i = 0; i < count; ++i) children.spawn(hold(alive, wait));
  co_return count;
}

TEST(scope, waits_for_everything_spawned) {
  manual_loop loop;
  int alive = 0;
  auto work = [](int& count) -> task<int> {
    co_return co_await with_scope(spawn_holders, std::ref(count), 10, 5ms);
  };
  started s(loop, work(alive));
  EXPECT_EQ(alive, 10);
  loop.advance(4ms);
  EXPECT_TRUE(s.running());
  loop.advance(1ms);
  EXPECT_EQ(s.take(), 10);
  EXPECT_EQ(alive, 0);
}

TEST(scope, a_failing_child_stops_the_rest_and_is_rethrown) {
  manual_loop loop;
  int alive = 0;
  auto body = [](scope& children, int& count) -> task<> {
    children.spawn(hold(count, 1h));
    children.spawn([]() -> task<> { co_await failing_after(1ms); }());
    co_await sleep(2h);
  };
  auto work = [](auto inner, int& count) -> task<> { co_await with_scope(inner, std::ref(count)); };
  started s(loop, work(body, alive));
  loop.advance(1ms);
  ASSERT_TRUE(s.completed);
  EXPECT_THROW(s.take(), std::runtime_error);
  EXPECT_EQ(alive, 0);
}

TEST(scope, the_body_may_stop_its_children_and_go_on) {
  manual_loop loop;
  int alive = 0;
  auto body = [](scope& children, int& count) -> task<> {
    children.spawn(hold(count, 1h));
    children.request_stop();
    co_return;
  };
  auto work = [](auto inner, int& count) -> task<int> {
    co_await with_scope(inner, std::ref(count));
    co_return 1;
  };
  started s(loop, work(body, alive));
  loop.drain();
  ASSERT_TRUE(s.completed);
  EXPECT_EQ(s.take(), 1);
  EXPECT_EQ(alive, 0);
}

TEST(scope, cancellation_awaits_all_then_unwinds) {
  manual_loop loop;
  int alive = 0;
  auto work = [](int& count) -> task<> {
    counted here(count);
    co_await with_scope(spawn_holders, std::ref(count), 3, 1h);
  };
  started s(loop, work(alive));
  EXPECT_EQ(alive, 4);
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(alive, 0);
}

TEST(scope, without_a_coroutine_is_stopped_and_drained_by_its_owner) {
  manual_loop loop;
  int alive = 0;
  stop_source stop;
  const environment env{.loop = &loop, .stop = &stop};
  scope s(env);
  s.spawn(hold(alive, 1h));
  s.spawn(hold(alive, 1ms));
  loop.advance(1ms);
  EXPECT_EQ(s.size(), 1U);
  stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.empty());
  EXPECT_EQ(alive, 0);
}

void destroy_a_running_scope() {
  manual_loop loop;
  int alive = 0;
  stop_source stop;
  const environment env{.loop = &loop, .stop = &stop};
  scope s(env);
  s.spawn(hold(alive, 1h));
  std::destroy_at(&s);
}

TEST(scope_death, destroyed_while_tasks_run_ends_the_process) {
  EXPECT_DEATH(destroy_a_running_scope(), "join it");
}

}  // namespace
}  // namespace ferrule
