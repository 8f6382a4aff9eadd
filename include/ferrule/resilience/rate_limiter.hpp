#pragma once
/// @file
/// So many requests a second for each key (a client, a tenant, a token), with a burst, in memory
/// that does not grow with the number of keys.
///
/// ```cpp
/// ferrule::mono_time now{};
/// ferrule::rng random(1);
/// ferrule::rate_limiter limiter({.per_second = 10, .burst = 20, .keys_max = 1000}, random);
/// const ferrule::rate_verdict verdict = limiter.ask("192.0.2.1", now);
/// const bool answer_429 = !verdict.admitted;  // with Retry-After: verdict.retry_after
/// ```
///
/// Sources: the generic cell rate algorithm, ITU-T I.371 (a token bucket that is one time a key);
/// keys are hashed by SipHash-2-4 (J.-P. Aumasson and D. Bernstein, 2012), so that nobody can
/// choose keys that collide.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/rng.hpp"

namespace ferrule {

/// Numbers outside their range are taken as the nearest in it.
struct rate_limit_settings {
  double per_second = 100;        ///< in the long run; from 0.001 to 1,000,000
  std::uint32_t burst = 100;      ///< at once, after a pause; from 1 to 1,000,000
  std::uint32_t keys_max = 4096;  ///< rounded up to eight times a power of two; up to 8,388,608
};

struct rate_verdict {
  bool admitted = false;
  std::uint32_t left = 0;  ///< of the burst
  /// When refused: the time after which as much would be admitted; the largest duration if it never
  /// will be, since it is more than the burst.
  std::chrono::nanoseconds retry_after{0};
};

/// For people and JSON.
struct rate_limit_snapshot {
  std::uint32_t keys = 0;
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
  std::uint64_t evicted = 0;  ///< keys with less than their burst, forgotten for want of memory
};

/// A limiter of `keys_max` keys. A key's place is one of eight; when all are taken, a new key takes
/// that of the key whose burst is nearest to full. If it is full, nothing is lost; if not, that key
/// begins anew with its burst should it return: among too many keys the limiter errs on the side of
/// admitting. A limit for all keys together belongs beside one for each.
/// Memory: 16 bytes a key, taken when it is made. Cost: O(1) and a hash of the key.
/// Thread rule: belongs to one thread; `shared_rate_limiter` is for several.
class rate_limiter {
 public:
  /// `random` gives the hash its secret.
  rate_limiter(const rate_limit_settings& settings, rng& random);

  /// Takes `cost` of the key's tokens, or none.
  rate_verdict ask(std::string_view key, mono_time now, std::uint32_t cost = 1) noexcept;
  /// What `ask` would say, taking nothing.
  rate_verdict peek(std::string_view key, mono_time now, std::uint32_t cost = 1) const noexcept;

  rate_limit_snapshot snapshot() const noexcept { return counts_; }

 private:
  static constexpr std::size_t ways = 8;

  struct place {
    std::uint64_t hash = 0;
    mono_time full_at = mono_time::min();  ///< when its burst is full again; min: never used
  };

  rate_verdict judge(mono_time full_at, mono_time now, std::uint32_t cost) const noexcept;
  std::uint64_t hash_of(std::string_view key) const noexcept;
  std::size_t set_of(std::uint64_t hash) const noexcept;
  place& claim(std::uint64_t hash, mono_time now) noexcept;

  std::chrono::nanoseconds interval_;  ///< in which one token is earned
  std::uint32_t burst_;
  std::array<std::uint64_t, 2> secret_;
  std::vector<std::array<place, ways>> sets_;
  rate_limit_snapshot counts_{};
};

}  // namespace ferrule
