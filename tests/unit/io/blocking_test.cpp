#include "ferrule/io/blocking.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<reactor> reactor_on(io::backend_kind kind) {
  io::made_backend made = io::make_backend({.kind = kind});
  return std::make_unique<reactor>(std::move(made.io), 1);
}

task<std::thread::id> thread_of_work() {
  auto moved = std::make_unique<int>(7);
  co_return co_await run_blocking([kept = std::move(moved)] {
    EXPECT_EQ(*kept, 7);
    return std::this_thread::get_id();
  });
}

TEST(run_blocking, runs_elsewhere_and_resumes_here) {
  for (const auto kind : {io::backend_kind::uring, io::backend_kind::epoll}) {
    const auto loop = reactor_on(kind);
    const auto ran_on = sync_wait(*loop, thread_of_work());
    EXPECT_NE(ran_on, std::this_thread::get_id());
  }
}

TEST(run_blocking, throws_what_the_work_throws) {
  const auto loop = reactor_on(io::backend_kind::automatic);
  auto failing = []() -> task<> { co_await run_blocking([] { throw std::runtime_error("no"); }); };
  EXPECT_THROW(sync_wait(*loop, failing()), std::runtime_error);
}

// More than there are workers: the last is not begun until the first was let go.
TEST(run_blocking, what_has_begun_is_awaited_and_what_has_not_never_begins) {
  const auto loop = reactor_on(io::backend_kind::automatic);
  struct shared_state {
    std::atomic<int> begun = 0;
    std::atomic<bool> let_go = false;
    int given = 0;
  } all;
  auto block = [](shared_state& s) -> task<> {
    co_await run_blocking([&s] {
      ++s.begun;
      s.let_go.wait(false);
    });
    ++s.given;
  };
  stop_source stop;
  const environment env{.loop = loop.get(), .stop = &stop};
  scope children(env);
  constexpr int workers = 4;
  for (int i = 0; i != workers + 1; ++i) children.spawn(block(all));
  while (all.begun != workers) loop->run_once(loop->now() + 1ms);
  stop.request_stop();
  loop->run_once(loop->now() + 1ms);
  EXPECT_EQ(children.size(), std::size_t{workers});
  all.let_go = true;
  all.let_go.notify_all();
  while (!children.empty()) loop->run_once();
  EXPECT_EQ(all.begun, workers);
  EXPECT_EQ(all.given, workers);
}

TEST(run_blocking, takes_virtual_time_in_the_simulated_world) {
  test::sim_world world(1);
  reactor& host = world.add_host("10.0.0.1");
  const mono_time start = world.now();
  stop_source stop;
  const environment env{.loop = &host, .stop = &stop};
  scope children(env);
  std::thread::id ran_on;
  auto note = [](std::thread::id& into) -> task<> { into = co_await thread_of_work(); };
  children.spawn(note(ran_on));
  EXPECT_TRUE(world.run_until([&] { return children.empty(); }));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_GT(world.now(), start);
}

}  // namespace
}  // namespace ferrule
