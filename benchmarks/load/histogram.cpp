#include "load/histogram.hpp"

#include <cmath>

#include "ferrule/core/assert.hpp"

namespace ferrule::load {

void histogram::merge(const histogram& other) {
  FERRULE_ASSERT(bits_ == other.bits_, "histograms of different precision");
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i != other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

nanoseconds histogram::mean() const noexcept {
  if (count_ == 0) return nanoseconds(0);
  return nanoseconds(std::llround(sum_ns_ / static_cast<double>(count_)));
}

// Bucket b of an octave with shift s holds the values [m << s, (m + 1) << s), m = b - s * half.
double histogram::middle_of(std::size_t bucket) const noexcept {
  const std::size_t half = std::size_t{1} << (bits_ - 1);
  if (bucket < 2 * half) return static_cast<double>(bucket);
  const std::size_t shift = bucket / half - 1;
  const auto width = static_cast<double>(std::uint64_t{1} << shift);
  const auto lowest = static_cast<double>(bucket - shift * half) * width;
  return lowest + (width - 1) / 2;
}

nanoseconds histogram::quantile(double q) const noexcept {
  if (count_ == 0) return nanoseconds(0);
  const double wanted = std::ceil(q * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  if (rank == count_) return max();
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += counts_[bucket]) < rank) ++bucket;
  const auto value = static_cast<std::int64_t>(middle_of(bucket));
  return nanoseconds(std::clamp(value, min_ns_, max_ns_));
}

}  // namespace ferrule::load
