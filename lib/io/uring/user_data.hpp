#pragma once
/// @file
/// What a submission's 64 bits of user data say: whose it is, and of which start of it.

#include <cstdint>

#include "ferrule/io/backend.hpp"

namespace ferrule::io::uring::user_data {

// User space addresses have 47 bits and operations are aligned: there is room on both sides.
constexpr unsigned generation_shift = 48;
constexpr std::uint64_t brings_handle = 1;  // a result >= 0 is a new descriptor

// No address is as low as these.
constexpr std::uint64_t wake = 2;
constexpr std::uint64_t cancellation = 4;

inline std::uint64_t of(const operation& op) noexcept {
  return reinterpret_cast<std::uintptr_t>(&op) | std::uint64_t{op.generation} << generation_shift;
}

/// Where the operation is, if it is one's.
inline void* place(std::uint64_t data) noexcept {
  constexpr std::uint64_t address = (std::uint64_t{1} << generation_shift) - 1;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel keeps the address as a number
  return reinterpret_cast<void*>(data & address & ~brings_handle);
}

inline operation& target(std::uint64_t data) noexcept {
  return *static_cast<operation*>(place(data));
}

constexpr std::uint16_t generation(std::uint64_t data) noexcept {
  return static_cast<std::uint16_t>(data >> generation_shift);
}

}  // namespace ferrule::io::uring::user_data
