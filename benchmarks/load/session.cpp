#include "load/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

#include "load/fetch.hpp"

namespace ferrule::load {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int number) {
  if (interrupted != 0) ::_exit(128 + number);
  interrupted = 1;
}

void handle_signals(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

/// Samples the server at both ends of the window, and feeds the view.
class onlooker final : public run_watch {
 public:
  onlooker(const settings& asked, live_view& view) : asked_(asked), view_(view) {}

  bool wants_progress() const override { return view_.is_shown(); }
  void progressed(const run_progress& progress) override { view_.show(progress); }
  void window_begins() override { take(before_); }
  void window_ends() override { take(after_); }
  bool wants_stop() override { return interrupts::came(); }

  void add_server_figures(run_report& report) const {
    if (before_.process && after_.process) {
      report.server = between(*before_.process, *after_.process, report.duration_s, report.ok);
    }
    if (before_.metrics && after_.metrics) {
      server_report seen = between(*before_.metrics, *after_.metrics, report.duration_s, report.ok);
      if (report.server) {
        report.server->counted = std::move(seen.counted);
      } else if (!seen.says_nothing()) {
        report.server = std::move(seen);
      } else {
        report.warnings.push_back(
            fmt::format("{} says nothing in Prometheus' text format", asked_.metrics_url));
      }
    }
    if (!problem_.empty()) report.warnings.push_back(problem_);
  }

 private:
  struct sample {
    std::optional<process_sample> process;
    std::optional<std::map<std::string, double>> metrics;
  };

  void take(sample& into) {
    if (asked_.server_pid != 0) {
      auto seen = sample_process(asked_.server_pid);
      if (seen) {
        into.process = *seen;
      } else {
        problem_ = seen.error();
      }
    }
    if (asked_.metrics_url.empty()) return;
    const auto page = fetch(asked_.metrics_url, std::chrono::seconds(2));
    if (page) {
      into.metrics = parse_metrics(*page);
    } else {
      problem_ = page.error();
    }
  }

  const settings& asked_;
  live_view& view_;
  sample before_;
  sample after_;
  std::string problem_;
};

}  // namespace

interrupts::interrupts() {
  interrupted = 0;
  handle_signals(on_signal);
}
interrupts::~interrupts() { handle_signals(SIG_DFL); }
bool interrupts::came() noexcept { return interrupted != 0; }

measured_run session::measure(const std::optional<rate_profile>& rate, nanoseconds duration,
                              const std::string& title) {
  run_settings run = run_settings_for(asked_, target_, duration);
  if (rate) {
    const auto seconds = [](nanoseconds t) { return std::chrono::duration<double>(t).count(); };
    run.rate = stretched_to(*rate, seconds(duration), seconds(run.warmup));
  }
  view_.begin(fmt::format("{} {}", target_.where.text(), title));
  onlooker watch(asked_, view_);
  const run_outcome outcome = run_load(run, watch);
  view_.clear();
  if (!outcome.error.empty()) return {outcome.error, {}, histogram()};
  measured_run made{
      {}, make_report(asked_, run, target_.where.text(), outcome), outcome.books.total().response};
  watch.add_server_figures(made.report);
  return made;
}

}  // namespace ferrule::load
