#include "ferrule/io/reactor.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/frame_pool.hpp"

namespace ferrule {

reactor::reactor(std::unique_ptr<io::backend> backend, std::uint64_t seed, reactor_place place)
    : backend_(std::move(backend)),
      place_(place),
      timers_(backend_->now()),
      random_(seed) {}

reactor::~reactor() {
  backend_.reset();
  while (!leftovers_.empty()) delete &leftovers_.front();
}

std::optional<state_place> find_state(std::span<const reactor_state> all, const void* at) noexcept {
  const auto wanted = reinterpret_cast<std::uintptr_t>(at);
  for (std::size_t i = 0; i != all.size(); ++i) {
    const std::uintptr_t offset = wanted - reinterpret_cast<std::uintptr_t>(all[i].begin);
    if (offset < all[i].bytes) return state_place{i, offset};
  }
  return std::nullopt;
}

void* state_at(std::span<const reactor_state> all, const state_place& place) noexcept {
  return static_cast<std::byte*>(all[place.index].begin) + place.offset;
}

void reactor::run() {
  mono_time tidied = now();
  while (!stopping_.load(std::memory_order_acquire)) run_once(tidy_up(tidied));
  stopping_.store(false, std::memory_order_relaxed);
}

/// Lets the thread's frame pool shrink after a burst, a step at a time. `last` is when it did so.
/// Returns when it is to be done again: never while there is nothing to give back, so that a
/// reactor at rest sleeps.
mono_time reactor::tidy_up(mono_time& last) const noexcept {
  constexpr std::chrono::seconds pause(1);
  if (!frame_pool::has_many()) return no_deadline;
  if (now() - last >= pause) {
    frame_pool::tidy();
    last = now();
  }
  return last + pause;
}

void reactor::run_once(mono_time until) {
  // Only look, do not sleep, when what ran has queued more; nor when anything ran, for it may be
  // what the caller waits for.
  bool busy = has_ready();
  run_ready();
  busy = busy || has_ready();
  backend_->wait(busy ? mono_time::min() : std::min(until, timers_.next_due()));
  take_what_came_in_time();
  run_posted();
  timers_.advance(now());
  run_ready();
}

/// A sleep can end late, since the process was stopped or the machine stood still, and one look
/// brings only a part of what has come meanwhile. A timer must not overtake the input that it is
/// the deadline of: so before timers run the kernel is asked until it has no more, at least once,
/// and then at most for as long as they are late, lest a flood of input hold them up for good.
void reactor::take_what_came_in_time() noexcept {
  const mono_time due = timers_.next_due();
  const mono_time began = now();
  if (due > began) return;
  const auto late_by = began - due;
  while (backend_->wait(mono_time::min()) != 0 && now() - began < late_by) {
  }
}

mono_time reactor::next_due() const noexcept {
  if (has_ready() || posted_.load(std::memory_order_relaxed) != nullptr) return now();
  return timers_.next_due();
}

void reactor::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  backend_->wake();
}

void reactor::post(posted& work) noexcept {
  posted* before = posted_.load(std::memory_order_relaxed);
  do {
    work.next = before;
  } while (!posted_.compare_exchange_weak(before, &work, std::memory_order_release,
                                          std::memory_order_relaxed));
  if (before == nullptr) backend_->wake();  // else whoever put the first one there has woken it
}

void reactor::run_posted() noexcept {
  if (posted_.load(std::memory_order_relaxed) == nullptr) return;
  posted* last_first = posted_.exchange(nullptr, std::memory_order_acquire);
  posted* first = nullptr;
  while (last_first != nullptr) {
    posted& work = *last_first;
    last_first = work.next;
    work.next = first;
    first = &work;
  }
  while (first != nullptr) {
    posted& work = *first;
    first = work.next;
    work.run(work);  // may destroy it
  }
}

}  // namespace ferrule
