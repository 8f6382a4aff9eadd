#pragma once
/// @file
/// Memory lent to the kernel, from which multishot receives take a buffer when there is data: an
/// idle connection owns none.

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/uring/compat.hpp"

namespace ferrule::io::uring {

/// A ring of equal buffers, registered as one group. Thread rule: as its ring.
class buffer_ring {
 public:
  static constexpr std::uint16_t group = 0;

  buffer_ring() = default;
  buffer_ring(const buffer_ring&) = delete;
  buffer_ring& operator=(const buffer_ring&) = delete;
  /// To be destroyed when nothing in flight can take a buffer any more.
  ~buffer_ring();

  /// Registers `count` buffers, rounded up to a power of 2 of at most 32,768. 0 or -errno.
  std::int32_t set_up(io_uring* owner, std::uint32_t count, std::uint32_t buffer_bytes) noexcept;

  /// What the kernel received into buffer `id`.
  std::span<const std::byte> view(std::uint16_t id, std::size_t size) const noexcept {
    return {buffer(id), size};
  }
  /// Lends buffer `id` to the kernel again.
  void give_back(std::uint16_t id) noexcept {
    add(id);
    publish();
  }

 private:
  std::byte* buffer(std::uint16_t id) const noexcept { return buffers_ + id * buffer_bytes_; }
  void add(std::uint16_t id) noexcept {
    io_uring_buf& entry = entries_[tail_++ & mask_];
    entry.addr = reinterpret_cast<std::uintptr_t>(buffer(id));
    entry.len = static_cast<std::uint32_t>(buffer_bytes_);
    entry.bid = id;
  }
  void publish() noexcept {
    io_uring_smp_store_release(&reinterpret_cast<io_uring_buf_ring*>(entries_)->tail, tail_);
  }

  void* memory_ = nullptr;  // the entries, then the buffers
  std::size_t memory_bytes_ = 0;
  io_uring_buf* entries_ = nullptr;
  std::byte* buffers_ = nullptr;
  std::size_t buffer_bytes_ = 0;
  std::uint16_t mask_ = 0;
  std::uint16_t tail_ = 0;
};

}  // namespace ferrule::io::uring
