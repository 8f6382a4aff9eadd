#include "ferrule/resilience/outlier_ejection.hpp"

#include <algorithm>
#include <cmath>

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

outlier_settings in_range(outlier_settings s) {
  for (nanoseconds* time : {&s.interval, &s.ejection_base, &s.ejection_max, &s.ejection_jitter}) {
    *time = std::max(*time, nanoseconds(0));
  }
  s.success_rate_time = std::max(s.success_rate_time, s.interval);
  s.ejected_share_max = s.ejected_share_max > 0 ? std::min(s.ejected_share_max, 1.0) : 0;
  s.panic_share = s.panic_share > 0 ? std::min(s.panic_share, 1.0) : 0;
  return s;
}

// base × times, without overflow.
nanoseconds ejection_time(const outlier_settings& s, std::uint32_t times) {
  return s.ejection_base > s.ejection_max / times ? s.ejection_max : s.ejection_base * times;
}

double success_rate(std::uint32_t failed, std::uint32_t calls) {
  return 1 - static_cast<double>(failed) / static_cast<double>(calls);
}

}  // namespace

outlier_ejection::outlier_ejection(const outlier_settings& settings, mono_time now)
    : settings_(in_range(settings)),
      next_sweep_(saturating_add(now, settings_.interval)),
      next_comparison_(saturating_add(now, settings_.success_rate_time)),
      log_(settings.decisions_max) {}

bool outlier_ejection::add(std::uint32_t endpoint) {
  if (endpoint >= settings_.endpoints_max) return false;
  remove(endpoint);
  if (endpoint >= endpoints_.size()) endpoints_.resize(endpoint + 1);
  changes_.reserve(endpoints_.capacity());  // a sweep changes each at most once
  endpoints_[endpoint].is_known = true;
  ++known_;
  return true;
}

void outlier_ejection::remove(std::uint32_t endpoint) noexcept {
  if (endpoint >= endpoints_.size() || !endpoints_[endpoint].is_known) return;
  --known_;
  if (endpoints_[endpoint].is_ejected) --ejected_;
  endpoints_[endpoint] = {};
}

bool outlier_ejection::is_ejected(std::uint32_t endpoint) const noexcept {
  return endpoint < endpoints_.size() && endpoints_[endpoint].is_ejected;
}

bool outlier_ejection::is_panicking() const noexcept {
  const std::uint32_t left = known_ - ejected_;
  return left == 0 || left < settings_.panic_share * known_;
}

bool outlier_ejection::may_eject(ejection_cause cause) const noexcept {
  if (known_ < 2) return false;
  if (cause != ejection_cause::success_rate) return true;
  const auto share = static_cast<std::uint32_t>(settings_.ejected_share_max * known_);
  return ejected_ < std::max<std::uint32_t>(share, 1) && ejected_ + 1 < known_;
}

std::optional<ejection_cause> outlier_ejection::cause_in(
    const endpoint_state& state) const noexcept {
  const auto is_enough = [](std::uint32_t count, std::uint32_t enough) {
    return enough != 0 && count >= enough;
  };
  if (state.is_on_probation) return ejection_cause::probation;
  if (is_enough(state.unreachable_in_a_row, settings_.consecutive_unreachable)) {
    return ejection_cause::unreachable;
  }
  if (is_enough(state.failures_in_a_row, settings_.consecutive_failures)) {
    return ejection_cause::consecutive_failures;
  }
  return std::nullopt;
}

bool outlier_ejection::record(std::uint32_t endpoint, ejection_signal said, mono_time now,
                              rng& random) noexcept {
  if (endpoint >= endpoints_.size() || said == ejection_signal::none) return false;
  endpoint_state& state = endpoints_[endpoint];
  if (!state.is_known || state.is_ejected) return false;
  ++state.calls;
  if (said != ejection_signal::unreachable) state.unreachable_in_a_row = 0;
  if (said == ejection_signal::succeeded) {
    state.failures_in_a_row = 0;
    state.is_on_probation = false;
    return false;
  }
  ++state.failed;
  ++state.failures_in_a_row;
  if (said == ejection_signal::unreachable) ++state.unreachable_in_a_row;
  const auto cause = cause_in(state);
  return cause && eject(endpoint, *cause, 0, now, random);
}

bool outlier_ejection::eject(std::uint32_t endpoint, ejection_cause cause, double threshold,
                             mono_time now, rng& random) noexcept {
  if (!may_eject(cause)) {
    ++spared_;
    return false;
  }
  endpoint_state& state = endpoints_[endpoint];
  // No more than the longest ejection needs, for each takes a sweep to be forgotten.
  if (state.times == 0 || ejection_time(settings_, state.times) < settings_.ejection_max) {
    ++state.times;
  }
  const nanoseconds jitter(
      random.below(static_cast<std::uint64_t>(settings_.ejection_jitter.count()) + 1));
  state.until = saturating_add(saturating_add(now, ejection_time(settings_, state.times)), jitter);
  state.is_ejected = true;
  state.is_on_probation = false;
  ++ejected_;
  ++ejections_;
  note(endpoint, cause, threshold, now);
  return true;
}

void outlier_ejection::note(std::uint32_t endpoint, ejection_cause cause, double threshold,
                            mono_time now) noexcept {
  const endpoint_state& state = endpoints_[endpoint];
  log_.add({.at_ns = nanoseconds_of(now),
            .endpoint = endpoint,
            .is_ejected = state.is_ejected,
            .cause = cause,
            .failures_in_a_row = state.failures_in_a_row,
            .calls = state.calls,
            .success_rate = state.calls == 0 ? 0 : success_rate(state.failed, state.calls),
            .threshold = threshold,
            .times = state.times,
            .wait_ns = state.is_ejected ? nanoseconds(state.until - now).count() : 0,
            .ejected = ejected_,
            .endpoints = known_});
}

std::span<const ejection_change> outlier_ejection::sweep(mono_time now, rng& random) noexcept {
  changes_.clear();
  if (now < next_sweep_) return changes_;
  next_sweep_ = saturating_add(now, settings_.interval);
  return_those_due(now);
  if (now < next_comparison_) return changes_;
  next_comparison_ = saturating_add(now, settings_.success_rate_time);
  eject_low_rates(now, random);
  for (endpoint_state& state : endpoints_) state.calls = state.failed = 0;
  return changes_;
}

std::span<const ejection_change> outlier_ejection::reinstate(std::uint32_t endpoint,
                                                             mono_time now) noexcept {
  changes_.clear();
  if (!is_ejected(endpoint)) return changes_;
  const bool is_panic = is_panicking();
  take_back(endpoint, ejection_cause::answered, now);
  endpoints_[endpoint].is_on_probation = false;  // it has just answered
  for (std::uint32_t i = 0; is_panic && i != endpoints_.size(); ++i) {
    if (is_ejected(i)) take_back(i, ejection_cause::other_answered, now);
  }
  return changes_;
}

void outlier_ejection::take_back(std::uint32_t endpoint, ejection_cause cause,
                                 mono_time now) noexcept {
  endpoint_state& state = endpoints_[endpoint];
  --ejected_;
  state.is_ejected = false;
  state.is_on_probation = true;
  state.failures_in_a_row = state.unreachable_in_a_row = state.calls = state.failed = 0;
  changes_.push_back({endpoint, false});
  note(endpoint, cause, 0, now);
}

void outlier_ejection::return_those_due(mono_time now) noexcept {
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    endpoint_state& state = endpoints_[i];
    if (!state.is_ejected) {
      if (state.times != 0) --state.times;
    } else if (state.until <= now) {
      take_back(i, ejection_cause::time_is_up, now);
    }
  }
}

bool outlier_ejection::has_rate(const endpoint_state& state) const noexcept {
  return !state.is_ejected && state.calls != 0 && state.calls >= settings_.success_rate_calls_min;
}

outlier_ejection::comparison outlier_ejection::compare_rates() const noexcept {
  const auto rate = [](const endpoint_state& s) { return success_rate(s.failed, s.calls); };
  comparison all;
  double sum = 0;
  for (const endpoint_state& state : endpoints_) {
    if (!has_rate(state)) continue;
    ++all.endpoints;
    sum += rate(state);
  }
  if (all.endpoints == 0) return all;
  const double mean = sum / all.endpoints;
  double squares = 0;
  for (const endpoint_state& state : endpoints_) {
    if (has_rate(state)) squares += (rate(state) - mean) * (rate(state) - mean);
  }
  const double deviations = settings_.success_rate_deviations * std::sqrt(squares / all.endpoints);
  all.threshold = mean - std::max(deviations, settings_.success_rate_drop_min);
  return all;
}

void outlier_ejection::eject_low_rates(mono_time now, rng& random) noexcept {
  const comparison all = compare_rates();
  if (all.endpoints == 0 || all.endpoints < settings_.success_rate_endpoints_min) return;
  for (;;) {
    const endpoint_state* worst = nullptr;  // goes first, since not all may go
    double lowest = all.threshold;
    for (const endpoint_state& state : endpoints_) {
      if (!has_rate(state) || success_rate(state.failed, state.calls) >= lowest) continue;
      lowest = success_rate(state.failed, state.calls);
      worst = &state;
    }
    if (worst == nullptr) return;
    const auto endpoint = static_cast<std::uint32_t>(worst - endpoints_.data());
    if (!eject(endpoint, ejection_cause::success_rate, all.threshold, now, random)) return;
    changes_.push_back({endpoint, true});
  }
}

outlier_snapshot outlier_ejection::snapshot(mono_time now) const {
  outlier_snapshot all{.ejected = ejected_, .ejections = ejections_, .spared = spared_};
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    const endpoint_state& s = endpoints_[i];
    if (!s.is_known) continue;
    const std::int64_t left = s.is_ejected ? nanoseconds(s.until - now).count() : 0;
    all.endpoints.push_back({i, s.is_ejected, std::max<std::int64_t>(0, left), s.times,
                             s.failures_in_a_row, s.calls, s.failed});
  }
  return all;
}

}  // namespace ferrule
