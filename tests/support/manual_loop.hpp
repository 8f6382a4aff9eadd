#pragma once
// A loop for tests of core: its time moves only when told.

#include <map>

#include "ferrule/core/child_group.hpp"
#include "ferrule/core/executor.hpp"
#include "ferrule/core/task.hpp"

namespace ferrule {

class manual_loop final : public executor {
 public:
  mono_time now() const noexcept override { return now_; }
  wall_time date() const noexcept override { return wall_time{}; }
  rng& random() noexcept override { return random_; }
  void arm(timer& t, mono_time at) noexcept override {
    disarm(t);
    timers_.emplace(at, &t);
  }
  void disarm(timer& t) noexcept override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.second == &t; });
  }

  void drain() {
    while (has_ready()) run_ready();
  }
  /// Moves time forward, firing timers on the way.
  void advance(mono_time::duration by) {
    const mono_time end = now_ + by;
    drain();
    while (!timers_.empty() && timers_.begin()->first <= end) {
      timer& due = *timers_.begin()->second;
      now_ = std::max(now_, timers_.begin()->first);
      timers_.erase(timers_.begin());
      due.expired(due);
      drain();
    }
    now_ = end;
  }
  std::size_t armed() const { return timers_.size(); }

 private:
  mono_time now_{std::chrono::hours(1)};
  rng random_{1};
  std::multimap<mono_time, timer*> timers_;
};

/// A task started as a root, and how it ended.
template <class T>
struct started : detail::receiver {
  started(manual_loop& loop, task<T> t, stop_source* drain = nullptr)
      : receiver{[](receiver& r) noexcept { static_cast<started&>(r).completed = true; },
                 [](receiver& r) noexcept {
                   static_cast<started&>(r).stopped = true;
                   static_cast<started&>(r).work.reset();
                 }},
        env{.loop = &loop, .stop = &stop, .drain = drain},
        work(std::move(t)) {
    work->start(env, *this);
  }
  T take() { return work->take(); }
  bool running() const { return !completed && !stopped; }

  stop_source stop;
  environment env;
  std::optional<task<T>> work;
  bool completed = false;
  bool stopped = false;
};

}  // namespace ferrule
