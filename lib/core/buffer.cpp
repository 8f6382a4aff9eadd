#include "ferrule/core/buffer.hpp"

#include <algorithm>

namespace ferrule {

void buffer::grow(std::size_t least) {
  const std::size_t capacity = std::max({least, capacity_ * 2, std::size_t{64}});
  std::unique_ptr<char[]> bytes(new char[capacity]);  // not value-initialised: written before read
  if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace ferrule
