#pragma once
/// @file
/// Takes endpoints out of balancing that are dead, or fail where others do not, for a time that
/// grows with each ejection.
///
/// ```cpp
/// #include "ferrule/resilience/balancer.hpp"
/// ferrule::mono_time now{};
/// ferrule::rng random(1);
/// ferrule::balancer balancer({}, random);
/// ferrule::outlier_ejection outliers({.consecutive_failures = 5}, now);
/// const std::uint32_t endpoint = balancer.add().value();
/// outliers.add(endpoint);
///
/// const auto said = ferrule::ejection_signal::unreachable;  // of each call
/// if (outliers.record(endpoint, said, now, random)) balancer.set_available(endpoint, false);
/// for (const ferrule::ejection_change& change : outliers.sweep(now, random)) {
///   balancer.set_available(change.endpoint, !change.is_ejected);
/// }
/// ```
///
/// An endpoint that cannot be reached is ejected at once, and one that fails after so many failures
/// in a row, however many others are out: what is dead is of no use. At a sweep it is ejected when
/// its success rate is too many standard deviations below the mean of all; of such, which still do
/// some work, only a share may be out. It returns at the first sweep after its time, on probation:
/// the first failure ejects it again. Each ejection lasts a base time longer than the one before,
/// and each sweep that an endpoint lives through takes one base time off its next ejection.
///
/// When none is left there is a *panic*: whoever balances asks any of them. If one then answers,
/// what ailed them was likely not their own, so that all return, on probation.
///
/// Source: Envoy's outlier detection and panic threshold,
/// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier. There the
/// share bounds the dead ones too, and the panic begins while some are well.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/resilience/decision_log.hpp"
#include "ferrule/resilience/outcome.hpp"

namespace ferrule {

/// Defaults as Envoy's, but for what cannot be reached (there 5 times), the jitter (0), and the
/// deviations (1.9, which no endpoint of five can reach). Negative times are taken as 0.
struct outlier_settings {
  /// So many failures in a row eject; 0: never.
  std::uint32_t consecutive_failures = 5;
  /// So many times in a row without a connection eject; 0: never.
  std::uint32_t consecutive_unreachable = 1;
  std::chrono::nanoseconds interval = std::chrono::seconds(10);  ///< between sweeps
  std::chrono::nanoseconds ejection_base = std::chrono::seconds(30);
  std::chrono::nanoseconds ejection_max = std::chrono::seconds(300);
  /// Chance adds up to this, so that clients do not all return to an endpoint together.
  std::chrono::nanoseconds ejection_jitter = std::chrono::seconds(3);
  /// An endpoint is not ejected for its success rate when so large a share is out already; one
  /// always may be, but never the last.
  double ejected_share_max = 0.1;
  /// Below this share of endpoints that are not ejected, and always when none is left, there is a
  /// panic: see `is_panicking`.
  double panic_share = 0;
  /// Over how much time success rates are taken. At least `interval`.
  std::chrono::nanoseconds success_rate_time = std::chrono::seconds(10);
  /// They are compared when so many endpoints had so many calls in that time.
  std::uint32_t success_rate_endpoints_min = 5;
  std::uint32_t success_rate_calls_min = 100;
  /// By how many standard deviations below the mean a success rate has to be. One bad endpoint of n
  /// can be no further below than (n - 1) / sqrt(n): see `can_eject_by_rate`.
  double success_rate_deviations = 1.7;
  /// And by how much below the mean at least, for deviations of next to nothing are chance.
  double success_rate_drop_min = 0.05;
  std::uint32_t endpoints_max = 1024;
  std::size_t decisions_max = 64;  ///< that are kept in the log
};

/// Whether the fewest endpoints that are compared are enough for one of them to lie so far below
/// the mean. Of n, one that fails always and n - 1 that never do are as far apart as can be.
constexpr bool can_eject_by_rate(const outlier_settings& settings) noexcept {
  const double n = settings.success_rate_endpoints_min;
  const double deviations = settings.success_rate_deviations;
  return n >= 2 && deviations * deviations * n < (n - 1) * (n - 1);
}

/// What an ejection or a return came of.
enum class ejection_cause : std::uint8_t {
  consecutive_failures,
  unreachable,
  success_rate,
  probation,  ///< it had just returned, and failed again
  time_is_up,
  answered,       ///< it was asked for want of another, and was well
  other_answered  ///< another was asked in a panic, and was well
};

/// An ejection or a return with its inputs.
struct ejection_decision {
  std::int64_t at_ns = 0;
  std::uint32_t endpoint = 0;
  bool is_ejected = false;
  ejection_cause cause = ejection_cause::time_is_up;
  std::uint32_t failures_in_a_row = 0;
  std::uint32_t calls = 0;  ///< since success rates were last compared
  double success_rate = 0;  ///< of these
  double threshold = 0;     ///< below which the rate was; 0 for other causes
  std::uint32_t times = 0;  ///< how many base times the ejection lasts
  std::int64_t wait_ns = 0;
  std::uint32_t ejected = 0;  ///< endpoints that are out, this decision included
  std::uint32_t endpoints = 0;
};

/// What a sweep changed.
struct ejection_change {
  std::uint32_t endpoint = 0;
  bool is_ejected = false;
};

/// One endpoint, for people and JSON.
struct outlier_endpoint_snapshot {
  std::uint32_t endpoint = 0;
  bool is_ejected = false;
  std::int64_t returns_in_ns = 0;  ///< when ejected: the least time until then
  std::uint32_t times = 0;
  std::uint32_t failures_in_a_row = 0;
  std::uint32_t calls = 0;  ///< since success rates were last compared
  std::uint32_t failed = 0;
};

struct outlier_snapshot {
  std::uint32_t ejected = 0;
  std::uint64_t ejections = 0;
  std::uint64_t spared = 0;  ///< outliers that stayed because enough others were out
  std::vector<outlier_endpoint_snapshot> endpoints{};
};

/// Endpoints are the numbers that a `balancer` gives. Memory: 48 bytes an endpoint up to the
/// highest number. Cost: O(1) a call; a sweep O(endpoints), and as much again for each it ejects.
/// Thread rule: belongs to one thread.
class outlier_ejection {
 public:
  outlier_ejection(const outlier_settings& settings, mono_time now);

  /// Watches an endpoint, as a new one. Allocates. Returns false, and watches it not, if its number
  /// is not below `endpoints_max`.
  bool add(std::uint32_t endpoint);
  /// Harmless for one that is not watched.
  void remove(std::uint32_t endpoint) noexcept;

  /// A call ended. Returns whether this ejected the endpoint. Calls of endpoints that are ejected
  /// or not watched count for nothing.
  bool record(std::uint32_t endpoint, ejection_signal said, mono_time now, rng& random) noexcept;
  /// An ejected endpoint was asked for want of another, and answered: it returns before its time,
  /// and in a panic all others with it. Harmless for one that is not ejected. The changes are valid
  /// until the next call.
  std::span<const ejection_change> reinstate(std::uint32_t endpoint, mono_time now) noexcept;
  /// Too few are left: ask any.
  bool is_panicking() const noexcept;
  /// When the next sweep is due.
  mono_time next_sweep() const noexcept { return next_sweep_; }
  /// Returns and ejects, if a sweep is due; else changes nothing. The changes are valid until the
  /// next call.
  std::span<const ejection_change> sweep(mono_time now, rng& random) noexcept;

  bool is_ejected(std::uint32_t endpoint) const noexcept;
  /// Allocates.
  outlier_snapshot snapshot(mono_time now) const;
  const decision_log<ejection_decision>& decisions() const noexcept { return log_; }

 private:
  struct endpoint_state {
    bool is_known = false;
    bool is_ejected = false;
    bool is_on_probation = false;
    std::uint32_t failures_in_a_row = 0;
    std::uint32_t unreachable_in_a_row = 0;
    std::uint32_t calls = 0;
    std::uint32_t failed = 0;
    std::uint32_t times = 0;
    mono_time until{};
  };
  /// The rates that a sweep compares.
  struct comparison {
    std::uint32_t endpoints = 0;
    double threshold = 0;
  };

  std::optional<ejection_cause> cause_in(const endpoint_state& state) const noexcept;
  bool may_eject(ejection_cause cause) const noexcept;
  bool has_rate(const endpoint_state& state) const noexcept;
  bool eject(std::uint32_t endpoint, ejection_cause cause, double threshold, mono_time now,
             rng& random) noexcept;
  void note(std::uint32_t endpoint, ejection_cause cause, double threshold, mono_time now) noexcept;
  void take_back(std::uint32_t endpoint, ejection_cause cause, mono_time now) noexcept;
  void return_those_due(mono_time now) noexcept;
  comparison compare_rates() const noexcept;
  void eject_low_rates(mono_time now, rng& random) noexcept;

  outlier_settings settings_;
  mono_time next_sweep_;
  mono_time next_comparison_;
  std::uint32_t known_ = 0;
  std::uint32_t ejected_ = 0;
  std::uint64_t ejections_ = 0;
  std::uint64_t spared_ = 0;
  std::vector<endpoint_state> endpoints_;
  std::vector<ejection_change> changes_;
  decision_log<ejection_decision> log_;
};

}  // namespace ferrule
