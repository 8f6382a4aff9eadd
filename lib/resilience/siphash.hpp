#pragma once
// A hash whose collisions cannot be chosen without its secret.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferrule::detail {

/// SipHash-2-4: J.-P. Aumasson and D. Bernstein, "SipHash: a fast short-input PRF", 2012.
class siphash {
 public:
  explicit constexpr siphash(const std::array<std::uint64_t, 2>& secret) noexcept
      : v_{secret[0] ^ 0x736F6D6570736575U, secret[1] ^ 0x646F72616E646F6DU,
           secret[0] ^ 0x6C7967656E657261U, secret[1] ^ 0x7465646279746573U} {}

  constexpr std::uint64_t of(std::string_view text) noexcept {
    const std::size_t whole = text.size() / 8 * 8;
    for (std::size_t at = 0; at != whole; at += 8) mix(word_at(text.substr(at, 8)));
    mix(word_at(text.substr(whole)) | std::uint64_t{text.size() & 0xFFU} << 56U);
    v_[2] ^= 0xFFU;
    for (int i = 0; i != 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  // Up to eight bytes, the first one lowest.
  static constexpr std::uint64_t word_at(std::string_view bytes) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i != bytes.size(); ++i) {
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return word;
  }

  constexpr void mix(std::uint64_t word) noexcept {
    v_[3] ^= word;
    round();
    round();
    v_[0] ^= word;
  }

  constexpr void round() noexcept {
    v_[0] += v_[1], v_[2] += v_[3];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0], v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[1], v_[0] += v_[3];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2], v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] = std::rotl(v_[2], 32);
  }

  std::array<std::uint64_t, 4> v_;
};

}  // namespace ferrule::detail
