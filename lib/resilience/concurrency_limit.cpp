#include "ferrule/resilience/concurrency_limit.hpp"

#include <algorithm>

#include "ferrule/core/assert.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

// Until then the long average is a plain mean, so that it begins near the truth.
constexpr std::uint32_t warm_up_windows = 10;
constexpr double gradient_min = 0.5;
// A long average this far above what is measured is a memory of overload, and is let go quickly.
constexpr double stale_ratio = 2;
constexpr double stale_decay = 0.95;
constexpr double overload_decay = 0.9;

concurrency_limit_settings in_range(concurrency_limit_settings s) {
  s.limit_min = std::max<std::uint32_t>(s.limit_min, 1);
  s.limit_max = std::max(s.limit_max, s.limit_min);
  s.limit_initial = std::clamp(s.limit_initial, s.limit_min, s.limit_max);
  s.smoothing = s.smoothing > 0 ? std::min(s.smoothing, 1.0) : 0.01;
  s.tolerance = std::max(1.0, s.tolerance);
  s.windows_long = std::max<std::uint32_t>(s.windows_long, 1);
  s.window_time = std::max(s.window_time, nanoseconds(0));
  s.window_calls = std::max<std::uint32_t>(s.window_calls, 1);
  return s;
}

}  // namespace

concurrency_limit::concurrency_limit(const concurrency_limit_settings& settings, mono_time now)
    : settings_(in_range(settings)),
      estimate_(settings_.limit_initial),
      window_ends_(saturating_add(now, settings_.window_time)),
      log_(settings.decisions_max) {}

bool concurrency_limit::try_acquire() noexcept {
  if (running_ >= limit()) {
    ++refused_;
    return false;
  }
  ++running_;
  ++admitted_;
  window_running_most_ = std::max(window_running_most_, running_);
  return true;
}

void concurrency_limit::release_ignored() noexcept {
  FERRULE_ASSERT(running_ != 0, "release() of a concurrency_limit under which nothing runs");
  --running_;
}

void concurrency_limit::release(mono_time now, nanoseconds took) noexcept {
  release_ignored();
  ++window_calls_;
  // A call of no measurable length still is one.
  window_sum_ns_ += static_cast<double>(std::max(took, nanoseconds(1)).count());
  end_window_if_due(now);
}

void concurrency_limit::release_given_up(mono_time now, nanoseconds took) noexcept {
  const bool is_long = long_ns_ != 0 && static_cast<double>(took.count()) > long_ns_;
  return is_long ? release(now, took) : release_ignored();
}

void concurrency_limit::release_overloaded(mono_time now) noexcept {
  release_ignored();
  ++window_overloads_;
  end_window_if_due(now);
}

void concurrency_limit::end_window_if_due(mono_time now) noexcept {
  const bool has_enough = window_calls_ + window_overloads_ >= settings_.window_calls;
  if (now >= window_ends_ && has_enough) end_window(now);
}

void concurrency_limit::add_to_long(double sample) noexcept {
  windows_ = std::min(windows_ + 1, warm_up_windows + 1);
  const double weight =
      windows_ <= warm_up_windows ? 1.0 / windows_ : 2.0 / (settings_.windows_long + 1.0);
  long_ns_ += (sample - long_ns_) * weight;
}

double concurrency_limit::aim_at(double gradient) const noexcept {
  if (window_overloads_ != 0) return estimate_ * overload_decay;
  // With half of the limit unused, latency says nothing about what a higher one would do.
  if (window_running_most_ < estimate_ / 2) return estimate_;
  return estimate_ + (estimate_ * gradient + settings_.queue - estimate_) * settings_.smoothing;
}

void concurrency_limit::end_window(mono_time now) noexcept {
  double gradient = 1;
  if (window_calls_ != 0) {
    short_ns_ = window_sum_ns_ / window_calls_;
    add_to_long(short_ns_);
    gradient = std::clamp(settings_.tolerance * long_ns_ / short_ns_, gradient_min, 1.0);
    if (long_ns_ / short_ns_ > stale_ratio) long_ns_ *= stale_decay;
  }
  const std::uint32_t before = limit();
  estimate_ = std::clamp(aim_at(gradient), static_cast<double>(settings_.limit_min),
                         static_cast<double>(settings_.limit_max));
  if (limit() != before) {
    log_.add({.at_ns = nanoseconds_of(now),
              .before = before,
              .after = limit(),
              .short_ns = short_ns_,
              .long_ns = long_ns_,
              .gradient = gradient,
              .running_most = window_running_most_,
              .calls = window_calls_,
              .overloads = window_overloads_});
  }
  window_ends_ = saturating_add(now, settings_.window_time);
  window_calls_ = window_overloads_ = 0;
  window_sum_ns_ = 0;
  window_running_most_ = running_;
}

concurrency_limit_snapshot concurrency_limit::snapshot() const noexcept {
  return {.limit = limit(),
          .running = running_,
          .short_ns = short_ns_,
          .long_ns = long_ns_,
          .admitted = admitted_,
          .refused = refused_};
}

}  // namespace ferrule
