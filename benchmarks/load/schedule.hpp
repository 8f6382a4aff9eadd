#pragma once
// When requests are due: arrivals that do not wait for answers, at a rate that may change in time.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ferrule/core/rng.hpp"

namespace ferrule::load {

/// A stretch of time in which the rate goes from `from` to `to` (requests a second) in a line.
struct rate_stretch {
  double seconds;
  double from;
  double to;
};

/// A rate over time.
using rate_profile = std::vector<rate_stretch>;

/// Reads "1000" (constant), "100..1000" (a ramp), "100,200,400" (steps of equal length), and mixes
/// of them ("100,100..500"). "2k" is 2000. Nothing when it is none of these.
/// The stretches last one second each until `stretched_to`.
std::optional<rate_profile> parse_rate(std::string_view text);

/// The same profile over `seconds`, after `warmup_seconds` at its first rate.
rate_profile stretched_to(const rate_profile& profile, double seconds, double warmup_seconds);

/// How many requests a profile asks for in all.
double requests_in(const rate_profile& profile);

enum class arrival_kind : std::uint8_t { constant, poisson };

/// The times at which one of several threads sends. Constant arrivals of all threads together are
/// evenly spaced; Poisson arrivals of a thread are Poisson arrivals at its share of the rate.
class schedule {
 public:
  /// Of thread `part` among `parts`; `seed` decides Poisson arrivals.
  schedule(rate_profile profile, arrival_kind kind, unsigned part, unsigned parts,
           std::uint64_t seed);

  /// The next arrival, counted from the start; nothing when there are no more.
  std::optional<std::chrono::nanoseconds> next() const noexcept { return next_; }
  /// Goes on to the arrival after it.
  void advance() noexcept;

 private:
  void find_time() noexcept;

  rate_profile profile_;
  arrival_kind kind_;
  double parts_;
  rng random_;
  double position_;  // of the next arrival among those of all threads: the rate's integral
  std::size_t stretch_ = 0;
  double stretch_begins_at_ = 0;    // seconds
  double stretch_begins_with_ = 0;  // position
  std::optional<std::chrono::nanoseconds> next_;
};

}  // namespace ferrule::load
