#include "http/server_group.hpp"

#include <new>

#include "ferrule/core/assert.hpp"
#include "ferrule/http/server.hpp"

namespace ferrule::http {

/// A socket on its way to another reactor.
struct group_member::gift : posted {
  explicit gift(group_member& receiver) noexcept : posted(unpack), to(receiver) {}
  group_member& to;
  std::int32_t socket = -1;
};

server_group::server_group(std::size_t servers_max)
    : servers_max_(servers_max), members_(std::make_unique<group_member[]>(servers_max)) {}

server_group::~server_group() = default;

group_member& server_group::join(server& joining, reactor& loop) {
  const std::lock_guard lock(mutex_);
  const std::size_t index = count_.load(std::memory_order_relaxed);
  FERRULE_ASSERT(index != servers_max_, "more servers than the group was made for");
  group_member& joined = members_[index];
  joined.group_ = this;
  joined.server_ = &joining;
  joined.loop_ = &loop;
  joined.takes_ = true;
  count_.store(index + 1, std::memory_order_release);
  return joined;
}

/// The one with the fewest connections, if that is worth the way: a few more here are none the
/// worse where there are many.
group_member* group_member::find_idler() const noexcept {
  const std::uint32_t mine = connections_.load(std::memory_order_relaxed);
  if (mine < 2) return nullptr;
  group_member* found = nullptr;
  std::uint32_t fewest = mine;
  const std::size_t count = group_->count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i != count; ++i) {
    group_member& other = group_->members_[i];
    const std::uint32_t theirs = other.connections_.load(std::memory_order_relaxed);
    if (theirs >= fewest) continue;
    fewest = theirs;
    found = &other;
  }
  return mine >= fewest + 2 + fewest / 8 ? found : nullptr;
}

bool group_member::hand_over(io::handle accepted) noexcept {
  group_member* const to = find_idler();
  if (to == nullptr) return false;
  std::unique_ptr<gift> given(new (std::nothrow) gift(*to));
  if (given == nullptr) return false;
  const std::lock_guard lock(group_->mutex_);
  if (!to->takes_) return false;
  given->socket = loop_->io().release(accepted);
  if (given->socket < 0) return false;
  to->opened();
  ++to->on_the_way_;
  to->loop_->post(*given.release());
  return true;
}

/// On the receiver's reactor.
void group_member::unpack(posted& p) noexcept {
  const std::unique_ptr<gift> given(&static_cast<gift&>(p));
  group_member& self = given->to;
  {
    const std::lock_guard lock(self.group_->mutex_);  // whoever posted it has come back
    --self.on_the_way_;
  }
  self.closed();  // it counts as any other from here on
  self.server_->take_over(given->socket);
}

void group_member::leave() noexcept {
  const std::lock_guard lock(group_->mutex_);
  takes_ = false;
}

bool group_member::is_settled() const noexcept {
  const std::lock_guard lock(group_->mutex_);
  return on_the_way_ == 0;
}

}  // namespace ferrule::http
