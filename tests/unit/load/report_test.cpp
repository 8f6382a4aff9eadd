#include "load/report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "ferrule/json/write.hpp"
#include "load/html.hpp"
#include "load/live.hpp"
#include "load/server_figures.hpp"

namespace ferrule::load {
namespace {

using namespace std::chrono_literals;

/// Ten seconds at 100 a second, all answered in `latency` but what `meddle` adds.
struct made_run {
  request_set requests = std::move(*request_set::prepare({{.target = "/a"}}, "h", true));
  run_settings settings;
  run_outcome outcome;

  explicit made_run(nanoseconds latency, nanoseconds lag = 0ns) {
    settings.requests = &requests;
    settings.rate = rate_profile{{10, 100, 100}};
    settings.duration = 10s;
    outcome.books = recorder(1);
    outcome.offered = 100;
    outcome.seconds = 10;
    const mono_time begin{1000s};
    outcome.books.set_window({begin, begin + 10s});
    for (int i = 0; i != 1000; ++i) {
      const request_times times{begin + i * 10ms, begin + i * 10ms + lag};
      outcome.books.sent(times, lag);
      outcome.books.answered(0, times, times.sent + latency, 200);
    }
  }

  run_report report() const { return make_report({}, settings, "http://h/a", outcome); }
};

TEST(report, says_what_was_measured) {
  const run_report report = made_run(1ms).report();
  EXPECT_TRUE(report.valid);
  EXPECT_DOUBLE_EQ(report.rate, 100);
  EXPECT_DOUBLE_EQ(report.offered_rate, 100);
  EXPECT_EQ(report.requests, 1000U);
  EXPECT_EQ(report.ok, 1000U);
  EXPECT_NEAR(report.response.p99_us, 1000, 1);
  EXPECT_EQ(report.intervals.size(), 40U);
  EXPECT_NEAR(report.intervals[20].rate, 100, 0.1);
  EXPECT_DOUBLE_EQ(report.quantiles.back().quantile, 1);
  EXPECT_EQ(report.statuses.at("200"), 1000U);
  EXPECT_TRUE(report.warnings.empty());
}

TEST(report, is_invalid_when_the_tool_was_late) {
  const run_report report = made_run(1ms, 2ms).report();
  EXPECT_FALSE(report.valid);
  EXPECT_NEAR(report.response.p50_us, 3000, 3);
  EXPECT_NEAR(report.service.p50_us, 1000, 1);
  EXPECT_NE(report_text(report).find("INVALID   the tool itself was late"), std::string::npos);
}

TEST(report, counts_what_was_never_answered) {
  made_run run(1ms);
  const mono_time due = run.outcome.books.window().begin + 1s;
  run.outcome.books.failed(0, {due, due}, due + 5s, failure_kind::timeout);
  run.outcome.books.unsent(due, 5s);
  run.outcome.books.failed(0, {due, due}, due + 1s, failure_kind::closed);
  ++run.outcome.books.connect_errors[ECONNREFUSED];
  const run_report report = run.report();
  EXPECT_EQ(report.requests, 1003U);
  EXPECT_EQ(report.failed, 3U);
  EXPECT_EQ(report.failures.at("timeout"), 1U);
  EXPECT_EQ(report.failures.at("unsent"), 1U);
  EXPECT_EQ(report.failures.at("closed early"), 1U);
  EXPECT_EQ(report.connect_errors.at("Connection refused"), 1U);
  EXPECT_EQ(report.response.count, 1002U);
  EXPECT_NEAR(report.response.max_us, 5e6, 1);
  EXPECT_EQ(report.intervals[4].failed, 3U);
}

TEST(report, what_lies_outside_the_window_does_not_count) {
  made_run run(1ms);
  const measured_window window = run.outcome.books.window();
  for (const mono_time at : {window.begin - 1ns, window.end}) {
    run.outcome.books.answered(0, {at, at}, at + 9s, 200);
    run.outcome.books.unsent(at, 9s);
    run.outcome.books.failed(0, {at, at}, at + 9s, failure_kind::timeout);
  }
  EXPECT_EQ(run.report().requests, 1000U);
  EXPECT_LE(run.report().response.max_us, 1001);
}

TEST(report, the_table_shows_it_all) {
  const std::string text = report_text(made_run(1ms).report());
  for (const char* part : {"100.0 a second as expected, 100.0 offered", "200 x 1000", "p99.99",
                           "response", "service", "send lag"}) {
    EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
  }
}

TEST(page, holds_the_data_and_nothing_from_elsewhere) {
  run_report report = made_run(1ms).report();
  report.url = "http://h/</script><script>alert(1)";
  const std::string page = html_page(json::write(report));
  EXPECT_EQ(page.find("alert(1)\"</"), page.npos);
  EXPECT_EQ(page.find("</script><script>alert"), page.npos);
  EXPECT_NE(page.find("\"p99_9_us\":"), page.npos);
  for (const char* outside : {"src=", "href=", "@import", "url("}) {
    EXPECT_EQ(page.find(outside), page.npos) << outside;
  }
}

TEST(live, shows_the_run_in_four_lines) {
  run_progress progress{.elapsed = 5s,
                        .whole = 10s,
                        .is_warm = true,
                        .counts = {},
                        .interval = {},
                        .interval_number = 3};
  progress.interval.response.record(2ms, 100);
  const std::string text = live_text(progress, "http://h/", 1234, {1ms, 0ns, 100ms, 2ms});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_NE(text.find("5.0/10.0 s"), text.npos) << text;
  EXPECT_NE(text.find("1234/s"), text.npos) << text;
  EXPECT_NE(text.find("p99 ▁ █▂"), text.npos) << text;
}

TEST(live, is_silent_without_a_terminal) {
  live_view view(true);
  EXPECT_FALSE(view.is_shown());  // tests have none
}

TEST(metrics, are_read_and_compared) {
  const auto before = parse_metrics(
      "# HELP x y\nprocess_cpu_seconds_total 1.5\nrequests_total{route=\"a b\"} 10\nup 1\n");
  EXPECT_DOUBLE_EQ(before.at("requests_total{route=\"a b\"}"), 10);
  const auto after = parse_metrics(
      "process_cpu_seconds_total 2\nprocess_resident_memory_bytes 4096\n"
      "requests_total{route=\"a b\"} 1010\nup 1\nother_total 5");
  const server_report report = between(before, after, 2, 1000);
  EXPECT_NEAR(report.cpu_us_per_request.value(), 500, 1e-6);
  EXPECT_NEAR(report.cpu_cores.value(), 0.25, 1e-9);
  EXPECT_FALSE(report.context_switches_per_s);
  EXPECT_EQ(report.resident_bytes, 4096U);
  EXPECT_DOUBLE_EQ(report.counted.at("requests_total{route=\"a b\"}"), 1000);
  EXPECT_DOUBLE_EQ(report.counted.at("other_total"), 5);
  EXPECT_FALSE(report.counted.contains("up"));
}

TEST(metrics, that_are_not_there_are_not_told) {
  const auto page = parse_metrics("<html>\nHello, World!\n");
  EXPECT_TRUE(between(page, page, 2, 1000).says_nothing());
  const auto counters = between({}, parse_metrics("requests_total 5"), 2, 1000);
  EXPECT_FALSE(counters.says_nothing());
  EXPECT_FALSE(counters.cpu_us_per_request);
  EXPECT_FALSE(counters.resident_bytes);
}

TEST(process, figures_are_those_of_the_process) {
  const auto self = sample_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_GT(self->resident_bytes, 1000000U);
  EXPECT_GE(self->peak_bytes, self->resident_bytes);
  EXPECT_GT(self->context_switches, 0U);
  EXPECT_FALSE(sample_process(1 << 29));
}

}  // namespace
}  // namespace ferrule::load
