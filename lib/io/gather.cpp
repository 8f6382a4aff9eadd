#include "ferrule/io/gather.hpp"

#include "ferrule/core/assert.hpp"

namespace ferrule::detail {

gathering::gathering(reactor& home, const void* mine)
    : home_(home),
      home_index_(home.group() == nullptr ? 0 : home.place().index),
      group_(home.group()),
      mine_(const_cast<void*>(mine)),
      seats_(group_ == nullptr ? 1 : group_->size()),
      awaited_(seats_.size()),
      back_([](posted& p) noexcept {
        gathering& self = *static_cast<return_way&>(p).of;
        if (gather_awaiter* const waiter = self.waiter_) {
          gather_awaiter::forget(*waiter);
          waiter->wake();
        }
        self.release();
      }) {
  back_.of = this;
  for (seat& each : seats_) each.of = this;
  if (seats_.size() == 1) return;
  const auto found = find_state(home_.states(), mine);
  FERRULE_ASSERT(found.has_value(), "gather was given what is no state of the service");
  place_ = *found;
}

/// Whether all have answered already.
bool gathering::ask_all() noexcept {
  for (std::size_t i = 0; i != seats_.size(); ++i) {
    if (i == home_index_) continue;
    held_by_.fetch_add(1, std::memory_order_relaxed);
    if (group_->post_to(i, seats_[i])) continue;
    held_by_.fetch_sub(1, std::memory_order_relaxed);
    awaited_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (answer(home_index_, mine_)) {
    seats_[home_index_].answered.store(true, std::memory_order_relaxed);
  }
  return awaited_.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

void gathering::seat::run(posted& p) noexcept {
  auto& self = static_cast<seat&>(p);
  gathering& all = *self.of;
  const auto index = static_cast<std::size_t>(&self - all.seats_.data());
  if (all.answer(index, state_at(self.on->states(), all.place_))) {
    self.answered.store(true, std::memory_order_release);
  }
  all.one_less();
}

/// The last one says so to whoever asked, if that is still there.
void gathering::one_less() noexcept {
  const bool is_last = awaited_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (is_last && group_->post_to(home_index_, back_)) return;  // which releases
  release();
}

}  // namespace ferrule::detail
