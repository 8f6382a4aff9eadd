#pragma once
// One run of the load from its connections to its books: threads, warm-up, the measured window.

#include <optional>
#include <string>

#include "ferrule/io/backend.hpp"
#include "load/driver.hpp"
#include "load/schedule.hpp"

namespace ferrule::load {

/// What is run.
struct run_settings {
  connection_settings connection;
  const request_set* requests = nullptr;
  unsigned connections = 64;  ///< of all threads
  unsigned threads = 1;
  unsigned source_addresses = 0;
  std::optional<rate_profile> rate;  ///< none: a closed loop
  arrival_kind arrivals = arrival_kind::constant;
  nanoseconds warmup{0};
  nanoseconds duration = std::chrono::seconds(10);
  io::backend_options backend{};
  std::uint64_t seed = 1;
};

/// How far a run is.
struct run_progress {
  nanoseconds elapsed;  ///< of warm-up and duration
  nanoseconds whole;
  bool is_warm;
  tally counts;              ///< of the measured window so far
  interval_record interval;  ///< the present one
  std::size_t interval_number;
};

/// Whoever looks on. Called on the thread that called `run_load`.
class run_watch {
 public:
  /// Whether `progressed` shall be called, a few times a second.
  virtual bool wants_progress() const { return false; }
  virtual void progressed(const run_progress&) {}
  /// The measured window begins, or ends.
  virtual void window_begins() {}
  virtual void window_ends() {}
  /// Whether to break off.
  virtual bool wants_stop() { return false; }

 protected:
  ~run_watch() = default;
};

/// What a run came to.
struct run_outcome {
  std::string error;  ///< it could not begin; the rest says nothing
  recorder books{0};
  double offered = 0;  ///< requests a second that the schedule asked for; 0 in a closed loop
  double seconds = 0;  ///< of the measured window, as far as it went
  bool broken_off = false;
  double cpu_seconds = 0;    ///< of the tool within the window
  double busiest_share = 0;  ///< of its threads: CPU over time
  std::string backend_name;

  /// Answers as expected that came within the window, a second.
  double rate() const;
};

/// Runs the load; ends when everything was answered or has failed.
run_outcome run_load(const run_settings& settings, run_watch& watch);

}  // namespace ferrule::load
