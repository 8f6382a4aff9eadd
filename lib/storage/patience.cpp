#include "storage/patience.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace ferrule::storage::detail {

void patience::attach(connection& c) noexcept {
  c.while_busy([](void* self,
                  int tries) { return static_cast<patience*>(self)->sleep(tries) ? 1 : 0; },
               this);
}

bool patience::sleep(int tries) const noexcept {
  constexpr std::chrono::milliseconds pause_max(16);  // nobody tells when the other lets go
  const auto pause = std::min(std::chrono::milliseconds(1) * (1 << std::min(tries, 4)), pause_max);
  const mono_time now = std::chrono::steady_clock::now();
  if (wanted_by_ != nullptr) return wanted_by_->sleep_while_wanted(now + pause);
  if (now >= until_) return false;
  std::this_thread::sleep_until(std::min(now + pause, until_));
  return true;
}

}  // namespace ferrule::storage::detail
