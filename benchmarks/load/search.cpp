#include "load/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ferrule::load {
namespace {

constexpr double least_rate = 1;
constexpr double greatest_rate = 1e8;

/// One search under way.
class searcher {
 public:
  searcher(trial_runner& trials, double precision) : trials_(trials), precision_(precision) {}

  search_outcome run(double first) {
    bracket(first);
    while (lowest_failed_ && best_ && *lowest_failed_ > best_rate() * (1 + precision_) && go_on_) {
      attempt(std::sqrt(best_rate() * *lowest_failed_));
    }
    confirm();
    outcome_.was_broken_off = !go_on_;
    outcome_.tool_is_the_limit = tool_limits_;
    outcome_.best = std::move(best_);
    return std::move(outcome_);
  }

 private:
  double best_rate() const { return best_->point.offered_rate; }

  void bracket(double rate) {
    while (go_on_ && !(best_ && lowest_failed_) && rate >= least_rate && rate <= greatest_rate) {
      rate = attempt(rate) ? rate * 2 : rate / 2;
    }
  }

  /// What passed only once may have been lucky.
  void confirm() {
    while (go_on_ && best_) {
      const double rate = best_rate();
      if (attempt(rate)) return;
      best_.reset();
      const double less = rate * (1 - precision_);
      if (!go_on_ || less < least_rate || attempt(less)) return;
    }
  }

  bool attempt(double rate) {
    for (int chance = 0; chance != 2; ++chance) {
      std::optional<trial> made = trials_.run(rate);
      if (!made) {
        go_on_ = false;
        return false;
      }
      outcome_.points.push_back(made->point);
      if (made->point.passed) {
        best_ = std::move(made);
        return true;
      }
      failed_for_the_tool_ = made->tool_was_late;
    }
    if (!lowest_failed_ || rate <= *lowest_failed_) {
      lowest_failed_ = rate;
      tool_limits_ = failed_for_the_tool_;
    }
    return false;
  }

  trial_runner& trials_;
  double precision_;
  search_outcome outcome_;
  std::optional<trial> best_;
  std::optional<double> lowest_failed_;
  bool failed_for_the_tool_ = false;
  bool tool_limits_ = false;
  bool go_on_ = true;
};

std::string slo_text(const slo& promise) {
  std::string text;
  for (const slo_clause& each : promise) {
    text += fmt::format("{}{} <= {}", text.empty() ? "" : ", ", quantile_name(each.quantile),
                        duration_text(each.limit));
  }
  return text;
}

}  // namespace

trial judge_trial(const slo& promise, double offered, const run_report& report,
                  const histogram& response) {
  trial made{.point = {.offered_rate = offered,
                       .rate = report.rate,
                       .passed = false,
                       .why = {},
                       .p50_us = report.response.p50_us,
                       .p90_us = report.response.p90_us,
                       .p99_us = report.response.p99_us,
                       .p99_9_us = report.response.p99_9_us,
                       .max_us = report.response.max_us},
             .tool_was_late = !report.valid,
             .report = report};
  std::string& why = made.point.why;
  if (report.rate < 0.99 * offered) {
    why = fmt::format("{:.1f} % of the rate was answered", 100 * report.rate / offered);
  } else {
    why = broken_clause(promise, response);
  }
  if (!report.valid) why = "the tool itself was late";
  made.point.passed = why.empty();
  return made;
}

search_outcome find_max(trial_runner& trials, double first, double precision) {
  return searcher(trials, precision).run(first);
}

search_outcome walk(trial_runner& trials, const std::vector<double>& rates) {
  search_outcome outcome;
  for (const double rate : rates) {
    std::optional<trial> made = trials.run(rate);
    if (!made) {
      outcome.was_broken_off = true;
      break;
    }
    outcome.points.push_back(made->point);
    outcome.tool_is_the_limit = outcome.tool_is_the_limit || made->tool_was_late;
    if (!outcome.best || made->point.rate > outcome.best->point.rate) {
      outcome.best = std::move(made);
    }
  }
  return outcome;
}

std::vector<double> rates_up_to(double capacity) {
  std::vector<double> rates;
  for (const int percent : {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100}) {
    rates.push_back(std::max(1.0, std::round(capacity * percent / 100)));
  }
  return rates;
}

search_report make_search_report(std::string kind, std::string url, const slo& promise,
                                 const search_outcome& outcome) {
  search_report report{.kind = std::move(kind),
                       .url = std::move(url),
                       .slo = slo_text(promise),
                       .rate = 0,
                       .valid = true,
                       .warnings = {},
                       .points = outcome.points,
                       .best = {}};
  if (outcome.best) {
    report.rate = outcome.best->point.rate;
    report.best = outcome.best->report;
  } else {
    report.valid = false;
    report.warnings.emplace_back("no rate passed");
  }
  if (outcome.was_broken_off) {
    report.warnings.emplace_back("it was broken off: a higher rate may pass");
  }
  if (outcome.tool_is_the_limit) {
    report.warnings.emplace_back(
        "the tool was late at some rates: the limit may be its own; give it more --threads or a "
        "processor of its own");
  }
  return report;
}

std::string search_text(const search_report& report) {
  const auto ms = [](double us) { return us / 1e3; };
  std::string text = fmt::format("{}\n", report.url);
  text += "\n     offered    achieved     p50 ms     p99 ms   p99.9 ms     max ms\n";
  for (const rate_point& p : report.points) {
    text += fmt::format("  {:>10.0f}  {:>10.0f} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f}  {}\n",
                        p.offered_rate, p.rate, ms(p.p50_us), ms(p.p99_us), ms(p.p99_9_us),
                        ms(p.max_us), p.passed ? "kept" : p.why);
  }
  if (report.kind == "curve") {
    text += fmt::format("\n  the most that was answered: {:.0f} a second\n", report.rate);
  } else if (report.best) {
    text += fmt::format("\n  highest rate with {}: {:.0f} a second\n", report.slo, report.rate);
  }
  for (const std::string& each : report.warnings) text += fmt::format("  note      {}\n", each);
  return text;
}

}  // namespace ferrule::load
