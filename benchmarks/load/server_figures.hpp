#pragma once
// What the run cost the server, seen from its process or from its metrics page.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ferrule/core/result.hpp"

namespace ferrule::load {

/// Figures of a process at one moment.
struct process_sample {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t context_switches = 0;
};

/// What nobody told is left out.
struct server_report {
  std::optional<double> cpu_us_per_request;
  std::optional<double> cpu_cores;  ///< CPU over time
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> peak_resident_bytes;
  std::optional<double> context_switches_per_s;
  std::map<std::string, double> counted;  ///< counters of the metrics page that grew, by how much

  bool says_nothing() const noexcept { return !cpu_cores && !resident_bytes && counted.empty(); }
  void add_cpu(double cpu_seconds, double seconds, std::uint64_t requests);
};

/// Reads /proc/<pid>. Fails with a line for the user.
result<process_sample, std::string> sample_process(int pid);

/// Samples by name with their labels, from the text format of Prometheus. Lines that are none are
/// passed over.
std::map<std::string, double> parse_metrics(std::string_view text);

/// What lies between two samples, over `seconds` and `requests`.
server_report between(const process_sample& before, const process_sample& after, double seconds,
                      std::uint64_t requests);

/// The same from two metrics pages, by the names that Prometheus' clients agree on.
server_report between(const std::map<std::string, double>& before,
                      const std::map<std::string, double>& after, double seconds,
                      std::uint64_t requests);

}  // namespace ferrule::load
