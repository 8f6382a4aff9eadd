#include "ferrule/core/now.hpp"

#include <gtest/gtest.h>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

TEST(now, is_the_time_of_the_loop_by_both_clocks) {
  manual_loop loop;
  loop.advance(5s);
  started asked(loop, []() -> task<moment> { co_return co_await now(); }());
  const moment read = asked.take();
  EXPECT_EQ(read.mono, loop.now());
  EXPECT_EQ(read.wall, loop.date());
}

TEST(now, goes_on_while_a_coroutine_waits) {
  manual_loop loop;
  started timed(loop, []() -> task<mono_time::duration> {
    const mono_time began = (co_await now()).mono;
    co_await sleep(7s);
    co_return (co_await now()).mono - began;
  }());
  loop.advance(7s);
  EXPECT_EQ(timed.take(), 7s);
}

}  // namespace
}  // namespace ferrule
