#include "ferrule/http/date.hpp"

#include <charconv>
#include <span>
#include <string_view>

namespace ferrule::http {
namespace {

using namespace std::chrono;

constexpr std::string_view weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t short_name_bytes = 3;

char* put(char* out, std::string_view text) noexcept { return out + text.copy(out, text.size()); }

char* put_two_digits(char* out, unsigned value) noexcept {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

// Reads a date from left to right; once something does not fit, `ok` stays false.
struct date_reader {
  std::string_view rest;
  bool ok = true;

  void literal(std::string_view wanted) noexcept {
    if (!rest.starts_with(wanted)) return void(ok = false);
    rest.remove_prefix(wanted.size());
  }

  unsigned number(std::size_t digits) noexcept {
    unsigned value = 0;
    if (rest.size() < digits) return ok = false;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, value);
    if (error != std::errc() || end != rest.data() + digits) return ok = false;
    rest.remove_prefix(digits);
    return value;
  }

  // The place of the name in `names` that stands here, cut to `bytes`.
  unsigned name(std::span<const std::string_view> names, std::size_t bytes) noexcept {
    for (unsigned i = 0; i != names.size(); ++i) {
      const std::string_view wanted = names[i].substr(0, bytes);
      if (!rest.starts_with(wanted)) continue;
      rest.remove_prefix(wanted.size());
      return i;
    }
    return ok = false;
  }

  seconds time_of_day() noexcept {
    const unsigned hour = number(2);
    literal(":");
    const unsigned minute = number(2);
    literal(":");
    const unsigned second = number(2);
    constexpr unsigned leap_second = 60;
    ok = ok && hour < 24 && minute < 60 && second <= leap_second;
    return hours(hour) + minutes(minute) + seconds(second == leap_second ? 59 : second);
  }

  std::optional<sys_seconds> finish(int year_number, unsigned month_index, unsigned day_number,
                                    seconds time) const noexcept {
    const year_month_day date{year(year_number), month(month_index + 1), day(day_number)};
    if (!ok || !rest.empty() || !date.ok()) return std::nullopt;
    return sys_days(date) + time;
  }
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> parse_imf_fixdate(std::string_view text) noexcept {
  date_reader read{text};
  read.name(weekdays, short_name_bytes);
  read.literal(", ");
  const unsigned day_number = read.number(2);
  read.literal(" ");
  const unsigned month_index = read.name(months, short_name_bytes);
  read.literal(" ");
  const unsigned year_number = read.number(4);
  read.literal(" ");
  const seconds time = read.time_of_day();
  read.literal(" GMT");
  return read.finish(static_cast<int>(year_number), month_index, day_number, time);
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<sys_seconds> parse_rfc850(std::string_view text, sys_seconds now) noexcept {
  date_reader read{text};
  read.name(weekdays, std::string_view::npos);
  read.literal(", ");
  const unsigned day_number = read.number(2);
  read.literal("-");
  const unsigned month_index = read.name(months, short_name_bytes);
  read.literal("-");
  int year_number = static_cast<int>(read.number(2));
  read.literal(" ");
  const seconds time = read.time_of_day();
  read.literal(" GMT");
  constexpr int years_ahead_max = 50;
  const int this_year = static_cast<int>(year_month_day(floor<days>(now)).year());
  year_number += this_year - this_year % 100 + 100;
  while (year_number >= this_year + years_ahead_max) year_number -= 100;
  return read.finish(year_number, month_index, day_number, time);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> parse_asctime(std::string_view text) noexcept {
  date_reader read{text};
  read.name(weekdays, short_name_bytes);
  read.literal(" ");
  const unsigned month_index = read.name(months, short_name_bytes);
  read.literal(" ");
  const bool padded = read.rest.starts_with(' ');
  if (padded) read.literal(" ");
  const unsigned day_number = read.number(padded ? 1 : 2);
  read.literal(" ");
  const seconds time = read.time_of_day();
  read.literal(" ");
  const unsigned year_number = read.number(4);
  return read.finish(static_cast<int>(year_number), month_index, day_number, time);
}

}  // namespace

void format_date(sys_seconds when, char* out) noexcept {
  const sys_days day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  const auto year_number = static_cast<unsigned>(static_cast<int>(date.year()));
  out = put(out, weekdays[weekday(day).c_encoding()].substr(0, short_name_bytes));
  out = put(out, ", ");
  out = put_two_digits(out, static_cast<unsigned>(date.day()));
  out = put(out, " ");
  out = put(out, months[static_cast<unsigned>(date.month()) - 1]);
  out = put(out, " ");
  out = put_two_digits(out, year_number / 100);
  out = put_two_digits(out, year_number);
  out = put(out, " ");
  out = put_two_digits(out, static_cast<unsigned>(time.hours().count()));
  out = put(out, ":");
  out = put_two_digits(out, static_cast<unsigned>(time.minutes().count()));
  out = put(out, ":");
  out = put_two_digits(out, static_cast<unsigned>(time.seconds().count()));
  put(out, " GMT");
}

std::optional<sys_seconds> parse_date(std::string_view text, sys_seconds now) noexcept {
  if (const auto date = parse_imf_fixdate(text)) return date;
  if (const auto date = parse_rfc850(text, now)) return date;
  return parse_asctime(text);
}

}  // namespace ferrule::http
