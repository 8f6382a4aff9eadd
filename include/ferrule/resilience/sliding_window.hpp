#pragma once
/// @file
/// A running total of what happened lately: over the last so many slices of time, or over the last
/// so many entries.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// ferrule::mono_time now{};
/// ferrule::sliding_window<int> requests(10, 1s, now);  // ten slices of a second
/// requests.add(now, 1);
/// const int in_ten_seconds = requests.total_at(now);
/// ```

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "ferrule/core/assert.hpp"
#include "ferrule/core/clock.hpp"

namespace ferrule {

/// A ring of slices and their sum. `Slice` begins as `Slice{}` and has `+=` and `-=`, without
/// rounding. Its memory is taken when it is made. Thread rule: belongs to one thread.
template <class Slice>
class sliding_window {
 public:
  /// `slices` slices, at least one, each of `length`, the first beginning at `now`. A window that
  /// only ever gets entries by `push` needs no length.
  sliding_window(std::size_t slices, std::chrono::nanoseconds length, mono_time now)
      : ring_(slices), length_(length), begun_(now) {
    FERRULE_ASSERT(slices > 0, "a sliding window needs a slice");
  }

  /// Counts `more` in the slice of `now`. A time before the newest slice counts as in it. Costs
  /// O(1) if called at least once a slice, and never more than O(slices).
  void add(mono_time now, const Slice& more) noexcept {
    advance(now);
    ring_[newest_] += more;
    total_ += more;
  }
  /// Begins a slice of its own with `entry`, which drives the oldest out: for windows that count
  /// entries instead of time. O(1).
  void push(const Slice& entry) noexcept {
    turn();
    ring_[newest_] += entry;
    total_ += entry;
  }

  /// The sum over all slices at `now`; the oldest slice leaves as a whole. Costs as `add`.
  const Slice& total_at(mono_time now) noexcept {
    advance(now);
    return total_;
  }
  /// The sum as of the last change.
  const Slice& total() const noexcept { return total_; }

  /// Forgets everything; the newest slice begins at `now`. O(slices).
  void clear(mono_time now) noexcept {
    std::fill(ring_.begin(), ring_.end(), Slice{});
    total_ = Slice{};
    begun_ = now;
  }

 private:
  void turn() noexcept {
    newest_ = newest_ + 1 == ring_.size() ? 0 : newest_ + 1;
    total_ -= ring_[newest_];
    ring_[newest_] = Slice{};
  }

  void advance(mono_time now) noexcept {
    FERRULE_DEBUG_ASSERT(length_.count() > 0, "a window of time needs slices with a length");
    if (now - begun_ < length_) return;
    const auto steps = (now - begun_) / length_;
    begun_ += steps * length_;
    const auto turns = std::min(static_cast<std::size_t>(steps), ring_.size());
    for (std::size_t i = 0; i != turns; ++i) turn();
  }

  std::vector<Slice> ring_;
  Slice total_{};
  std::size_t newest_ = 0;
  std::chrono::nanoseconds length_;
  mono_time begun_;  // of the newest slice
};

}  // namespace ferrule
