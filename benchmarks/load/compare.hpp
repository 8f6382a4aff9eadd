#pragma once
// Whether one target, or one recorded run, is worse than another, and how sure that is.

#include <string>
#include <vector>

#include "ferrule/core/rng.hpp"
#include "load/report.hpp"

namespace ferrule::load {

/// What was measured of something: for each run its intervals' values. Values of one run resemble
/// each other more than those of two, so chance is drawn at both levels.
using sample = std::vector<std::vector<double>>;

/// A ratio and where it lies with 95 % confidence.
struct ratio_estimate {
  double ratio = 1;
  double low = 1;
  double high = 1;
};

/// How the mean of `b` relates to that of `a`, by bootstrap: runs are drawn with replacement, and
/// of each its intervals. Neither may be empty.
/// Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapters 8 and 13.
ratio_estimate bootstrap_ratio(const sample& a, const sample& b, rng& random);

enum class verdict : std::uint8_t {
  same,        ///< surely within the tolerance
  better,      ///< surely better by more than the tolerance
  regression,  ///< surely worse by more than the tolerance
  unclear,     ///< the runs do not tell
};

struct compared_metric {
  std::string name;
  double a = 0;
  double b = 0;
  double change = 0;  ///< b / a - 1, within `low` and `high` with 95 % confidence
  double low = 0;
  double high = 0;
  verdict says = verdict::unclear;
};

struct compare_report {
  std::string kind = "compare";
  std::string a;
  std::string b;
  double tolerance = 0;
  bool regressed = false;
  bool valid = true;
  std::vector<std::string> warnings;
  std::vector<compared_metric> metrics;
};

/// Compares the rate, the response times and the failures of runs, at least one of each.
compare_report compare_runs(const std::vector<run_report>& a, const std::vector<run_report>& b,
                            double tolerance, std::uint64_t seed);

std::string compare_text(const compare_report& report);

}  // namespace ferrule::load
