#include "ferrule/resilience/shared_rate_limiter.hpp"

#include <sys/random.h>

#include "ferrule/core/assert.hpp"

namespace ferrule {
namespace {

rng seeded_by_the_kernel() noexcept {
  std::uint64_t seed = 0;
  const bool has_seed = ::getrandom(&seed, sizeof seed, 0) == sizeof seed;  // always, by its manual
  FERRULE_ASSERT(has_seed, "getrandom failed");
  return rng(seed);
}

rate_limiter made(const rate_limit_settings& settings) {
  rng random = seeded_by_the_kernel();
  return {settings, random};
}

}  // namespace

shared_rate_limiter::shared_rate_limiter(const rate_limit_settings& settings)
    : limiter_(made(settings)) {}

}  // namespace ferrule
