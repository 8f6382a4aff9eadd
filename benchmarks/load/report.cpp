#include "load/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "ferrule/json/read.hpp"

namespace ferrule::load {
namespace {

double round_to(double value, double digits) { return std::round(value * digits) / digits; }
double us(nanoseconds value) { return round_to(static_cast<double>(value.count()) / 1e3, 1e3); }

latency_report latency_of(const histogram& h) {
  return {.count = h.count(),
          .min_us = us(h.min()),
          .mean_us = us(h.mean()),
          .p50_us = us(h.quantile(0.5)),
          .p75_us = us(h.quantile(0.75)),
          .p90_us = us(h.quantile(0.9)),
          .p95_us = us(h.quantile(0.95)),
          .p99_us = us(h.quantile(0.99)),
          .p99_9_us = us(h.quantile(0.999)),
          .p99_99_us = us(h.quantile(0.9999)),
          .max_us = us(h.max())};
}

std::map<std::string, std::uint64_t> failures_of(const tally& counts) {
  std::map<std::string, std::uint64_t> failures;
  for (std::size_t i = 0; i != failure_kinds; ++i) {
    const auto kind = static_cast<failure_kind>(i);
    if (counts.of(kind) != 0) failures.emplace(to_string(kind), counts.of(kind));
  }
  return failures;
}

std::map<std::string, std::uint64_t> statuses_of(const route_record& route) {
  std::map<std::string, std::uint64_t> statuses;
  for (const auto& [status, count] : route.statuses) statuses[std::to_string(status)] = count;
  return statuses;
}

/// Ten points from one power of ten of the rest to the next: 0, 0.1 … 0.9, 0.91 … 0.99 …
std::vector<quantile_report> quantiles_of(const route_record& total) {
  std::vector<quantile_report> points;
  const auto add = [&](double q) {
    points.push_back({q, us(total.response.quantile(q)), us(total.service.quantile(q))});
  };
  const auto count = static_cast<double>(total.response.count());
  for (double rest = 1; rest * count >= 1 && rest > 1e-7; rest /= 10) {
    for (int i = 0; i != 9; ++i) add(round_to(1 - rest * (10 - i) / 10, 1e9));
  }
  add(1);
  return points;
}

std::vector<interval_report> intervals_of(const run_outcome& outcome, nanoseconds duration) {
  std::vector<interval_report> reports;
  const double length =
      std::chrono::duration<double>(duration).count() / measured_window::intervals;
  for (const interval_record& each : outcome.books.intervals()) {
    const double begin = static_cast<double>(reports.size()) * length;
    if (begin >= outcome.seconds) break;
    reports.push_back({.at_s = round_to(begin, 1e3),
                       .rate = round_to(static_cast<double>(each.completed) / length, 1e1),
                       .failed = each.failed,
                       .p50_us = us(each.response.quantile(0.5)),
                       .p90_us = us(each.response.quantile(0.9)),
                       .p99_us = us(each.response.quantile(0.99)),
                       .max_us = us(each.response.max())});
  }
  return reports;
}

std::string loop_name(const run_settings& settings) {
  if (!settings.rate) return "closed";
  return settings.arrivals == arrival_kind::poisson ? "open, poisson" : "open, constant";
}

/// Whether the figures are the server's or the tool's own.
void judge(run_report& report, const settings& asked, const run_outcome& outcome) {
  const auto invalid = [&](std::string why) {
    report.valid = false;
    report.invalid_because.push_back(std::move(why));
  };
  const nanoseconds lag = outcome.books.lag().quantile(0.99);
  if (lag > asked.lag_max) {
    invalid(
        fmt::format("the tool itself was late: 1 % of the requests were sent more than {} after "
                    "they could have been (--lag-max {}); give it --threads, a processor of "
                    "its own, or a lower rate",
                    duration_text(lag), duration_text(asked.lag_max)));
  } else if (outcome.busiest_share > 0.97) {
    report.warnings.push_back(
        "a thread of the tool was busy all the time: the limit may be the tool's, not the "
        "server's; give it more --threads");
  }
  if (report.requests == 0) invalid("nothing was measured");
  if (outcome.broken_off) report.warnings.push_back("the run was broken off");
  if (report.ok == 0 && report.requests != 0) {
    report.warnings.push_back("no response was as expected");
  }
  if (report.offered_rate > 0 && !outcome.broken_off && report.rate < 0.99 * report.offered_rate) {
    report.warnings.push_back(fmt::format("{:.1f} % of the offered rate was answered as expected",
                                          100 * report.rate / report.offered_rate));
  }
}

}  // namespace

run_report make_report(const settings& asked, const run_settings& settings, std::string_view url,
                       const run_outcome& outcome) {
  const route_record total = outcome.books.total();
  run_report report;
  report.url = url;
  report.rate = round_to(outcome.rate(), 1e1);
  report.offered_rate = round_to(outcome.offered, 1e1);
  report.loop = loop_name(settings);
  report.duration_s = round_to(outcome.seconds, 1e3);
  report.warmup_s = std::chrono::duration<double>(settings.warmup).count();
  report.connections = settings.connections;
  report.pipeline = settings.connection.pipeline;
  report.keep_alive = settings.connection.keep_alive;
  report.requests = total.counts.due;
  report.ok = total.counts.ok;
  report.failed = total.counts.failed();
  report.failures = failures_of(total.counts);
  report.statuses = statuses_of(total);
  for (const auto& [error, count] : outcome.books.connect_errors) {
    report.connect_errors[std::strerror(error)] = count;
  }
  report.connections_made = outcome.books.connections_made;
  if (outcome.seconds > 0) {
    const auto bytes = static_cast<double>(outcome.books.bytes_received);
    report.received_bytes_per_s = std::round(bytes / outcome.seconds);
  }
  report.response = latency_of(total.response);
  report.service = latency_of(total.service);
  report.quantiles = quantiles_of(total);
  report.intervals = intervals_of(outcome, settings.duration);
  for (std::size_t i = 0; i != settings.requests->all().size(); ++i) {
    const route_record& route = outcome.books.routes()[i];
    report.routes.push_back({.name = settings.requests->all()[i].name,
                             .requests = route.counts.due,
                             .ok = route.counts.ok,
                             .response = latency_of(route.response),
                             .service = latency_of(route.service),
                             .statuses = statuses_of(route),
                             .failures = failures_of(route.counts)});
  }
  const auto answers = static_cast<double>(std::max<std::uint64_t>(total.service.count(), 1));
  report.tool = {.backend = outcome.backend_name,
                 .threads = settings.threads,
                 .cpu_us_per_request = round_to(outcome.cpu_seconds * 1e6 / answers, 1e3),
                 .busiest_thread_share = round_to(outcome.busiest_share, 1e3),
                 .lag = latency_of(outcome.books.lag())};
  judge(report, asked, outcome);
  if (asked.promise_given) {
    report.broken_slo =
        broken_clause(asked.promise, total.response, report.failed, report.requests);
  }
  return report;
}

result<run_report, std::string> parse_report(std::string_view json) {
  auto read = json::read<run_report>(json);
  if (!read) {
    const json::violation& first = read.error().problems.front();
    return fail(
        fmt::format("{}{}{}", first.pointer, first.pointer.empty() ? "" : " ", first.message));
  }
  if (read->kind != "run" || read->intervals.empty()) {
    return fail(std::string("it is not the JSON of a run"));
  }
  return std::move(*read);
}

}  // namespace ferrule::load
