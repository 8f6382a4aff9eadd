#pragma once
/// @file
/// The loop of one thread: completions, timers, and work posted from other threads. A reactor
/// with nothing due sleeps without a timeout.
///
/// ```cpp
/// void run_one_batch(ferrule::reactor& loop) { loop.run_once(); }
/// ```

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "ferrule/core/executor.hpp"
#include "ferrule/core/intrusive_list.hpp"
#include "ferrule/io/backend.hpp"
#include "ferrule/io/timer_wheel.hpp"

namespace ferrule {

/// Work handed to a reactor from another thread; embedded by its owner, which must keep it alive
/// until `run` was called. `run` is called once, on the reactor's thread, and may destroy it.
struct posted {
  using function = void (*)(posted&) noexcept;
  explicit posted(function to_run) noexcept : run(to_run) {}
  posted(const posted&) = delete;
  posted& operator=(const posted&) = delete;
  function run;
  posted* next = nullptr;
};

/// Something that outlives its owner because an operation of it is still under way. It deletes
/// itself when that has ended; what a reactor finds left at its own end it deletes.
class leftover : public list_link<leftover> {
 public:
  virtual ~leftover() = default;
};

/// Which of its process's reactors one is.
struct reactor_place {
  unsigned index = 0;
  unsigned count = 1;
};

/// Where a state of a service lies on one of its reactors.
struct reactor_state {
  void* begin = nullptr;
  std::size_t bytes = 0;
};
/// The same on any of them: the number of a state, and a place in it.
struct state_place {
  std::size_t index = 0;
  std::size_t offset = 0;
};
std::optional<state_place> find_state(std::span<const reactor_state> all, const void* at) noexcept;
void* state_at(std::span<const reactor_state> all, const state_place& place) noexcept;

class reactor_group;

/// One thread's loop over one backend. Make and run it on one thread; only `post` and `stop` may
/// be called from others.
class reactor final : public executor {
 public:
  /// `seed` decides every number that `random()` gives.
  reactor(std::unique_ptr<io::backend> backend, std::uint64_t seed, reactor_place place = {});
  ~reactor();

  io::backend& io() noexcept { return *backend_; }
  /// Which of its process's reactors this is.
  const reactor_place& place() const noexcept { return place_; }

  /// Those that it can ask, itself included; null: it is alone.
  reactor_group* group() const noexcept { return group_; }
  /// What its service has of each state, in the same order on each reactor. They must outlive it,
  /// or be taken away.
  void set_states(std::span<const reactor_state> all) noexcept { states_ = all; }
  std::span<const reactor_state> states() const noexcept { return states_; }

  /// This reactor's share of what its whole process may have, for limits that count on one reactor:
  /// `{.running_max = loop.share_of(100)}`. The shares of all reactors add up to `total`, except
  /// that each is 1 at least.
  std::uint32_t share_of(std::uint32_t total) const noexcept {
    const bool has_one_more = place_.index < total % place_.count;
    return std::max(1U, total / place_.count + (has_one_more ? 1U : 0U));
  }
  /// The same of a rate: an equal part of it.
  double rate_share_of(double total) const noexcept { return total / place_.count; }

  mono_time now() const noexcept override { return backend_->now(); }
  wall_time date() const noexcept override { return backend_->date(); }
  rng& random() noexcept override { return random_; }
  void arm(timer& t, mono_time at) noexcept override { timers_.arm(t, at); }
  void disarm(timer& t) noexcept override { timers_.disarm(t); }

  /// Runs batches until `stop` is called.
  void run();
  /// Runs one batch: what is ready, then whatever completes or falls due until `until` at the
  /// latest. Sleeps only when nothing is ready.
  void run_once(mono_time until = no_deadline);
  /// When the loop has to run next for its own sake: now when something is ready, else its
  /// earliest timer, else `no_deadline`. For a simulated world that runs many reactors.
  mono_time next_due() const noexcept;
  /// Makes `run` return after the current batch. Any thread; async-signal-safe.
  void stop() noexcept;
  /// Takes over what was made by `new` and has an operation under way: should this reactor go
  /// before the operation ends, it is deleted after the backend.
  void take_over(leftover& rest) noexcept { leftovers_.push_back(rest); }
  /// Runs `work.run` on the reactor's thread. Any thread. What is posted after `run` returned is
  /// not run. The reactor must live until the call returns, also when the work itself stops it.
  void post(posted& work) noexcept;

 private:
  friend reactor_group;
  void take_what_came_in_time() noexcept;
  mono_time tidy_up(mono_time& last) const noexcept;
  void run_posted() noexcept;

  std::unique_ptr<io::backend> backend_;
  const reactor_place place_;
  intrusive_list<leftover, leftover> leftovers_;
  timer_wheel timers_;
  rng random_;
  std::span<const reactor_state> states_;
  reactor_group* group_ = nullptr;
  std::atomic<posted*> posted_{nullptr};
  std::atomic<bool> stopping_{false};
};

}  // namespace ferrule
