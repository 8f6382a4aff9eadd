#include "ferrule/core/buffer.hpp"

#include <algorithm>
#include <new>

namespace ferrule {

/// Makes room for `count` more bytes.
void buffer::grow(std::size_t count) {
  constexpr std::size_t capacity_min = 64;
  if (count > bytes_max - size_) throw std::bad_alloc();
  const std::size_t doubled = std::min(std::size_t{capacity_} * 2, bytes_max);
  const std::size_t capacity = std::max({size_ + count, doubled, capacity_min});
  std::unique_ptr<char[]> bytes(new char[capacity]);  // not value-initialised: written before read
  if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = static_cast<std::uint32_t>(capacity);
}

}  // namespace ferrule
