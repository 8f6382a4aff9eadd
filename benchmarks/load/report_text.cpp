#include <fmt/format.h>

#include "load/report.hpp"

namespace ferrule::load {
namespace {

std::string time_text(double us) {
  return duration_text(nanoseconds(static_cast<std::int64_t>(us * 1e3)));
}

struct latency_row {
  const char* name;
  double latency_report::* value;
};
constexpr latency_row latency_rows[] = {
    {"min", &latency_report::min_us},       {"mean", &latency_report::mean_us},
    {"p50", &latency_report::p50_us},       {"p75", &latency_report::p75_us},
    {"p90", &latency_report::p90_us},       {"p95", &latency_report::p95_us},
    {"p99", &latency_report::p99_us},       {"p99.9", &latency_report::p99_9_us},
    {"p99.99", &latency_report::p99_99_us}, {"max", &latency_report::max_us},
};

std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", name, count);
  }
  return text;
}

std::string heading(const run_report& r) {
  std::string text = fmt::format("{}\n", r.url);
  text +=
      fmt::format("  {:.3g} s after {:.3g} s of warm-up, {} loop, {} connection{}{}{}\n",
                  r.duration_s, r.warmup_s, r.loop, r.connections, r.connections == 1 ? "" : "s",
                  r.pipeline > 1 ? fmt::format(" x {} pipelined", r.pipeline) : "",
                  r.keep_alive ? "" : ", one for each request");
  text += fmt::format("\n  rate      {:.1f} a second as expected", r.rate);
  if (r.offered_rate > 0) text += fmt::format(", {:.1f} offered", r.offered_rate);
  text += fmt::format(", {:.2f} MB/s received\n", r.received_bytes_per_s / 1e6);
  text +=
      fmt::format("  requests  {} due, {} as expected, {} failed\n", r.requests, r.ok, r.failed);
  if (!r.statuses.empty()) text += fmt::format("  statuses  {}\n", counts_text(r.statuses));
  if (!r.failures.empty()) text += fmt::format("  failures  {}\n", counts_text(r.failures));
  if (!r.connect_errors.empty()) {
    text += fmt::format("  connecting failed: {}\n", counts_text(r.connect_errors));
  }
  return text;
}

std::string latency_table(const run_report& r) {
  // Field widths count bytes, and µ has two of them: the columns are padded by hand.
  const auto column = [](const std::string& text) {
    const std::size_t shown = text.size() - (text.find("µ") == text.npos ? 0 : 1);
    return std::string(shown < 12 ? 12 - shown : 0, ' ') + text;
  };
  std::string text =
      "\n  latency      response     service    send lag\n"
      "            (due..done) (sent..done) (of the tool)\n";
  for (const latency_row& row : latency_rows) {
    text += fmt::format("  {:<7}{}{}{}\n", row.name, column(time_text(r.response.*row.value)),
                        column(time_text(r.service.*row.value)),
                        column(time_text(r.tool.lag.*row.value)));
  }
  return text;
}

std::string route_table(const run_report& r) {
  if (r.routes.size() < 2) return {};
  std::string text =
      "\n  by request                          count   failed        p50        p99"
      "        max (response)\n";
  for (const route_report& each : r.routes) {
    text += fmt::format("  {:<32} {:>8} {:>8} {:>8.2f}ms {:>8.2f}ms {:>8.2f}ms\n",
                        std::string_view(each.name).substr(0, 32), each.requests,
                        each.requests - each.ok, each.response.p50_us / 1e3,
                        each.response.p99_us / 1e3, each.response.max_us / 1e3);
  }
  return text;
}

std::string server_text(const server_report& s) {
  std::string figures;
  const auto add = [&figures](std::string figure) {
    figures += (figures.empty() ? "" : ", ") + std::move(figure);
  };
  if (s.cpu_us_per_request) add(fmt::format("{:.2f} µs CPU a request", *s.cpu_us_per_request));
  if (s.cpu_cores) add(fmt::format("{:.2f} cores", *s.cpu_cores));
  if (s.resident_bytes) {
    add(fmt::format("{:.1f} MB resident", static_cast<double>(*s.resident_bytes) / 1e6));
  }
  if (s.context_switches_per_s) {
    add(fmt::format("{:.0f} context switches a second", *s.context_switches_per_s));
  }
  std::string text = fmt::format("  server    {}\n", figures);
  for (const auto& [name, grown] : s.counted) {
    text += fmt::format("            {} +{:.6g}\n", name, grown);
  }
  return text;
}

std::string ending(const run_report& r) {
  std::string text = fmt::format(
      "\n  tool      {}, {} thread{}, {:.2f} µs CPU a request, busiest thread {:.0f} %\n",
      r.tool.backend, r.tool.threads, r.tool.threads == 1 ? "" : "s", r.tool.cpu_us_per_request,
      100 * r.tool.busiest_thread_share);
  if (r.server) text += server_text(*r.server);
  for (const std::string& each : r.invalid_because) text += fmt::format("  INVALID   {}\n", each);
  if (!r.broken_slo.empty()) text += fmt::format("  BROKEN    {}\n", r.broken_slo);
  for (const std::string& each : r.warnings) text += fmt::format("  note      {}\n", each);
  return text;
}

}  // namespace

std::string report_text(const run_report& report) {
  return heading(report) + latency_table(report) + route_table(report) + ending(report);
}

}  // namespace ferrule::load
