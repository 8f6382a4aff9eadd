#pragma once
/// @file
/// What a coroutine needs of the loop it runs on: the time, chance, timers, and a place in the
/// queue. `reactor` is the one implementation; core code sees only this.
///
/// ```cpp
/// ferrule::mono_time in_a_second(ferrule::executor& loop) {
///   return ferrule::saturating_add(loop.now(), std::chrono::seconds(1));
/// }
/// ```

#include <cstdint>
#include <utility>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/intrusive_list.hpp"
#include "ferrule/core/rng.hpp"

namespace ferrule {

class observer;

/// Something due at a time. It must not move while armed, and must be disarmed before it dies.
/// Its owner embeds it and casts back in `expired`.
struct timer : list_link<timer> {
  using function = void (*)(timer&) noexcept;

  explicit timer(function on_expiry) noexcept : expired(on_expiry) {}

  bool armed() const noexcept { return linked(); }

  function expired;
  mono_time at{};
};

/// Something to run soon on the loop's thread. It must not move nor die while queued.
struct ready {
  using function = void (*)(ready&) noexcept;

  explicit ready(function to_run) noexcept : run(to_run) {}
  ready(const ready&) = delete;
  ready& operator=(const ready&) = delete;

  function run;
  ready* next = nullptr;
  bool queued = false;
};

/// Something that lets others run first, though it could go on. It must not move nor die while
/// queued.
struct yielded {
  using function = void (*)(yielded&) noexcept;

  function goes_on = nullptr;  ///< null while not queued
  yielded* next = nullptr;
};

/// The loop as core code sees it. Thread rule: everything here is for the loop's own thread.
class executor {
 public:
  executor() = default;
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;

  /// The time of the current batch of events: read once a batch, not once a call.
  virtual mono_time now() const noexcept = 0;
  virtual wall_time date() const noexcept = 0;
  virtual rng& random() noexcept = 0;

  /// Calls `t.expired` once, no earlier than `at` and soon after it. Arming again moves it.
  virtual void arm(timer& t, mono_time at) noexcept = 0;
  /// Makes sure that `t.expired` is not called. Harmless when not armed.
  virtual void disarm(timer& t) noexcept = 0;

  /// Hears of each request and call that ends here; null: nobody. Set it before anything is served,
  /// and take it away, by null, before it goes. See observe/observer.hpp.
  void set_observer(observer* hears) noexcept { observer_ = hears; }
  observer* current_observer() const noexcept { return observer_; }

  /// Runs `r.run` after what runs now, before the loop sleeps; in the order of the calls.
  /// Queueing what is queued changes nothing.
  void schedule(ready& r) noexcept {
    if (r.queued) return;
    r.queued = true;
    r.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &r;
    last_ = &r;
  }

  /// How many awaits a coroutine, with those that it awaits, may do before others have their turn.
  static constexpr std::uint32_t awaits_per_turn_max = 128;
  /// For what resumes a coroutine: it has a whole turn.
  void begin_turn() noexcept { awaits_left_ = awaits_per_turn_max; }
  /// For each await, and each child that one starts. False when the turn is over: then the await is
  /// handed to `yield`.
  bool take_await() noexcept {
    if (awaits_left_ == 0) return false;
    --awaits_left_;
    return true;
  }
  /// Calls `goes_on` with a whole turn when all that is ready now, and whatever completed
  /// meanwhile, has run.
  void yield(yielded& y, yielded::function goes_on) noexcept {
    y.goes_on = goes_on;
    y.next = nullptr;
    (last_yielded_ == nullptr ? first_yielded_ : last_yielded_->next) = &y;
    last_yielded_ = &y;
  }

 protected:
  ~executor() = default;

  bool has_ready() const noexcept { return first_ != nullptr || first_yielded_ != nullptr; }
  /// Runs what is queued now; what those queue in turn waits for the next call.
  void run_ready() noexcept {
    run_yielded();
    ready* const batch_last = last_;
    while (first_ != nullptr) {
      ready& r = *first_;
      const bool was_last = &r == batch_last;
      first_ = r.next;
      if (first_ == nullptr) last_ = nullptr;
      r.queued = false;
      r.run(r);  // may destroy r
      if (was_last) break;
    }
  }

 private:
  void run_yielded() noexcept {
    yielded* next = std::exchange(first_yielded_, nullptr);
    last_yielded_ = nullptr;
    while (next != nullptr) {
      yielded& y = *next;
      next = y.next;
      begin_turn();
      std::exchange(y.goes_on, nullptr)(y);  // may destroy y
    }
  }

  std::uint32_t awaits_left_ = awaits_per_turn_max;
  observer* observer_ = nullptr;
  ready* first_ = nullptr;
  ready* last_ = nullptr;
  yielded* first_yielded_ = nullptr;
  yielded* last_yielded_ = nullptr;
};

}  // namespace ferrule
