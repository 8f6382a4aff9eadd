#include "load/tool.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "ferrule/core/standard_descriptors.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/observe/log.hpp"
#include "load/compare.hpp"
#include "load/files.hpp"
#include "load/html.hpp"
#include "load/search.hpp"
#include "load/session.hpp"

namespace ferrule::load {
namespace {

enum exit_code { all_well = 0, failed = 1, wrong_option = 2, not_to_be_believed = 3 };

int complain(std::string_view what, int code = failed) {
  print_line(fmt::format("ferrule-load: {}", what));
  return code;
}

/// Connections are descriptors: takes as many as the hard limit allows. Returns whether they will
/// do.
bool has_descriptors_for(unsigned connections) noexcept {
  constexpr rlim_t others = 64;  // rings, files, what is being closed
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return connections + others <= limit.rlim_cur;
}

/// Prints the report in the form that was asked for, and writes the page.
template <class Report>
int hand_over(const settings& asked, const Report& report, const std::string& text) {
  const std::string json = json::write(report);
  const std::string unwritten = write_output(asked.json ? json + "\n" : text);
  if (!unwritten.empty()) return complain(fmt::format("cannot write the report: {}", unwritten));
  if (asked.html_file.empty()) return all_well;
  const std::string problem = write_file(asked.html_file, html_page(json));
  if (problem.empty()) return all_well;
  return complain(fmt::format("cannot write {}: {}", asked.html_file, problem));
}

/// What a run says of the server.
int verdict_on(const run_report& report) {
  if (!report.valid) return not_to_be_believed;
  return report.most_failed() || !report.broken_slo.empty() ? failed : all_well;
}

std::optional<rate_profile> rate_of(const settings& asked) {
  if (asked.closed_loop) return std::nullopt;
  return asked.rate.value_or(rate_profile{{1, 1000, 1000}});
}

int run_once(const settings& asked, session& on) {
  const nanoseconds duration = asked.duration_or(std::chrono::seconds(10));
  const measured_run run = on.measure(rate_of(asked), duration, "");
  if (!run.error.empty()) return complain(run.error);
  const int handed = hand_over(asked, run.report, report_text(run.report));
  return handed != all_well ? handed : verdict_on(run.report);
}

constexpr nanoseconds step_duration = std::chrono::seconds(3);

/// Trials on a real target.
class session_trials final : public trial_runner {
 public:
  session_trials(const settings& asked, session& on) : asked_(asked), on_(on) {}

  std::optional<trial> run(double rate) override {
    const std::string title = fmt::format("at {:.0f} a second", rate);
    const rate_profile constant = {{1, rate, rate}};
    const measured_run run = on_.measure(constant, asked_.duration_or(step_duration), title);
    error = run.error;
    if (!error.empty() || interrupts::came()) return std::nullopt;
    return judge_trial(asked_.promise, rate, run.report, run.response);
  }

  std::string error;  ///< a run could not begin

 private:
  const settings& asked_;
  session& on_;
};

int report_search(const settings& asked, const target& with, const char* kind,
                  const session_trials& trials, const search_outcome& outcome) {
  if (!trials.error.empty()) return complain(trials.error);
  const search_report report = make_search_report(kind, with.where.text(), asked.promise, outcome);
  const int handed = hand_over(asked, report, search_text(report));
  if (handed != all_well) return handed;
  const bool nothing_kept = std::ranges::none_of(report.points, &rate_point::passed);
  const bool is_broken = asked.promise_given && nothing_kept;
  const bool most_failed = report.best && report.best->most_failed();
  return !report.valid || is_broken || most_failed ? failed : all_well;
}

int search_maximum(const settings& asked, const target& with, session& on) {
  session_trials trials(asked, on);
  const double first = asked.rate ? asked.rate->front().from : 1000;
  return report_search(asked, with, "find-max", trials, find_max(trials, first, asked.precision));
}

/// The rates of --rate, or shares of what a closed loop achieves.
int draw_curve(const settings& asked, const target& with, session& on) {
  std::vector<double> rates;
  if (asked.rate) {
    for (const rate_stretch& each : *asked.rate) rates.push_back(each.to);
  } else {
    const measured_run full =
        on.measure(std::nullopt, asked.duration_or(step_duration), "as fast as it can");
    if (!full.error.empty()) return complain(full.error);
    rates = rates_up_to(full.report.rate);
  }
  session_trials trials(asked, on);
  return report_search(asked, with, "curve", trials, walk(trials, rates));
}

/// A target that was found and tries out well, or an error that was told.
std::optional<target> ready_target(const settings& asked, std::string_view url_text) {
  auto found = find_target(asked, url_text);
  if (!found) {
    complain(found.error());
    return std::nullopt;
  }
  const trial_requests tried = try_target(*found, asked.timeout);
  if (!tried.error.empty()) {
    complain(tried.error);
    return std::nullopt;
  }
  for (const std::string& each : tried.problems) complain(each);
  return std::move(*found);
}

int run_on_target(const settings& asked) {
  const auto found = ready_target(asked, asked.targets.front());
  if (!found) return failed;
  const interrupts ctrl_c;  // from here on there is something to report
  session on(asked, *found);
  switch (asked.task) {
    case task_kind::find_max:
      return search_maximum(asked, *found, on);
    case task_kind::curve:
      return draw_curve(asked, *found, on);
    default:
      return run_once(asked, on);
  }
}

int report_comparison(const settings& asked, const std::vector<run_report>& a,
                      const std::vector<run_report>& b) {
  const compare_report report = compare_runs(a, b, asked.tolerance, asked.seed);
  const int handed = hand_over(asked, report, compare_text(report));
  if (handed != all_well) return handed;
  const auto is_broken = [](const run_report& run) { return !run.broken_slo.empty(); };
  const bool most_failed = std::ranges::any_of(a, &run_report::most_failed) ||
                           std::ranges::any_of(b, &run_report::most_failed);
  if (report.regressed || most_failed || std::ranges::any_of(b, is_broken)) return failed;
  return report.valid ? all_well : not_to_be_believed;
}

int compare_targets(const settings& asked) {
  std::optional<target> targets[2];
  std::vector<run_report> runs[2];
  for (int i : {0, 1}) {
    targets[i] = ready_target(asked, asked.targets[static_cast<std::size_t>(i)]);
    if (!targets[i]) return failed;
  }
  const interrupts ctrl_c;
  // ABBA, so that neither gains from a machine that warms up or slows down.
  for (unsigned round = 0; round != asked.rounds && !interrupts::came(); ++round) {
    for (const int i : {0, 1, 1, 0}) {
      session on(asked, *targets[i]);
      const std::string title = fmt::format("round {} of {}", round + 1, asked.rounds);
      measured_run run = on.measure(rate_of(asked), asked.duration_or(step_duration), title);
      if (!run.error.empty()) return complain(run.error);
      if (!interrupts::came()) runs[i].push_back(std::move(run.report));
    }
  }
  if (runs[0].empty() || runs[1].empty()) return complain("it was broken off too early");
  return report_comparison(asked, runs[0], runs[1]);
}

int compare_recorded(const settings& asked) {
  std::vector<run_report> runs[2];
  for (std::size_t i : {0U, 1U}) {
    const auto text = read_file(asked.targets[i]);
    if (!text) return complain(fmt::format("cannot read {}: {}", asked.targets[i], text.error()));
    auto report = parse_report(*text);
    if (!report) return complain(fmt::format("{}: {}", asked.targets[i], report.error()));
    report->url = fmt::format("{} ({})", asked.targets[i], report->url);
    runs[i].push_back(std::move(*report));
  }
  return report_comparison(asked, runs[0], runs[1]);
}

int compare(const settings& asked) {
  const auto is_recorded = [](const std::string& name) { return name.ends_with(".json"); };
  const bool recorded = is_recorded(asked.targets[0]);
  if (recorded != is_recorded(asked.targets[1])) {
    return complain("compare takes two URLs or two recorded runs (.json), not one of each",
                    wrong_option);
  }
  if (recorded && asked.promise_given) {
    return complain("--slo is for runs that are made, not for recorded ones", wrong_option);
  }
  return recorded ? compare_recorded(asked) : compare_targets(asked);
}

}  // namespace

int run_tool(int argc, const char* const* argv) {
  if (!open_standard_descriptors()) return failed;
  const command_line read = read_command_line(argc, argv);
  if (!read.error.empty()) return complain(read.error, wrong_option);
  if (!read.help.empty()) {
    const std::string unwritten = write_output(read.help);
    return unwritten.empty() ? all_well : complain(unwritten);
  }
  if (!has_descriptors_for(read.chosen.connections)) {
    return complain(
        fmt::format("--connections {} are more than the system lets a process open; "
                    "see `ulimit -Hn`",
                    read.chosen.connections));
  }
  return read.chosen.task == task_kind::compare ? compare(read.chosen) : run_on_target(read.chosen);
}

}  // namespace ferrule::load
