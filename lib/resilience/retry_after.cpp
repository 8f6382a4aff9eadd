#include "ferrule/resilience/retry_after.hpp"

#include <algorithm>

#include "ferrule/http/date.hpp"

namespace ferrule {
namespace {

using std::chrono::seconds;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// delta-seconds has no upper bound, so that what is too large is cut and not refused.
seconds delta_seconds(std::string_view digits) noexcept {
  seconds sum{0};
  for (const char c : digits) sum = std::min(sum * 10 + seconds(c - '0'), retry_after_max);
  return sum;
}

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, wall_time now) noexcept {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_digit)) {
    return delta_seconds(value);
  }
  const auto second = std::chrono::floor<seconds>(now);  // the year 9999 has no nanoseconds
  const auto date = http::parse_date(value, second);
  if (!date) return std::nullopt;
  return std::clamp(*date - second, seconds(0), retry_after_max);
}

}  // namespace ferrule
