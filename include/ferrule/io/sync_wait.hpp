#pragma once
/// @file
/// Runs one task on a reactor from code that is no coroutine: `main` of a tool, a test.
///
/// ```cpp
/// ferrule::task<int> answer() { co_return 42; }
/// std::optional<int> ask(ferrule::reactor& loop) { return ferrule::sync_wait(loop, answer()); }
/// ```

#include <optional>
#include <utility>

#include "ferrule/core/child_group.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// Runs `work` and whatever else the reactor has to do until `work` ends. Returns its value (for
/// void a std::monostate), or nothing when it was stopped through `stop`; throws what it threw.
/// Thread rule: the reactor's thread, outside of its `run`.
template <class T>
std::optional<detail::value_or_monostate<T>> sync_wait(reactor& loop, task<T> work,
                                                       stop_source& stop) {
  detail::noted_end ended;
  const environment env{.loop = &loop, .stop = &stop};
  work.start(env, ended);
  while (!ended.any()) loop.run_once();
  if (ended.stopped) return std::nullopt;
  return detail::take_value(work);
}

template <class T>
std::optional<detail::value_or_monostate<T>> sync_wait(reactor& loop, task<T> work) {
  stop_source never;
  return sync_wait(loop, std::move(work), never);
}

}  // namespace ferrule
