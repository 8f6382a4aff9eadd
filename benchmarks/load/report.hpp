#pragma once
// What a run is reported as: figures with their units in their names. The JSON is this structure;
// the table and the page show what is in it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "load/run.hpp"
#include "load/server_figures.hpp"
#include "load/settings.hpp"

namespace ferrule::load {

struct latency_report {
  std::uint64_t count = 0;
  double min_us = 0;
  double mean_us = 0;
  double p50_us = 0;
  double p75_us = 0;
  double p90_us = 0;
  double p95_us = 0;
  double p99_us = 0;
  double p99_9_us = 0;
  double p99_99_us = 0;
  double max_us = 0;
};

/// A point of the percentile plot.
struct quantile_report {
  double quantile = 0;
  double response_us = 0;
  double service_us = 0;
};

struct interval_report {
  double at_s = 0;  ///< its beginning
  double rate = 0;  ///< answers as expected that came in it, a second
  std::uint64_t failed = 0;
  double p50_us = 0;  ///< response times of what was due in it
  double p90_us = 0;
  double p99_us = 0;
  double max_us = 0;
};

struct route_report {
  std::string name;
  std::uint64_t requests = 0;
  std::uint64_t ok = 0;
  latency_report response;
  latency_report service;
  std::map<std::string, std::uint64_t> statuses;
  std::map<std::string, std::uint64_t> failures;
};

/// About the tool itself.
struct tool_report {
  std::string backend;
  unsigned threads = 0;
  double cpu_us_per_request = 0;
  double busiest_thread_share = 0;  ///< CPU over time
  latency_report lag;               ///< how much later than it could have a request was sent
};

struct run_report {
  static constexpr bool json_allow_unknown = true;
  static constexpr bool json_allow_missing = true;

  std::string kind = "run";
  std::string url;
  bool valid = true;
  std::vector<std::string> invalid_because;  ///< why the figures are not the server's
  std::vector<std::string> warnings;         ///< what else should be known
  std::string broken_slo;                    ///< how the --slo that was given was not kept
  double rate = 0;                           ///< answers as expected a second
  double offered_rate = 0;                   ///< requests due a second; 0 in a closed loop
  std::string loop;                          ///< "open, constant", "open, poisson", "closed"
  double duration_s = 0;                     ///< that was measured
  double warmup_s = 0;
  unsigned connections = 0;
  unsigned pipeline = 0;
  bool keep_alive = true;
  std::uint64_t requests = 0;  ///< that were due
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::map<std::string, std::uint64_t> failures;
  std::map<std::string, std::uint64_t> statuses;
  std::map<std::string, std::uint64_t> connect_errors;
  std::uint64_t connections_made = 0;
  double received_bytes_per_s = 0;
  latency_report
      response;  ///< from when they were due; what was never answered as long as it waited
  latency_report service;  ///< from when they were sent
  std::vector<quantile_report> quantiles;
  std::vector<interval_report> intervals;
  std::vector<route_report> routes;
  tool_report tool;
  std::optional<server_report> server;

  /// At least half of the requests.
  bool most_failed() const noexcept { return requests == 0 || failed * 2 >= requests; }
};

/// Puts the figures of a run together and judges whether they can be believed.
run_report make_report(const settings& asked, const run_settings& settings, std::string_view url,
                       const run_outcome& outcome);

/// A recorded run out of its JSON. Fails with a line for the user.
result<run_report, std::string> parse_report(std::string_view json);

/// The tables for people.
std::string report_text(const run_report& report);

}  // namespace ferrule::load
