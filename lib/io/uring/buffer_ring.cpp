#include "io/uring/buffer_ring.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace ferrule::io::uring {

buffer_ring::~buffer_ring() {
  if (memory_ != nullptr) ::munmap(memory_, memory_bytes_);
}

std::int32_t buffer_ring::set_up(io_uring* owner, std::uint32_t count,
                                 std::uint32_t buffer_bytes) noexcept {
  constexpr std::uint32_t count_max = 32768;  // the kernel's
  constexpr std::size_t cache_line_bytes = 64;
  count = std::bit_ceil(std::clamp<std::uint32_t>(count, 1, count_max));
  buffer_bytes_ = std::max<std::uint32_t>(buffer_bytes, 1);
  const std::size_t entries_bytes =
      (count * sizeof(io_uring_buf) + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
  memory_bytes_ = entries_bytes + count * buffer_bytes_;
  void* const memory =
      ::mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  memory_ = memory;
  entries_ = static_cast<io_uring_buf*>(memory);
  buffers_ = static_cast<std::byte*>(memory) + entries_bytes;
  mask_ = static_cast<std::uint16_t>(count - 1);

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
  registration.ring_entries = count;
  registration.bgid = group;
  const int failed = io_uring_register_buf_ring(owner, &registration, 0);
  if (failed != 0) return failed;
  for (std::uint32_t id = 0; id < count; ++id) add(static_cast<std::uint16_t>(id));
  publish();
  return 0;
}

}  // namespace ferrule::io::uring
