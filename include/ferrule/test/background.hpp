#pragma once
/// @file
/// Runs background work in virtual time, as `serve` runs it: an hour of it takes a moment.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// struct cache { int refreshed = 0; };
/// inline ferrule::task<> refresh(cache& kept) { ++kept.refreshed; co_return; }
/// inline bool is_refreshed_every_minute() {
///   ferrule::test::sim_world world(1);
///   cache kept;
///   ferrule::test::run_background(world, world.add_host("10.0.0.1"),
///                                 ferrule::background("refresh", ferrule::every(1min), refresh),
///                                 59s, kept);
///   return kept.refreshed == 1;
/// }
/// ```

#include <chrono>
#include <tuple>
#include <utility>

#include "ferrule/app/background.hpp"
#include "ferrule/app/state_list.hpp"
#include "ferrule/core/assert.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// Runs `work` on `loop`, a reactor of `world`, for `span`, and everything else in the world; then
/// ends it as a service does that begins to drain, with a grace of 10 s. `states` are what it takes
/// by reference. Returns how long the end took. What does not stop within an hour ends the process.
template <class Function, class... State>
std::chrono::nanoseconds run_background(sim_world& world, reactor& loop,
                                        background_state<Function> work,
                                        std::chrono::nanoseconds span, State&... states) {
  ferrule::detail::state_holder<background_state<Function>, State...> held(
      work, loop, std::tuple<State&...>(states...));
  background_runner runner(loop);
  runner.add(held);
  runner.begin();
  world.run_for(span);
  bool has_ended = false;
  const mono_time asked = world.now();
  runner.drain(
      std::chrono::seconds(10), [](void* ended) noexcept { *static_cast<bool*>(ended) = true; },
      &has_ended);
  world.run_until([&] { return has_ended; });
  FERRULE_ASSERT(has_ended, "background work went on for an hour after it was asked to end");
  return world.now() - asked;
}

}  // namespace ferrule::test
