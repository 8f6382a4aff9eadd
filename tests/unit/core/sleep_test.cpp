#include "ferrule/core/sleep.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

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

TEST(sleep, of_less_than_nothing_ends_at_once) {
  manual_loop loop;
  using seconds = std::chrono::duration<float>;
  started whole(loop, []() -> task<> { co_await sleep(std::chrono::hours::min()); }());
  started floating(loop, []() -> task<> { co_await sleep(seconds(-1e38F)); }());
  started nothing(loop, []() -> task<> { co_await sleep(seconds(NAN)); }());
  loop.advance(0ns);
  EXPECT_TRUE(whole.completed && floating.completed && nothing.completed);
}

}  // namespace
}  // namespace ferrule
