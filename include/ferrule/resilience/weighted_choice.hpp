#pragma once
/// @file
/// Chance by weights that change: draws one of many small numbers, each as likely as its weight is
/// large, and leaves out some of them where it is asked to.
///
/// ```cpp
/// ferrule::rng random(1);
/// ferrule::weighted_choice numbers;
/// numbers.set(0, 1);
/// numbers.set(1, 3);  // three times as likely
/// const auto any = numbers.draw(random);
/// const std::uint32_t tried[] = {1};
/// const auto another = numbers.draw(random, tried);  // 0, the only one that is left
/// ```
///
/// Source: P. Fenwick, "A New Data Structure for Cumulative Frequency Tables", 1994.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/core/rng.hpp"

namespace ferrule {

/// Numbers from 0 on with their weights; all others have the weight 0 and are never drawn. Weights
/// add up to less than 2^64. Memory: 8 bytes a number, up to the highest that was set.
/// Cost: O(log numbers) for each operation, and once more for each number that is left out.
/// Thread rule: belongs to one thread.
class weighted_choice {
 public:
  /// Allocates when `number` is above all before it.
  void set(std::uint32_t number, std::uint64_t weight) {
    while (sums_.size() <= number) append();
    const std::uint64_t change = weight - weight_of(number);  // may wrap, and does so back again
    total_ += change;
    for (std::size_t at = number; at < sums_.size(); at |= at + 1) sums_[at] += change;
  }

  std::uint64_t weight_of(std::uint32_t number) const noexcept {
    return number < sums_.size() ? before(number + 1) - before(number) : 0;
  }
  std::uint64_t total() const noexcept { return total_; }
  /// The total without the numbers `left_out`, each of which is there once.
  std::uint64_t total_without(std::span<const std::uint32_t> left_out) const noexcept {
    std::uint64_t rest = total_;
    for (const std::uint32_t each : left_out) rest -= weight_of(each);
    return rest;
  }

  /// One of the numbers, but none of `left_out`, which is in ascending order, and not `nor`. Empty:
  /// there is no other.
  std::optional<std::uint32_t> draw(rng& random, std::span<const std::uint32_t> left_out = {},
                                    std::optional<std::uint32_t> nor = {}) const noexcept {
    const std::uint64_t rest = total_without(left_out) - (nor ? weight_of(*nor) : 0);
    if (rest == 0) return std::nullopt;
    std::uint64_t at = random.below(rest);
    const auto step_over = [&](std::uint32_t number) {
      if (number < sums_.size() && at >= before(number)) at += weight_of(number);
    };
    for (const std::uint32_t each : left_out) {
      if (nor && *nor < each) {
        step_over(*nor);
        nor.reset();
      }
      step_over(each);
    }
    if (nor) step_over(*nor);
    return number_at(at);
  }

 private:
  /// The sum of the weights of all numbers below this one, which is no more than the size.
  std::uint64_t before(std::size_t number) const noexcept {
    std::uint64_t sum = 0;
    for (; number != 0; number &= number - 1) sum += sums_[number - 1];
    return sum;
  }
  /// Whose weight covers this place, when they stand one after the other.
  std::uint32_t number_at(std::uint64_t place) const noexcept {
    std::size_t number = 0;
    for (std::size_t step = std::bit_floor(sums_.size()); step != 0; step /= 2) {
      if (number + step > sums_.size() || sums_[number + step - 1] > place) continue;
      number += step;
      place -= sums_[number - 1];
    }
    return static_cast<std::uint32_t>(number);
  }
  void append() {
    const std::size_t number = sums_.size();
    sums_.push_back(before(number) - before(number & (number + 1)));
  }

  std::vector<std::uint64_t> sums_;  // at n: of the weights from n & (n + 1) to n
  std::uint64_t total_ = 0;
};

}  // namespace ferrule
