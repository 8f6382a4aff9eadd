#include "ferrule/resilience/rate_limiter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "resilience/siphash.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

// A full burst is then at most 10^18 ns, which any time can be moved by.
constexpr double per_second_min = 0.001;
constexpr double per_second_max = 1'000'000;
constexpr std::uint32_t burst_max = 1'000'000;
constexpr std::uint32_t keys_most = 1U << 23U;

nanoseconds interval_of(const rate_limit_settings& settings) {
  constexpr double nanoseconds_per_second = 1e9;
  const double rate = std::isnan(settings.per_second)
                          ? per_second_min
                          : std::clamp(settings.per_second, per_second_min, per_second_max);
  return nanoseconds(std::llround(nanoseconds_per_second / rate));
}

}  // namespace

rate_limiter::rate_limiter(const rate_limit_settings& settings, rng& random)
    : interval_(interval_of(settings)),
      burst_(std::clamp<std::uint32_t>(settings.burst, 1, burst_max)),
      secret_{random(), random()},
      sets_(std::bit_ceil(std::clamp<std::size_t>(settings.keys_max, ways, keys_most) / ways)) {}

// A key is one time: when its burst will be full. Each token moves it on by an interval, and what
// would move it further than a burst from now is refused.
rate_verdict rate_limiter::judge(mono_time full_at, mono_time now,
                                 std::uint32_t cost) const noexcept {
  const nanoseconds owed = std::max(nanoseconds(0), std::max(full_at, now) - now);
  const nanoseconds burst = interval_ * burst_;
  const auto left = static_cast<std::uint32_t>((burst - owed) / interval_);
  if (cost > burst_) return {false, left, nanoseconds::max()};
  const nanoseconds owed_then = owed + interval_ * cost;
  if (owed_then > burst) return {false, left, owed_then - burst};
  return {true, left - cost, nanoseconds(0)};
}

rate_verdict rate_limiter::ask(std::string_view key, mono_time now, std::uint32_t cost) noexcept {
  place& mine = claim(hash_of(key), now);
  const rate_verdict verdict = judge(mine.full_at, now, cost);
  if (verdict.admitted) mine.full_at = std::max(mine.full_at, now) + interval_ * cost;
  ++(verdict.admitted ? counts_.admitted : counts_.refused);
  return verdict;
}

rate_verdict rate_limiter::peek(std::string_view key, mono_time now,
                                std::uint32_t cost) const noexcept {
  const std::uint64_t hash = hash_of(key);
  for (const place& known : sets_[set_of(hash)]) {
    if (known.hash == hash && known.full_at != mono_time::min()) {
      return judge(known.full_at, now, cost);
    }
  }
  return judge(now, now, cost);
}

std::uint64_t rate_limiter::hash_of(std::string_view key) const noexcept {
  return detail::siphash(secret_).of(key);
}

std::size_t rate_limiter::set_of(std::uint64_t hash) const noexcept {
  return hash & (sets_.size() - 1);
}

rate_limiter::place& rate_limiter::claim(std::uint64_t hash, mono_time now) noexcept {
  auto& set = sets_[set_of(hash)];
  place* fullest = set.data();
  for (place& candidate : set) {
    const bool is_used = candidate.full_at != mono_time::min();
    if (is_used && candidate.hash == hash) return candidate;
    if (candidate.full_at < fullest->full_at) fullest = &candidate;
  }
  if (fullest->full_at == mono_time::min()) ++counts_.keys;
  if (fullest->full_at > now) ++counts_.evicted;
  *fullest = {hash, now};
  return *fullest;
}

}  // namespace ferrule
