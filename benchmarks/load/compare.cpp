#include "load/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ferrule/json/enum_names.hpp"

namespace ferrule::load {
namespace {

constexpr int resamples = 1000;

double mean_of(const sample& runs) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& run : runs) {
    for (const double each : run) sum += each;
    count += run.size();
  }
  return sum / static_cast<double>(count);
}

double resampled_mean(const sample& runs, rng& random) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i != runs.size(); ++i) {
    const auto& run = runs[random.below(runs.size())];
    for (std::size_t j = 0; j != run.size(); ++j) sum += run[random.below(run.size())];
    count += run.size();
  }
  return sum / static_cast<double>(count);
}

/// A figure of each interval, where it has one.
struct metric {
  const char* name;
  double interval_report::* value;
  bool more_is_better;
};
constexpr metric metrics[] = {{"rate", &interval_report::rate, true},
                              {"p50", &interval_report::p50_us, false},
                              {"p90", &interval_report::p90_us, false},
                              {"p99", &interval_report::p99_us, false}};

sample sample_of(const std::vector<run_report>& runs, const metric& what) {
  sample values;
  for (const run_report& run : runs) {
    std::vector<double> intervals;
    for (const interval_report& each : run.intervals) {
      if (each.max_us > 0) intervals.push_back(each.*what.value);
    }
    if (!intervals.empty()) values.push_back(std::move(intervals));
  }
  return values;
}

/// `worse_low` to `worse_high`: how much worse it is.
verdict judge(double worse_low, double worse_high, double tolerance) {
  if (worse_low > tolerance) return verdict::regression;
  if (worse_high < -tolerance) return verdict::better;
  if (worse_low >= -tolerance && worse_high <= tolerance) return verdict::same;
  return verdict::unclear;
}

compared_metric compare_metric(const metric& what, const sample& a, const sample& b,
                               double tolerance, rng& random) {
  const ratio_estimate estimate = bootstrap_ratio(a, b, random);
  compared_metric made{.name = what.name,
                       .a = mean_of(a),
                       .b = mean_of(b),
                       .change = estimate.ratio - 1,
                       .low = estimate.low - 1,
                       .high = estimate.high - 1};
  made.says = what.more_is_better ? judge(-made.high, -made.low, tolerance)
                                  : judge(made.low, made.high, tolerance);
  return made;
}

double failed_share(const std::vector<run_report>& runs) {
  std::uint64_t failed = 0;
  std::uint64_t due = 0;
  for (const run_report& each : runs) failed += each.failed, due += each.requests;
  return due == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(due);
}

void look_for_doubts(compare_report& report, const std::vector<run_report>& a,
                     const std::vector<run_report>& b) {
  std::size_t invalid = 0;
  for (const auto* runs : {&a, &b}) {
    for (const run_report& each : *runs) invalid += each.valid ? 0 : 1;
  }
  if (invalid != 0) {
    report.valid = false;
    report.warnings.push_back(fmt::format("{} of the {} runs are INVALID: the tool itself was late",
                                          invalid, a.size() + b.size()));
  }
  if (a.front().loop != b.front().loop || a.front().offered_rate != b.front().offered_rate ||
      a.front().connections != b.front().connections) {
    report.warnings.emplace_back("the runs were not made with the same load");
  }
}

}  // namespace

ratio_estimate bootstrap_ratio(const sample& a, const sample& b, rng& random) {
  std::vector<double> ratios;
  for (int i = 0; i != resamples; ++i) {
    ratios.push_back(resampled_mean(b, random) / resampled_mean(a, random));
  }
  std::sort(ratios.begin(), ratios.end());
  constexpr std::size_t tail = resamples / 40;  // 2.5 %
  return {mean_of(b) / mean_of(a), ratios[tail], ratios[resamples - 1 - tail]};
}

compare_report compare_runs(const std::vector<run_report>& a, const std::vector<run_report>& b,
                            double tolerance, std::uint64_t seed) {
  compare_report report{.a = a.front().url,
                        .b = b.front().url,
                        .tolerance = tolerance,
                        .regressed = false,
                        .valid = true,
                        .warnings = {},
                        .metrics = {}};
  rng random(seed);
  for (const metric& each : metrics) {
    const sample of_a = sample_of(a, each);
    const sample of_b = sample_of(b, each);
    if (of_a.empty() || of_b.empty()) continue;
    report.metrics.push_back(compare_metric(each, of_a, of_b, tolerance, random));
  }
  for (const compared_metric& each : report.metrics) {
    report.regressed = report.regressed || each.says == verdict::regression;
  }
  const double more_failures = failed_share(b) - failed_share(a);
  if (more_failures > 0.001) {
    report.regressed = true;
    report.warnings.push_back(fmt::format("{:.2f} % of the requests to B failed, {:.2f} % to A",
                                          100 * failed_share(b), 100 * failed_share(a)));
  }
  if (report.metrics.empty()) report.warnings.emplace_back("nothing was answered");
  look_for_doubts(report, a, b);
  return report;
}

std::string compare_text(const compare_report& report) {
  std::string text = fmt::format("A  {}\nB  {}\n\n", report.a, report.b);
  text += "                  A            B   change   95 % confidence\n";
  for (const compared_metric& each : report.metrics) {
    const bool is_time = each.name != "rate";
    text +=
        fmt::format("  {:<5} {:>10.1f}{} {:>10.1f}{} {:>+7.1f}%  {:>+7.1f}% to {:>+6.1f}%  {}\n",
                    each.name, each.a, is_time ? "us" : "/s", each.b, is_time ? "us" : "/s",
                    100 * each.change, 100 * each.low, 100 * each.high, json::enum_name(each.says));
  }
  for (const std::string& each : report.warnings) text += fmt::format("  note: {}\n", each);
  text += fmt::format("\n{}\n", report.regressed ? fmt::format("B is worse by more than {:.0f} %",
                                                               100 * report.tolerance)
                                                 : "no regression was shown");
  return text;
}

}  // namespace ferrule::load
