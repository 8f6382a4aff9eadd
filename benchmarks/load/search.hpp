#pragma once
// The highest rate at which a server keeps its promise, and the curve of latency over throughput.

#include <optional>
#include <string>
#include <vector>

#include "load/report.hpp"

namespace ferrule::load {

/// A run at one rate, as searches and curves show it.
struct rate_point {
  double offered_rate = 0;
  double rate = 0;
  bool passed = false;
  std::string why;  ///< it did not pass
  double p50_us = 0;
  double p90_us = 0;
  double p99_us = 0;
  double p99_9_us = 0;
  double max_us = 0;
};

/// A point with the run behind it.
struct trial {
  rate_point point;
  bool tool_was_late = false;  ///< so the server is not to blame
  run_report report;
};

/// Judges a run: it passes when at least 99 % of the offered rate was answered as expected, the
/// promise was kept, and the tool was not late.
trial judge_trial(const slo& promise, double offered, const run_report& report,
                  const histogram& response);

/// Makes trials; the search does not care how.
class trial_runner {
 public:
  /// Nothing when the search is to end: it was broken off, or cannot go on.
  virtual std::optional<trial> run(double rate) = 0;

 protected:
  ~trial_runner() = default;
};

/// What a search came to.
struct search_outcome {
  std::optional<trial> best;  ///< the highest rate that passed, twice
  std::vector<rate_point> points;
  bool was_broken_off = false;
  bool tool_is_the_limit = false;  ///< what failed above the best failed for the tool's lateness
};

/// Doubles or halves from `first` until a rate passes and a higher one does not, then halves the
/// ratio between them until it is below 1 + `precision`; the rate that is left has to pass once
/// more. A trial that fails gets a second chance, for one hiccup of the machine would otherwise
/// rule out all rates above.
search_outcome find_max(trial_runner& trials, double first, double precision);

/// Runs at each of the rates.
search_outcome walk(trial_runner& trials, const std::vector<double>& rates);

/// The rates of a curve up to what a server can do.
std::vector<double> rates_up_to(double capacity);

/// The reports of the two tasks: their JSON.
struct search_report {
  std::string kind;  ///< "find-max" or "curve"
  std::string url;
  std::string slo;
  double rate = 0;  ///< the highest that passed; of a curve, the highest that was achieved
  bool valid = true;
  std::vector<std::string> warnings;
  std::vector<rate_point> points;
  std::optional<run_report> best;
};

search_report make_search_report(std::string kind, std::string url, const slo& promise,
                                 const search_outcome& outcome);
std::string search_text(const search_report& report);

}  // namespace ferrule::load
