#pragma once
// What the command line asks for.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/app/options.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/io/backend.hpp"
#include "load/histogram.hpp"
#include "load/schedule.hpp"
#include "load/slo.hpp"

namespace ferrule::load {

/// What to do.
enum class task_kind : std::uint8_t { run, find_max, curve, compare };

/// All settings with their defaults.
struct settings {
  task_kind task = task_kind::run;
  bool has_two_tasks = false;
  std::vector<std::string> targets;  ///< the URL; of `compare` two, each a URL or a recorded run

  std::optional<rate_profile> rate;  ///< requests a second
  bool closed_loop = false;
  arrival_kind arrivals = arrival_kind::constant;
  unsigned connections = 64;
  unsigned threads = 1;
  unsigned pipeline = 1;
  bool keep_alive = true;
  std::optional<nanoseconds> duration;
  std::optional<nanoseconds> warmup;  ///< a tenth of the duration, at most 2 s
  nanoseconds timeout = std::chrono::seconds(10);
  std::optional<unsigned> source_addresses;
  io::backend_kind backend = io::backend_kind::automatic;
  std::uint64_t seed = 1;

  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<std::string> body_file;
  std::optional<int> expect_status;
  std::string expect_body;
  std::string requests_file;
  std::string openapi;  ///< a file or a URL
  std::string openapi_methods = "GET,HEAD";

  slo promise;
  bool promise_given = false;  ///< by --slo; else it is a default for searches
  double precision = 0.02;  ///< of find-max
  unsigned rounds = 4;      ///< of compare
  double tolerance = 0.05;  ///< of compare

  bool json = false;
  std::string html_file;
  bool quiet = false;
  nanoseconds lag_max = std::chrono::milliseconds(1);
  int server_pid = 0;
  std::string metrics_url;

  nanoseconds duration_or(nanoseconds otherwise) const { return duration.value_or(otherwise); }
};

/// What became of the command line.
struct command_line {
  settings chosen;
  std::string help;   ///< to be printed, if it was asked for
  std::string error;  ///< a line for the user; empty: all went well
};

command_line read_command_line(int argc, const char* const* argv);

/// Reads "10s", "500ms", "2m", "1.5s", "50us"; nothing when it is no duration.
std::optional<nanoseconds> parse_duration(std::string_view text);

}  // namespace ferrule::load
