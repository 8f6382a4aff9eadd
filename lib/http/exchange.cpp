#include "ferrule/http/exchange.hpp"

#include "ferrule/core/frame_pool.hpp"

namespace ferrule::http {

char* exchange::keep(std::size_t bytes) {
  const std::size_t total = sizeof(kept_block) + bytes;
  void* const memory = frame_pool::allocate(total);
  kept_ = ::new (memory) kept_block{kept_, total};
  return static_cast<char*>(memory) + sizeof(kept_block);
}

void exchange::give_back_kept() noexcept {
  while (kept_ != nullptr) {
    kept_block* const next = kept_->next;
    frame_pool::deallocate(kept_, kept_->bytes);
    kept_ = next;
  }
}

}  // namespace ferrule::http
