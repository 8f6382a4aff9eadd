#include "ferrule/resilience/bulkhead.hpp"

#include <algorithm>

#include "ferrule/core/assert.hpp"

namespace ferrule {

bulkhead::bulkhead(const bulkhead_settings& settings)
    : running_max_(std::max<std::uint32_t>(settings.running_max, 1)),
      wait_max_(std::max(settings.wait_max, std::chrono::nanoseconds(0))),
      places_(settings.waiting_max),
      free_(settings.waiting_max == 0 ? none : 0) {
  for (std::uint32_t i = 1; i < places_.size(); ++i) places_[i - 1].next = i;
}

bulkhead_entry bulkhead::enter(mono_time now) noexcept {
  // Whoever is still in the queue then is one whose time is up.
  if (counts_.running < running_max_) {
    ++counts_.running;
    ++counts_.admitted;
    return {bulkhead_admission::runs, {}};
  }
  if (free_ == none) {
    ++counts_.refused;
    return {bulkhead_admission::refused, {}};
  }
  const std::uint32_t slot = free_;
  place& taken = places_[slot];
  free_ = taken.next;
  taken = {last_, none, taken.turn, true, saturating_add(now, wait_max_)};
  (last_ == none ? first_ : places_[last_].next) = slot;
  last_ = slot;
  ++counts_.waiting;
  return {bulkhead_admission::waits, {slot, taken.turn}};
}

bulkhead_ticket bulkhead::take_out(std::uint32_t slot) noexcept {
  place& leaving = places_[slot];
  const bulkhead_ticket ticket{slot, leaving.turn};
  (leaving.previous == none ? first_ : places_[leaving.previous].next) = leaving.next;
  (leaving.next == none ? last_ : places_[leaving.next].previous) = leaving.previous;
  leaving = {none, free_, leaving.turn + 1, false, {}};
  free_ = slot;
  --counts_.waiting;
  return ticket;
}

std::optional<bulkhead_ticket> bulkhead::leave(mono_time now) noexcept {
  FERRULE_ASSERT(counts_.running != 0, "leave() of a bulkhead in which nothing runs");
  // All wait equally long, so the last one is the last whose time is up.
  if (last_ == none || places_[last_].expires <= now) {
    --counts_.running;
    return std::nullopt;
  }
  std::uint32_t slot = first_;
  while (places_[slot].expires <= now) slot = places_[slot].next;
  ++counts_.admitted;
  return take_out(slot);
}

std::optional<bulkhead_ticket> bulkhead::expire(mono_time now) noexcept {
  if (first_ == none || places_[first_].expires > now) return std::nullopt;
  ++counts_.expired;
  return take_out(first_);
}

mono_time bulkhead::next_expiry() const noexcept {
  return first_ == none ? no_deadline : places_[first_].expires;
}

bool bulkhead::cancel(bulkhead_ticket ticket) noexcept {
  if (ticket.slot >= places_.size()) return false;
  const place& found = places_[ticket.slot];
  if (!found.is_taken || found.turn != ticket.turn) return false;
  take_out(ticket.slot);
  ++counts_.cancelled;
  return true;
}

bulkhead_snapshot bulkhead::snapshot() const noexcept { return counts_; }

}  // namespace ferrule
