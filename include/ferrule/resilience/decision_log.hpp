#pragma once
/// @file
/// The last decisions of a policy, each with what it was decided on: why was this endpoint ejected,
/// why did the breaker open? Bounded, and JSON writes it as an array, oldest first.
///
/// ```cpp
/// struct choice { std::int64_t at_ns; int picked; int other; };
/// ferrule::decision_log<choice> log(64);
/// log.add({.at_ns = 5, .picked = 1, .other = 2});
/// const int last = log[log.size() - 1].picked;
/// ```

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <vector>

#include "ferrule/core/clock.hpp"

namespace ferrule {

/// How decisions state their time, since JSON has no monotonic clock: nanoseconds since its start.
constexpr std::int64_t nanoseconds_of(mono_time at) noexcept {
  return std::chrono::nanoseconds(at.time_since_epoch()).count();
}

/// A ring of the newest decisions. Its memory is taken when it is made; adding costs a copy of one
/// `Decision` and never allocates. Thread rule: belongs to one thread.
template <class Decision>
class decision_log {
  static_assert(std::is_trivially_copyable_v<Decision>, "a decision is a plain aggregate");

 public:
  /// Goes through the decisions from the oldest to the newest.
  class iterator {
   public:
    using value_type = Decision;
    using difference_type = std::ptrdiff_t;
    using reference = const Decision&;
    using pointer = const Decision*;
    using iterator_category = std::forward_iterator_tag;

    iterator() = default;
    iterator(const decision_log* log, std::size_t at) noexcept : log_(log), at_(at) {}

    reference operator*() const noexcept { return (*log_)[at_]; }
    pointer operator->() const noexcept { return &(*log_)[at_]; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return {log_, at_++}; }
    bool operator==(const iterator&) const = default;

   private:
    const decision_log* log_ = nullptr;
    std::size_t at_ = 0;
  };

  /// Keeps `decisions_max` of them; 0 keeps none and only counts.
  explicit decision_log(std::size_t decisions_max) : decisions_max_(decisions_max) {
    ring_.reserve(decisions_max);
  }

  void add(const Decision& made) noexcept {
    if (ring_.size() < decisions_max_) {
      ring_.push_back(made);
    } else if (decisions_max_ != 0) {
      ring_[total_ % decisions_max_] = made;
    }
    ++total_;
  }

  /// How many are kept.
  std::size_t size() const noexcept { return ring_.size(); }
  bool empty() const noexcept { return ring_.empty(); }
  /// How many there were, so that a reader can tell how many it missed.
  std::uint64_t total() const noexcept { return total_; }
  /// The i-th oldest that is kept; `i` is below `size()`.
  const Decision& operator[](std::size_t i) const noexcept {
    return ring_[(total_ - ring_.size() + i) % decisions_max_];
  }
  iterator begin() const noexcept { return {this, 0}; }
  iterator end() const noexcept { return {this, size()}; }

 private:
  std::size_t decisions_max_;
  std::uint64_t total_ = 0;
  std::vector<Decision> ring_;
};

}  // namespace ferrule
