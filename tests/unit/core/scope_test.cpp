#include "ferrule/core/scope.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

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

TEST(scope, a_call_that_throws_stops_what_it_spawned_and_is_rethrown) {
  manual_loop loop;
  int alive = 0;
  struct body {
    FERRULE_CORO_WRAPPER static task<int> call(scope& children, int& count) {
      children.spawn(hold(count, 1h));
      throw std::runtime_error("no body");
    }
  };
  auto work = [](int& count) -> task<int> {
    co_return co_await with_scope(body::call, std::ref(count));
  };
  started s(loop, work(alive));
  EXPECT_EQ(alive, 1);
  loop.drain();
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
