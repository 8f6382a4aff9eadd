#include "load/live.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "load/slo.hpp"

namespace ferrule::load {
namespace {

/// What the terminal does not take is missed by nobody. (`log` is for lines, without escapes.)
void print(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string bar(double share) {
  constexpr int width = 30;
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  std::string text;
  for (int i = 0; i != width; ++i) text += i < full ? "█" : "░";
  return text;
}

/// One character an interval, from the least to the greatest on a logarithmic scale.
std::string chart(const std::vector<nanoseconds>& values) {
  constexpr const char* levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double least = 1e18;
  double most = 0;
  for (const nanoseconds each : values) {
    if (each.count() == 0) continue;
    least = std::min(least, static_cast<double>(each.count()));
    most = std::max(most, static_cast<double>(each.count()));
  }
  std::string text;
  for (const nanoseconds each : values) {
    if (each.count() == 0) {
      text += ' ';
      continue;
    }
    const double span = std::log(std::max(most / least, 2.0));
    const double place = std::log(static_cast<double>(each.count()) / least) / span;
    text += levels[static_cast<std::size_t>(std::clamp(place * 7.0, 0.0, 7.0))];
  }
  return text;
}

}  // namespace

std::string live_text(const run_progress& progress, std::string_view title, double rate,
                      const std::vector<nanoseconds>& p99_history) {
  const auto seconds = [](nanoseconds t) { return std::chrono::duration<double>(t).count(); };
  const histogram& now = progress.interval.response;
  const bool is_over = progress.elapsed >= progress.whole;
  std::string text = fmt::format("{}\n", title);
  text += fmt::format("{} {:.1f}/{:.1f} s {}\n",
                      bar(seconds(progress.elapsed) / seconds(progress.whole)),
                      seconds(std::min(progress.elapsed, progress.whole)), seconds(progress.whole),
                      !progress.is_warm ? "warming up"
                      : is_over         ? "waiting for answers"
                                        : "");
  text += fmt::format("{:.0f}/s as expected   now p50 {}  p99 {}  max {}   failed {}\n", rate,
                      duration_text(now.quantile(0.5)), duration_text(now.quantile(0.99)),
                      duration_text(now.max()), progress.counts.failed());
  text += fmt::format("p99 {}\n", chart(p99_history));
  return text;
}

live_view::live_view(bool wanted) : is_shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void live_view::begin(std::string title) {
  clear();
  title_ = std::move(title);
  p99_history_.clear();
  last_elapsed_ = nanoseconds(0);
  last_ok_ = 0;
  rate_ = 0;
}

void live_view::show(const run_progress& progress) {
  if (!is_shown_) return;
  if (!progress.is_warm) last_elapsed_ = progress.elapsed;
  if (progress.elapsed - last_elapsed_ >= std::chrono::milliseconds(500)) {
    const double span = std::chrono::duration<double>(progress.elapsed - last_elapsed_).count();
    rate_ = static_cast<double>(progress.counts.ok - last_ok_) / span;
    last_ok_ = progress.counts.ok;
    last_elapsed_ = progress.elapsed;
  }
  if (progress.interval.response.count() != 0) {
    p99_history_.resize(std::max(p99_history_.size(), progress.interval_number + 1));
    p99_history_[progress.interval_number] = progress.interval.response.quantile(0.99);
  }
  clear();
  const std::string text = live_text(progress, title_, rate_, p99_history_);
  lines_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  print(text);
}

void live_view::clear() {
  if (lines_ != 0) print(fmt::format("\x1b[{}A\x1b[J", lines_));
  lines_ = 0;
}

}  // namespace ferrule::load
