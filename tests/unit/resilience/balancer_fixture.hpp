#pragma once
// A balancer with its own random numbers, for its tests.

#include <cstdint>
#include <optional>
#include <vector>

#include "ferrule/resilience/balancer.hpp"
#include "start.hpp"

namespace ferrule {

inline constexpr balancing all_algorithms[] = {balancing::peak_ewma, balancing::least_request,
                                               balancing::round_robin};

struct balancer_fixture {
  rng random{1};
  balancer endpoints;

  explicit balancer_fixture(balancing algorithm,
                            std::vector<std::uint32_t> weights = {1, 1, 1, 1, 1},
                            std::uint64_t seed = 1)
      : random(seed), endpoints({.algorithm = algorithm}, random) {
    for (const std::uint32_t weight : weights) endpoints.add(weight);
  }
  std::optional<std::uint32_t> pick(mono_time now = start) { return endpoints.pick(now, random); }
  // Picks and ends at once.
  std::uint32_t call(std::chrono::nanoseconds took = std::chrono::milliseconds(1),
                     mono_time now = start) {
    const std::uint32_t endpoint = pick(now).value();
    endpoints.end(endpoint, now, took);
    return endpoint;
  }
  std::vector<std::uint64_t> picks() const {
    std::vector<std::uint64_t> counts;
    for (const auto& e : endpoints.snapshot().endpoints) counts.push_back(e.picks);
    return counts;
  }
};

}  // namespace ferrule
