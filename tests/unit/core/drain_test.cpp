#include "ferrule/core/drain.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/race.hpp"
#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

TEST(drain, is_told_at_its_start) {
  manual_loop loop;
  stop_source notice;
  started s(loop, drain_begins(), &notice);
  loop.drain();
  EXPECT_TRUE(s.running());
  notice.request_stop(stop_reason::drain);
  loop.drain();
  EXPECT_TRUE(s.completed);
  EXPECT_FALSE(s.stop.stop_requested()) << "it is no stop";
}

TEST(drain, is_told_at_once_when_it_has_begun) {
  manual_loop loop;
  stop_source notice;
  notice.request_stop(stop_reason::drain);
  started s(loop, drain_begins(), &notice);
  loop.drain();
  EXPECT_TRUE(s.completed);
}

TEST(drain, never_begins_without_a_service) {
  manual_loop loop;
  started s(loop, drain_begins());
  loop.advance(24h);
  EXPECT_TRUE(s.running());
  s.stop.request_stop();
  loop.drain();
  EXPECT_TRUE(s.stopped);
}

TEST(drain, wins_a_race_and_is_left_when_it_loses_one) {
  manual_loop loop;
  stop_source notice;
  auto event_or_end = []() -> task<std::size_t> {
    co_return (co_await race(after(1s, 1), drain_begins())).index();
  };
  started event(loop, event_or_end(), &notice);
  loop.advance(1s);
  EXPECT_EQ(event.take(), 0U);
  started end(loop, event_or_end(), &notice);
  notice.request_stop(stop_reason::drain);
  loop.drain();
  EXPECT_EQ(end.take(), 1U);
}

TEST(drain, can_be_asked_for) {
  manual_loop loop;
  stop_source notice;
  auto asks = []() -> task<bool> { co_return co_await is_draining(); };
  started before(loop, asks(), &notice);
  EXPECT_FALSE(before.take());
  notice.request_stop(stop_reason::drain);
  started after_it_began(loop, asks(), &notice);
  EXPECT_TRUE(after_it_began.take());
  started elsewhere(loop, asks());
  EXPECT_FALSE(elsewhere.take());
}

}  // namespace
}  // namespace ferrule
