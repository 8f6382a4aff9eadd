#include "load/server_figures.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "load/files.hpp"

namespace ferrule::load {
namespace {

/// The number after `name` in the text of /proc/<pid>/status; 0 without one.
std::uint64_t status_number(std::string_view status, std::string_view name) {
  const std::size_t at = status.find(name);
  if (at == status.npos) return 0;
  const std::size_t digits = status.find_first_of("0123456789", at);
  std::uint64_t value = 0;
  if (digits != status.npos) {
    std::from_chars(status.data() + digits, status.data() + status.size(), value);
  }
  return value;
}

/// User and system time out of /proc/<pid>/stat: fields 14 and 15, counted after the name, which
/// may hold anything.
double stat_cpu_seconds(std::string_view stat) {
  stat.remove_prefix(std::min(stat.rfind(')') + 2, stat.size()));
  double ticks = 0;
  for (int field = 3; field <= 15; ++field) {
    const std::size_t space = std::min(stat.find(' '), stat.size());
    std::uint64_t value = 0;
    if (field >= 14) std::from_chars(stat.data(), stat.data() + space, value);
    ticks += static_cast<double>(value);
    stat.remove_prefix(std::min(space + 1, stat.size()));
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double value_of(const std::map<std::string, double>& metrics, const std::string& name) {
  const auto found = metrics.find(name);
  return found == metrics.end() ? 0 : found->second;
}

}  // namespace

result<process_sample, std::string> sample_process(int pid) {
  const std::string folder = fmt::format("/proc/{}", pid);
  const auto stat = read_file(folder + "/stat");
  const auto status = read_file(folder + "/status");
  if (!stat || !status) return fail(fmt::format("there is no process {} to look at", pid));
  process_sample sample;
  sample.cpu_seconds = stat_cpu_seconds(*stat);
  sample.resident_bytes = status_number(*status, "VmRSS:") * 1024;
  sample.peak_bytes = status_number(*status, "VmHWM:") * 1024;
  std::error_code error;
  for (const auto& each : std::filesystem::directory_iterator(folder + "/task", error)) {
    const auto thread = read_file(each.path().string() + "/status");
    if (!thread) continue;
    sample.context_switches += status_number(*thread, "\nvoluntary_ctxt_switches:") +
                               status_number(*thread, "\nnonvoluntary_ctxt_switches:");
  }
  return sample;
}

std::map<std::string, double> parse_metrics(std::string_view text) {
  std::map<std::string, double> metrics;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t labels_end = line.rfind('}');
    const std::size_t space = line.find(' ', labels_end == line.npos ? 0 : labels_end);
    if (space == line.npos) continue;
    double value = 0;
    const auto parsed = std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    if (parsed.ec == std::errc()) metrics.emplace(line.substr(0, space), value);
  }
  return metrics;
}

server_report between(const process_sample& before, const process_sample& after, double seconds,
                      std::uint64_t requests) {
  server_report report;
  report.add_cpu(after.cpu_seconds - before.cpu_seconds, seconds, requests);
  report.resident_bytes = after.resident_bytes;
  report.peak_resident_bytes = after.peak_bytes;
  const auto switches = static_cast<double>(after.context_switches - before.context_switches);
  report.context_switches_per_s = seconds > 0 ? std::round(switches / seconds) : 0;
  return report;
}

server_report between(const std::map<std::string, double>& before,
                      const std::map<std::string, double>& after, double seconds,
                      std::uint64_t requests) {
  server_report report;
  const std::string cpu = "process_cpu_seconds_total";
  if (before.contains(cpu) && after.contains(cpu)) {
    report.add_cpu(after.at(cpu) - before.at(cpu), seconds, requests);
  }
  const auto resident = after.find("process_resident_memory_bytes");
  if (resident != after.end()) {
    report.resident_bytes = static_cast<std::uint64_t>(std::max(resident->second, 0.0));
  }
  for (const auto& [name, value] : after) {
    const std::string_view base = std::string_view(name).substr(0, name.find('{'));
    const double grown = value - value_of(before, name);
    if (grown > 0 && (base.ends_with("_total") || base.ends_with("_count"))) {
      report.counted.emplace(name, grown);
    }
  }
  return report;
}

void server_report::add_cpu(double cpu_seconds, double seconds, std::uint64_t requests) {
  const double us = requests == 0 ? 0 : cpu_seconds * 1e6 / static_cast<double>(requests);
  cpu_us_per_request = std::round(us * 1e3) / 1e3;
  cpu_cores = seconds > 0 ? std::round(cpu_seconds / seconds * 1e3) / 1e3 : 0;
}

}  // namespace ferrule::load
