#pragma once
// Latencies by the million in a few kilobytes: log-linear buckets, exact below 2^bits and within
// 2^-bits of the value above. Histograms of the same precision are merged by adding them up.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ferrule::load {

using nanoseconds = std::chrono::nanoseconds;

/// A distribution of durations. A value is given back as the middle of its bucket, so with the
/// default precision it is off by less than 0.1 %; the least and the greatest are kept exactly.
/// Thread rule: as a plain value.
class histogram {
 public:
  static constexpr unsigned precise_bits = 10;

  /// `bits` of 2 to 20: how many leading bits of a value are kept.
  explicit histogram(unsigned bits = precise_bits) : bits_(bits) {}

  /// Counts a value; a negative one as 0.
  void record(nanoseconds value, std::uint64_t times = 1) {
    const std::int64_t ns = std::max<std::int64_t>(value.count(), 0);
    const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(ns));
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    counts_[bucket] += times;
    count_ += times;
    sum_ns_ += static_cast<double>(ns) * static_cast<double>(times);
    min_ns_ = std::min(min_ns_, ns);
    max_ns_ = std::max(max_ns_, ns);
  }
  /// Adds what another histogram of the same precision counted.
  void merge(const histogram& other);

  std::uint64_t count() const noexcept { return count_; }
  nanoseconds min() const noexcept { return nanoseconds(count_ == 0 ? 0 : min_ns_); }
  nanoseconds max() const noexcept { return nanoseconds(max_ns_); }
  nanoseconds mean() const noexcept;
  /// The least value that at least `q` of the values do not exceed; `q` in [0, 1]. 0 when empty.
  nanoseconds quantile(double q) const noexcept;

 private:
  std::size_t bucket_of(std::uint64_t ns) const noexcept {
    if (ns >> bits_ == 0) return ns;
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - bits_;
    return (std::size_t{shift} << (bits_ - 1)) + (ns >> shift);
  }
  double middle_of(std::size_t bucket) const noexcept;

  unsigned bits_;
  std::vector<std::uint64_t> counts_;  // as long as the greatest value asks for
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  std::int64_t min_ns_ = INT64_MAX;
  std::int64_t max_ns_ = 0;
};

}  // namespace ferrule::load
