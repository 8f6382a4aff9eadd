#include "ferrule/core/rfc3339.hpp"

#include <limits>

namespace ferrule {

namespace {

constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t second_nanoseconds = 1'000'000'000;
constexpr std::int64_t first_second = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31T23:59:59Z

// Seconds and nanoseconds of any timestamp fit, but not times any denominator.
__extension__ using wide = __int128;

/// Cuts a text of digits and separators into numbers. After a failure every further step fails.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    if (rest_.size() < count) return fail();
    int value = 0;
    for (char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool skip(char expected) {
    if (rest_.empty() || rest_[0] != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char expected) {
    if (!skip(expected)) fail();
  }
  /// The digits after a decimal point as nanoseconds.
  std::uint32_t fraction() {
    std::uint32_t value = 0;
    std::size_t count = 0;
    for (; count != rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count < 9) value = value * 10 + static_cast<std::uint32_t>(rest_[count] - '0');
    }
    rest_.remove_prefix(count);
    if (count == 0) fail();
    for (; count < 9; ++count) value *= 10;
    return value;
  }
  /// Minutes east of UTC.
  int offset() {
    if (skip('Z') || skip('z')) return 0;
    const bool west = skip('-');
    if (!west) expect('+');
    const int hours = digits(2);
    expect(':');
    const int minutes = digits(2);
    if (hours > 23 || minutes > 59) fail();
    return (west ? -1 : 1) * (hours * 60 + minutes);
  }
  int fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

/// Whether a month begins with this second in UTC: a leap second may come before it.
bool starts_month(std::int64_t unix_seconds) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::seconds(unix_seconds));
  return days == std::chrono::seconds(unix_seconds) &&
         std::chrono::year_month_day(std::chrono::sys_days(days)).day() == std::chrono::day(1);
}

void put_digits(char* to, unsigned value, int count) {
  for (char* at = to + count; at != to; value /= 10) *--at = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<timestamp> to_timestamp(std::int64_t ticks, tick_length tick) noexcept {
  wide scaled = static_cast<wide>(ticks) * tick.numerator;
  if (__builtin_mul_overflow(scaled, second_nanoseconds, &scaled)) return std::nullopt;
  const wide nanoseconds = scaled / tick.denominator;
  wide seconds = nanoseconds / second_nanoseconds;
  wide rest = nanoseconds % second_nanoseconds;
  if (rest < 0) --seconds, rest += second_nanoseconds;
  if (seconds < first_second || seconds > last_second) return std::nullopt;
  return timestamp{static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(rest)};
}

std::optional<std::int64_t> to_ticks(timestamp time, tick_length tick) noexcept {
  wide scaled = static_cast<wide>(time.unix_seconds) * second_nanoseconds + time.nanoseconds;
  if (__builtin_mul_overflow(scaled, tick.denominator, &scaled)) return std::nullopt;
  const wide divisor = static_cast<wide>(tick.numerator) * second_nanoseconds;
  const wide ticks = scaled / divisor;
  if (scaled % divisor != 0 || ticks < std::numeric_limits<std::int64_t>::min() ||
      ticks > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(ticks);
}

void append_rfc3339(buffer& out, timestamp time) {
  std::int64_t days = time.unix_seconds / day_seconds;
  std::int64_t rest = time.unix_seconds % day_seconds;
  if (rest < 0) --days, rest += day_seconds;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  const auto second_of_day = static_cast<unsigned>(rest);

  constexpr std::string_view form = "0000-00-00T00:00:00.000000000";
  char* const text = out.prepare(form.size() + 1);
  form.copy(text, form.size());
  put_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_digits(text + 5, static_cast<unsigned>(date.month()), 2);
  put_digits(text + 8, static_cast<unsigned>(date.day()), 2);
  put_digits(text + 11, second_of_day / 3600, 2);
  put_digits(text + 14, second_of_day / 60 % 60, 2);
  put_digits(text + 17, second_of_day % 60, 2);
  put_digits(text + 20, time.nanoseconds, 9);

  const std::size_t fraction = time.nanoseconds == 0               ? 0
                               : time.nanoseconds % 1'000'000 == 0 ? 4
                               : time.nanoseconds % 1'000 == 0     ? 7
                                                                   : 10;
  text[19 + fraction] = 'Z';
  out.commit(20 + fraction);
}

std::optional<timestamp> parse_rfc3339(std::string_view text) noexcept {
  scanner in(text);
  const std::chrono::year year(in.digits(4));
  in.expect('-');
  const std::chrono::month month(static_cast<unsigned>(in.digits(2)));
  in.expect('-');
  const std::chrono::day day(static_cast<unsigned>(in.digits(2)));
  if (!in.skip('t')) in.expect('T');
  const int hour = in.digits(2);
  in.expect(':');
  const int minute = in.digits(2);
  in.expect(':');
  const int second = in.digits(2);
  const std::uint32_t nanoseconds = in.skip('.') ? in.fraction() : 0;
  const int offset_minutes = in.offset();

  const std::chrono::year_month_day date = year / month / day;
  if (!in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t unix_seconds =
      days * day_seconds + (hour * 60 + minute - offset_minutes) * 60 + second;
  if (second == 60 && !starts_month(unix_seconds)) return std::nullopt;
  if (unix_seconds < first_second || unix_seconds > last_second) return std::nullopt;
  return timestamp{unix_seconds, nanoseconds};
}

}  // namespace ferrule
