#pragma once
// Runs on a target as a user sees them: with the live view, the server's figures, and Ctrl-C.

#include <optional>
#include <string>

#include "load/live.hpp"
#include "load/report.hpp"
#include "load/target.hpp"

namespace ferrule::load {

/// Lets SIGINT and SIGTERM be asked for while it lives; a second one ends the process at once.
class interrupts {
 public:
  interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;
  ~interrupts();

  static bool came() noexcept;
};

/// A run's report with the histogram that searches judge by.
struct measured_run {
  std::string error;  ///< it could not begin
  run_report report;
  histogram response;
};

/// Measures one target, again and again if need be.
class session {
 public:
  session(const settings& asked, const target& with)
      : asked_(asked), target_(with), view_(!asked.quiet) {}

  /// One run at a rate, or a closed loop. `title` is for the live view.
  measured_run measure(const std::optional<rate_profile>& rate, nanoseconds duration,
                       const std::string& title);

 private:
  const settings& asked_;
  const target& target_;
  live_view view_;
};

}  // namespace ferrule::load
