#pragma once
/// @file
/// Random numbers that can be replayed: whatever needs chance (jitter, picking of two, trace ids)
/// takes an `rng&`, and a seed decides everything.
///
/// ```cpp
/// std::uint64_t roll_a_die(ferrule::rng& random) { return 1 + random.below(6); }
/// ```
///
/// Source: xoshiro256** and splitmix64 by Blackman and Vigna, https://prng.di.unimi.it.
/// Not for secrets.

#include <array>
#include <cstdint>

namespace ferrule {

/// A seeded generator of uniform 64-bit numbers. Thread rule: as a plain value.
class rng {
 public:
  using result_type = std::uint64_t;

  explicit constexpr rng(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {  // splitmix64, so that near seeds give far states
      seed += 0x9E3779B97F4A7C15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
      z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
      word = z ^ (z >> 31U);
    }
  }

  static constexpr std::uint64_t min() noexcept { return 0; }
  static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }

  constexpr std::uint64_t operator()() noexcept {
    const std::uint64_t answer = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return answer;
  }

  /// Uniform in [0, bound); 0 when `bound` is 0. The bias is below 2^-32 for bounds below 2^32.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    return bound == 0 ? 0 : (*this)() % bound;
  }

  /// Uniform in [0, 1).
  constexpr double uniform() noexcept { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, unsigned k) noexcept {
    return (x << k) | (x >> (64U - k));
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ferrule
