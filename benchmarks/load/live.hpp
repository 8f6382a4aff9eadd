#pragma once
// The view of a run under way, for terminals: redrawn in place a few times a second.

#include <cstdio>
#include <string>
#include <vector>

#include "load/run.hpp"

namespace ferrule::load {

/// What the view shows, without the terminal: some lines of text.
/// `p99_history`: one value an interval, 0 for none.
std::string live_text(const run_progress& progress, std::string_view title, double rate,
                      const std::vector<nanoseconds>& p99_history);

/// Draws on standard error, if that is a terminal, until it is destroyed.
class live_view {
 public:
  /// `wanted`: false never draws.
  explicit live_view(bool wanted);
  live_view(const live_view&) = delete;
  live_view& operator=(const live_view&) = delete;
  ~live_view() { clear(); }

  bool is_shown() const noexcept { return is_shown_; }
  /// What is under way, such as "trial at 2000 a second".
  void begin(std::string title);
  void show(const run_progress& progress);
  /// Takes the view off the screen.
  void clear();

 private:
  bool is_shown_;
  std::string title_;
  std::vector<nanoseconds> p99_history_;
  nanoseconds last_elapsed_{0};
  std::uint64_t last_ok_ = 0;
  double rate_ = 0;
  std::size_t lines_ = 0;  // on the screen
};

}  // namespace ferrule::load
