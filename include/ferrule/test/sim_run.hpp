#pragma once
/// @file
/// Runs a coroutine on one host of a simulated world while the rest of the world goes on.
///
/// ```cpp
/// ferrule::task<int> slow_answer() {
///   co_await ferrule::sleep(std::chrono::hours(10));
///   co_return 42;
/// }
/// std::optional<int> ask(ferrule::test::sim_world& world, ferrule::reactor& client) {
///   return ferrule::test::sim_run(world, client, slow_answer(), std::chrono::hours(11));
/// }
/// ```

#include <chrono>
#include <optional>
#include <utility>

#include "ferrule/core/child_group.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// Runs `work` on `loop`, a reactor of `world`, and everything else in the world, until `work`
/// ends. Returns its value (for void a std::monostate), or nothing when `limit` passed first: then
/// it was asked to stop and unwound. Throws what it threw.
template <class T>
std::optional<ferrule::detail::value_or_monostate<T>> sim_run(
    sim_world& world, reactor& loop, task<T> work,
    std::chrono::nanoseconds limit = std::chrono::hours(1)) {
  ferrule::detail::noted_end ended;
  const auto has_ended = [&ended] { return ended.any(); };
  stop_source stop;
  const environment env{.loop = &loop, .stop = &stop};
  work.start(env, ended);
  if (!world.run_until(has_ended, limit)) {
    stop.request_stop(stop_reason::deadline);
    const bool heard = world.run_until(has_ended);
    FERRULE_ASSERT(heard, "a task went on for an hour after it was asked to stop");
  }
  if (ended.stopped) return std::nullopt;
  return ferrule::detail::take_value(work);
}

}  // namespace ferrule::test
