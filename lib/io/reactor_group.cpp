#include "ferrule/io/reactor_group.hpp"

namespace ferrule {

void reactor_group::join(reactor& joining) noexcept {
  const std::lock_guard lock(mutex_);
  joining.group_ = this;
  members_[joining.place().index] = &joining;
}

void reactor_group::leave(reactor& leaving) noexcept {
  const std::lock_guard lock(mutex_);
  members_[leaving.place().index] = nullptr;
}

bool reactor_group::post_to(std::size_t index, addressed& work) noexcept {
  const std::lock_guard lock(mutex_);
  reactor* const to = members_[index];
  if (to == nullptr) return false;
  work.on = to;
  to->post(work);
  return true;
}

}  // namespace ferrule
