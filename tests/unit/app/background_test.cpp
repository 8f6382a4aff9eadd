#include "ferrule/app/background.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "ferrule/core/now.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/observe/log.hpp"
#include "ferrule/test/background.hpp"
#include "support/captured_log.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

using std::chrono::milliseconds;
using times = std::vector<milliseconds>;

/// Timers are late by less than that.
milliseconds in_ms(std::chrono::nanoseconds exactly) {
  return std::chrono::floor<milliseconds>(exactly);
}

/// When something happened, counted from the beginning.
struct diary {
  mono_time start;
  times entries{};
  bool has_ended_well = false;

  task<> note() { entries.push_back(in_ms((co_await now()).mono - start)); }
};

class background_on_a_reactor : public testing::Test {
 protected:
  template <class Function>
  milliseconds run(background_state<Function> work, std::chrono::nanoseconds span) {
    seen.start = world_.now();
    return in_ms(test::run_background(world_, loop_, std::move(work), span, seen));
  }

 private:
  test::sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");

 protected:
  diary seen{world_.now()};
};

TEST_F(background_on_a_reactor, begins_at_once_and_again_after_each_period) {
  run(background("note", every(5s), [](diary& d) -> task<> { co_await d.note(); }), 12s);
  EXPECT_EQ(seen.entries, (times{0s, 5s, 10s}));
}

TEST_F(background_on_a_reactor, counts_the_period_from_its_beginning) {
  run(background("slow", every(5s),
                 [](diary& d) -> task<> {
                   co_await d.note();
                   co_await sleep(2s);
                 }),
      12s);
  EXPECT_EQ(seen.entries, (times{0s, 5s, 10s}));
}

TEST_F(background_on_a_reactor, never_runs_beside_itself) {
  run(background("slower", every(5s),
                 [](diary& d) -> task<> {
                   co_await d.note();
                   co_await sleep(7s);
                 }),
      15s);
  EXPECT_EQ(seen.entries, (times{0s, 7s, 14s}));
}

TEST_F(background_on_a_reactor, may_be_a_plain_function) {
  run(background("plain", every(1h), [](diary& d) { d.entries.push_back(0s); }), 150min);
  EXPECT_EQ(seen.entries.size(), 3U);
}

TEST_F(background_on_a_reactor, runs_once_without_a_period) {
  run(background("once", [](diary& d) -> task<> { co_await d.note(); }), 24h);
  EXPECT_EQ(seen.entries, times{0s});
}

TEST_F(background_on_a_reactor, takes_the_reactor) {
  run(background("once",
                 [](reactor& loop, diary& d) { d.entries.push_back(in_ms(loop.now() - d.start)); }),
      1s);
  EXPECT_EQ(seen.entries, times{0s});
}

TEST_F(background_on_a_reactor, begins_again_after_a_failure_later_each_time) {
  captured_log log;
  run(background("broken",
                 [](diary& d) -> task<> {
                   co_await d.note();
                   throw std::runtime_error("no disk");
                 }),
      16s);
  const std::string logged = log.take();
  EXPECT_EQ(seen.entries, (times{0s, 1s, 3s, 7s, 15s}));
  EXPECT_TRUE(logged.starts_with(
      "error: background work broken failed: no disk; begins again in 1s\n"
      "error: background work broken failed: no disk; begins again in 2s\n"))
      << logged;
}

TEST_F(background_on_a_reactor, waits_a_minute_at_most_after_failures) {
  run(background("broken", every(5s),
                 [](diary& d) {
                   d.entries.push_back(0s);
                   throw std::runtime_error("no disk");
                 }),
      1h + 64s);
  EXPECT_EQ(seen.entries.size(), 6U + 61U) << "at 0, 1, 3, 7, 15, 31 and 63 s, then each minute";
}

TEST_F(background_on_a_reactor, is_forgiven_after_a_success_or_a_minute) {
  run(background("moody", every(5s),
                 [](diary& d) -> task<> {
                   co_await d.note();
                   if (d.entries.size() % 2 == 1) throw std::runtime_error("no disk");
                 }),
      14s);
  EXPECT_EQ(seen.entries, (times{0s, 1s, 6s, 7s, 12s, 13s}));
  seen.entries.clear();
  run(background("lasting",
                 [](diary& d) -> task<> {
                   co_await d.note();
                   co_await sleep(1min);
                   throw std::runtime_error("no disk");
                 }),
      123s);
  EXPECT_EQ(seen.entries, (times{0s, 61s, 122s}));
}

TEST_F(background_on_a_reactor, is_stopped_at_once_if_it_never_asks_about_the_end) {
  const auto took = run(background("deaf",
                                   [](diary& d) -> task<> {
                                     co_await sleep(24h);
                                     d.has_ended_well = true;
                                   }),
                        1min);
  EXPECT_EQ(took, 0ms);
  EXPECT_FALSE(seen.has_ended_well);
}

TEST_F(background_on_a_reactor, that_waits_for_the_end_has_the_grace) {
  const auto took = run(background("careful",
                                   [](diary& d) -> task<> {
                                     co_await drain_begins();
                                     co_await sleep(3s);
                                     d.has_ended_well = true;
                                   }),
                        1min);
  EXPECT_EQ(took, 3s);
  EXPECT_TRUE(seen.has_ended_well);
}

TEST_F(background_on_a_reactor, that_asked_about_the_end_ends_what_it_is_at) {
  const auto took = run(background("batches",
                                   [](diary& d) -> task<> {
                                     while (!co_await is_draining()) co_await sleep(7s);
                                     d.has_ended_well = true;
                                   }),
                        1min);
  EXPECT_EQ(took, 3s) << "63 is nine times 7";
  EXPECT_TRUE(seen.has_ended_well);
}

TEST_F(background_on_a_reactor, is_stopped_after_the_grace) {
  const auto took = run(background("late",
                                   [](diary& d) -> task<> {
                                     co_await drain_begins();
                                     co_await sleep(1h);
                                     d.has_ended_well = true;
                                   }),
                        1min);
  EXPECT_EQ(took, 10s);
  EXPECT_FALSE(seen.has_ended_well);
}

TEST_F(background_on_a_reactor, does_not_begin_again_when_the_end_has_begun) {
  const auto between = run(background("pausing", every(1h),
                                      [](diary& d) -> task<> {
                                        co_await is_draining();
                                        co_await d.note();
                                      }),
                           90min);
  EXPECT_EQ(between, 0ms);
  EXPECT_EQ(seen.entries.size(), 2U);
  captured_log log;
  const auto failing = run(background("failing",
                                      [](diary& d) -> task<> {
                                        co_await drain_begins();
                                        co_await d.note();
                                        throw std::runtime_error("too late");
                                      }),
                           1min);
  EXPECT_EQ(log.take(), "error: background work failing failed: too late\n");
  EXPECT_EQ(failing, 0ms);
  EXPECT_EQ(seen.entries.size(), 3U);
}

TEST(background_runner, without_work_is_drained_at_once) {
  test::sim_world world(1);
  background_runner none(world.add_host("10.0.0.1"));
  none.begin();
  bool has_ended = false;
  none.drain(
      10s, [](void* ended) noexcept { *static_cast<bool*>(ended) = true; }, &has_ended);
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(none.unfinished(), nullptr);
}

TEST(every, is_a_millisecond_at_least) {
  EXPECT_EQ(every(0s).period(), 1ms);
  EXPECT_EQ(every(-5s).period(), 1ms);
  EXPECT_EQ(every(std::chrono::hours::max()).period(), std::chrono::nanoseconds::max());
}

}  // namespace
}  // namespace ferrule
