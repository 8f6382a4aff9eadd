#include "ferrule/io/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>

#include "core/prefetch.hpp"

namespace ferrule {
namespace {

constexpr unsigned tick_bits = 17;  // a tick is 2^17 ns

/// The tick that has begun at `at`.
constexpr std::uint64_t tick_before(mono_time at) noexcept {
  const auto ns = std::max<mono_time::rep>(at.time_since_epoch().count(), 0);
  return static_cast<std::uint64_t>(ns) >> tick_bits;
}

/// The first tick that does not begin before `at`: firing there is never early.
std::uint64_t tick_after(mono_time at) noexcept {
  const auto ns = std::max<mono_time::rep>(at.time_since_epoch().count(), 0);
  constexpr std::uint64_t round_up = (std::uint64_t{1} << tick_bits) - 1;
  return (static_cast<std::uint64_t>(ns) + round_up) >> tick_bits;
}

mono_time start_of(std::uint64_t tick) noexcept {
  constexpr std::uint64_t last = tick_before(no_deadline);
  if (tick > last) return no_deadline;
  return mono_time(std::chrono::nanoseconds(static_cast<std::int64_t>(tick << tick_bits)));
}

}  // namespace

timer_wheel::timer_wheel(mono_time start) noexcept : tick_(tick_before(start)) {}

void timer_wheel::arm(timer& t, mono_time at) noexcept {
  disarm(t);
  t.at = at;
  ++armed_;
  insert(t);
}

void timer_wheel::disarm(timer& t) noexcept {
  if (!t.armed()) return;
  const slot* const emptied = slot::with_only(t);
  t.unlink();
  --armed_;
  // An empty slot must not wake anybody. What `advance` has taken out is in none.
  const std::less<const slot*> before;
  const slot* const end = wheel_.data() + wheel_.size();
  if (emptied == nullptr || before(emptied, wheel_.data()) || !before(emptied, end)) return;
  const auto index = static_cast<std::size_t>(emptied - wheel_.data());
  occupied_[index / slots] &= ~(std::uint64_t{1} << index % slots);
}

mono_time timer_wheel::next_due() const noexcept {
  const place first = first_occupied();
  return first.level == levels ? no_deadline : start_of(first.tick);
}

unsigned timer_wheel::advance(mono_time now) noexcept {
  const std::uint64_t until = std::max(tick_before(now), tick_);
  slot expired;
  for (place first = first_occupied(); first.level != levels && first.tick <= until;
       first = first_occupied()) {
    tick_ = std::max(tick_, first.tick);
    if (first.level == 0) {
      take(first, expired);
      continue;
    }
    // A far slot has become the present: its timers move down.
    slot moving;
    take(first, moving);
    while (!moving.empty()) insert(moving.front());
  }
  tick_ = until;

  // Only now may the timers do as they like: what they arm waits for the next call.
  unsigned fired = 0;
  for (; !expired.empty(); ++fired) {
    timer& t = expired.front();
    disarm(t);
    // The next one is mostly in the middle of a coroutine's frame, which went cold as it slept.
    if (!expired.empty()) prefetch(&expired.front(), 192, 256);
    t.expired(t);  // may destroy t
  }
  return fired;
}

/// A timer goes to the level of the highest digit in which its tick differs from the present one,
/// so that every occupied slot lies ahead of the present and lower levels come first. What is
/// overdue goes to the present slot of level 0, which is empty otherwise.
void timer_wheel::insert(timer& t) noexcept {
  const std::uint64_t due = std::max(tick_after(t.at), tick_);
  const auto differing = static_cast<unsigned>(std::bit_width(due ^ tick_));
  const unsigned level = differing == 0 ? 0 : (differing - 1) / slot_bits;
  const auto index = static_cast<unsigned>(due >> (level * slot_bits)) % slots;
  occupied_[level] |= std::uint64_t{1} << index;
  wheel_[level * slots + index].push_back(t);
}

void timer_wheel::take(place from, slot& into) noexcept {
  const auto index = static_cast<unsigned>(from.tick >> (from.level * slot_bits)) % slots;
  occupied_[from.level] &= ~(std::uint64_t{1} << index);
  into.append(wheel_[from.level * slots + index]);
}

timer_wheel::place timer_wheel::first_occupied() const noexcept {
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned shift = level * slot_bits;
    const auto index = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
    const std::uint64_t above = tick_ >> shift >> slot_bits;
    return {level, (above << slot_bits | index) << shift};
  }
  return {levels, 0};
}

}  // namespace ferrule
