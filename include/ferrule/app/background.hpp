#pragma once
/// @file
/// Work that is no request: old rows that have to go, a cache that is refreshed, a queue that is
/// emptied. It is given to `serve` among the states, of which it takes those before it.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// struct rates { int version = 0; };                       // one a reactor
/// inline ferrule::task<> refresh(rates& kept) {
///   co_await ferrule::sleep(20ms);                         // a call of another service, say
///   ++kept.version;
/// }
/// inline ferrule::task<> report() {                        // until the service ends
///   while (!co_await ferrule::is_draining()) co_await ferrule::sleep(1s);
/// }
/// inline auto fresh = ferrule::background_per_reactor("refresh", ferrule::every(30s), refresh);
/// inline auto once = ferrule::background("report", report);
/// // serve<routes>(argc, argv, per_reactor([] { return rates{}; }), fresh, once);
/// ```
///
/// **Start.** It begins when its reactor serves. `every(5s)` counts from one beginning to the next;
/// the first is at once, work that takes longer is followed by the next at once, and never runs
/// beside itself. Work without `every` runs once: it may loop, or return and be done.
///
/// **Failure.** An exception is logged with the work's name, and the work begins again a second
/// later; if it fails again, after two seconds, four, and so on up to a minute. A minute without a
/// failure, or an `every` that returned, makes it a second again.
///
/// **End.** When the service begins to drain, nothing begins any more. Work that asks about it, by
/// `drain_begins()` or `is_draining()`, is told, and has the grace of `--drain` to end by itself.
/// What never asked is stopped at once, as is, after the grace, what is left: its await does not
/// return, and destructors run (core/task.hpp). The service waits for that, but not for ever: see
/// `forced_end_after`.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/api/signature.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/drain.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// How often work begins: `every(5s)`. Less than a millisecond counts as one.
class every {
 public:
  template <class Rep, class Period>
  constexpr explicit every(std::chrono::duration<Rep, Period> wait) noexcept
      : period_(std::max<std::chrono::nanoseconds>(saturating_add(mono_time{}, wait) - mono_time{},
                                                   std::chrono::milliseconds(1))) {}
  constexpr std::chrono::nanoseconds period() const noexcept { return period_; }

 private:
  std::chrono::nanoseconds period_;
};

/// One piece of work on one reactor, as `background_runner` runs it.
class background_work {
 public:
  /// `period` is from one beginning to the next; zero for what is to return once.
  background_work(std::string name, std::chrono::nanoseconds period)
      : name_(std::move(name)), period_(period) {}
  background_work(const background_work&) = delete;
  virtual ~background_work() = default;

  const std::string& name() const noexcept { return name_; }
  std::chrono::nanoseconds period() const noexcept { return period_; }
  /// Called each time it begins. What this throws is a failure as well.
  virtual task<> run() = 0;

 private:
  std::string name_;
  std::chrono::nanoseconds period_;
};

/// Runs and supervises the background work of one reactor. `serve` has one for each; a test of
/// work in virtual time uses `test::run_background`.
/// Thread rule: made, used and destroyed on the reactor's thread.
class background_runner {
 public:
  using drained_function = void (*)(void* context) noexcept;

  explicit background_runner(reactor& loop) noexcept;
  background_runner(const background_runner&) = delete;
  background_runner& operator=(const background_runner&) = delete;
  /// Only when nothing was begun, or after draining has ended.
  ~background_runner();

  /// Takes on `work`, which must outlive this. Before `begin`.
  void add(background_work& work);
  /// Begins all of it, unless it is draining already.
  void begin();
  /// Ends all of it as the head of this file says, after `grace` at the latest but for what does
  /// not stop. `done(context)` follows once, perhaps before this returns.
  void drain(std::chrono::nanoseconds grace, drained_function done, void* context);
  /// Some work that has not ended; null when all has.
  const background_work* unfinished() const noexcept;

 private:
  struct job;
  struct grace_timer : timer {
    using timer::timer;
    background_runner* self = nullptr;
  };

  static task<> supervise(job* mine);
  void ended() noexcept;
  void finish() noexcept;

  reactor& loop_;
  std::list<job> jobs_;
  std::size_t running_ = 0;
  grace_timer grace_;
  bool draining_ = false;
  drained_function done_ = nullptr;
  void* done_context_ = nullptr;
};

/// Background work as `serve` takes it.
template <class Function>
struct background_state {
  std::string name;
  std::chrono::nanoseconds period;
  bool is_per_reactor;
  Function run;
};

namespace detail {

template <class Function>
background_state<std::decay_t<Function>> make_background(std::string name,
                                                         std::chrono::nanoseconds period,
                                                         bool is_per_reactor, Function&& run) {
  using function = std::decay_t<Function>;
  using known = signature_of<function>;
  static_assert(std::is_empty_v<function> || std::is_pointer_v<function>,
                "ferrule: background work captures or has members: give that to serve() as state "
                "before it, and take it as T&");
  static_assert(!std::is_void_v<known>,
                "ferrule: background work has no single signature: give its parameters types "
                "instead of auto, and choose among overloads");
  if constexpr (!std::is_void_v<known>) {
    using returned = typename known::result_type;
    static_assert(std::is_void_v<returned> || std::is_same_v<returned, task<>>,
                  "ferrule: background work returns nothing or a task<>, for nobody would take "
                  "what it gives");
  }
  return {std::move(name), period, is_per_reactor, std::forward<Function>(run)};
}

}  // namespace detail

/// Work that runs once a process, on its first reactor. `run` is a function or a lambda without
/// captures that returns a `task<>`, or nothing; it takes states given to `serve` before it, and
/// the `reactor`, by reference. `name` is for the log.
template <class Function>
auto background(std::string name, Function&& run) {
  return detail::make_background(std::move(name), {}, false, std::forward<Function>(run));
}
/// The same from time to time.
template <class Function>
auto background(std::string name, every often, Function&& run) {
  return detail::make_background(std::move(name), often.period(), false,
                                 std::forward<Function>(run));
}
/// The same on every reactor, each with its own states.
template <class Function>
auto background_per_reactor(std::string name, Function&& run) {
  return detail::make_background(std::move(name), {}, true, std::forward<Function>(run));
}
template <class Function>
auto background_per_reactor(std::string name, every often, Function&& run) {
  return detail::make_background(std::move(name), often.period(), true,
                                 std::forward<Function>(run));
}

}  // namespace ferrule
