#include "ferrule/core/sleep.hpp"

#include <gtest/gtest.h>

#include "manual_loop.hpp"
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

}  // namespace
}  // namespace ferrule
