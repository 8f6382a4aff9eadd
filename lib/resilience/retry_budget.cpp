#include "ferrule/resilience/retry_budget.hpp"

#include <algorithm>
#include <cmath>

namespace ferrule {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t units_per_retry = 1000;
constexpr std::size_t slices = 10;
constexpr double share_max = 1000;
constexpr std::uint32_t per_second_most = 1'000'000;

nanoseconds window_of(const retry_budget_settings& settings) {
  return std::clamp<nanoseconds>(settings.window, seconds(1), seconds(60));
}

std::int64_t reserve_of(const retry_budget_settings& settings) {
  const std::int64_t per_second = std::min(settings.per_second_min, per_second_most);
  constexpr std::int64_t microseconds_per_second = 1'000'000;
  const auto window = std::chrono::floor<std::chrono::microseconds>(window_of(settings));
  return per_second * window.count() / microseconds_per_second * units_per_retry;
}

std::int64_t earned_by_call(const retry_budget_settings& settings) {
  const double share = settings.share > 0 ? std::min(settings.share, share_max) : 0;
  return std::llround(share * static_cast<double>(units_per_retry));
}

}  // namespace

retry_budget::retry_budget(const retry_budget_settings& settings, mono_time now)
    : earned_by_call_(earned_by_call(settings)),
      reserve_(reserve_of(settings)),
      flow_(slices, window_of(settings) / slices, now) {}

void retry_budget::deposit(mono_time now) noexcept {
  ++deposits_;
  flow_.add(now, earned_by_call_);
}

bool retry_budget::try_withdraw(mono_time now) noexcept {
  if (balance(now) == 0) {
    ++refusals_;
    return false;
  }
  ++withdrawals_;
  flow_.add(now, -units_per_retry);
  return true;
}

std::int64_t retry_budget::balance(mono_time now) noexcept {
  // Deposits can leave the window before the withdrawals they paid for.
  return std::max<std::int64_t>(0, (reserve_ + flow_.total_at(now)) / units_per_retry);
}

retry_budget_snapshot retry_budget::snapshot(mono_time now) noexcept {
  return {balance(now), deposits_, withdrawals_, refusals_};
}

}  // namespace ferrule
