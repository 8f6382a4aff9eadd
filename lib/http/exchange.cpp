#include "ferrule/http/exchange.hpp"

#include "ferrule/core/frame_pool.hpp"

namespace ferrule::http {

char* exchange::keep(std::size_t bytes) {
  const std::size_t total = sizeof(kept_block) + bytes;
  void* const memory = frame_pool::allocate(total);
  kept_ = ::new (memory) kept_block{kept_, total};
  kept_bytes_ += total;
  return static_cast<char*>(memory) + sizeof(kept_block);
}

void exchange::give_back_kept() noexcept {
  while (kept_ != nullptr) {
    kept_block* const next = kept_->next;
    frame_pool::deallocate(kept_, kept_->bytes);
    kept_ = next;
  }
}

std::optional<std::string_view> exchange::next_filtered_part() {
  for (;;) {
    const body_filter::step step = filter_->next();
    if (!has_room(0)) {
      sink_.refuse(*this, 503, too_much_held);
      return std::nullopt;
    }
    switch (step.is) {
      case body_filter::step::data:
        return step.bytes;
      case body_filter::step::end:
        return std::string_view{};
      case body_filter::step::fault:
        sink_.refuse(*this, step.status, step.reason);
        return std::nullopt;
      case body_filter::step::more:
        break;
    }
    const auto part = sink_.read(*this);
    if (!part) return std::nullopt;
    filter_->give(*part);
  }
}

}  // namespace ferrule::http
