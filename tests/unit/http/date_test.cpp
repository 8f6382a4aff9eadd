#include "ferrule/http/date.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ferrule::http;
using namespace std::chrono;
using namespace std::chrono_literals;

constexpr sys_seconds example = sys_days(1994y / November / 6) + 8h + 49min + 37s;
constexpr sys_seconds now = sys_days(2024y / June / 1);

std::string formatted(sys_seconds when) {
  std::string text(date_bytes, '?');
  format_date(when, text.data());
  return text;
}

TEST(date, is_formatted) {
  EXPECT_EQ(formatted(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(formatted(sys_seconds{}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(formatted(sys_days(2024y / February / 29) + 23h + 59min + 59s),
            "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(formatted(sys_days(1969y / December / 31) + 1s), "Wed, 31 Dec 1969 00:00:01 GMT");
  EXPECT_EQ(formatted(sys_days(9999y / December / 31)), "Fri, 31 Dec 9999 00:00:00 GMT");
}

TEST(date, all_three_forms_are_read) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", now), example);
  EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994", now), example + days(10));
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", now),
            sys_days(2016y / December / 31) + 23h + 59min + 59s);
}

TEST(date, what_is_formatted_is_read_again) {
  for (sys_seconds when{}; when < sys_days(2100y / January / 1); when += 9h * 24 + 12347s) {
    ASSERT_EQ(parse_date(formatted(when), now), when) << formatted(when);
  }
}

TEST(date, two_digit_years_are_near_the_present) {
  const auto year_of = [](const char* digits) {
    const auto date = parse_date("Sunday, 06-Nov-" + std::string(digits) + " 00:00:00 GMT", now);
    return date ? static_cast<int>(year_month_day(floor<days>(*date)).year()) : 0;
  };
  EXPECT_EQ(year_of("24"), 2024);
  EXPECT_EQ(year_of("73"), 2073);
  EXPECT_EQ(year_of("74"), 1974);
  EXPECT_EQ(year_of("00"), 2000);
}

TEST(date, nothing_else_is_read) {
  for (const char* text : {"",
                           "Sun",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sux, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nox 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Thu, 29 Feb 2023 00:00:00 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun, +6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94",
                           "784111777",
                           "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_date(text, now), std::nullopt) << text;
  }
}

TEST(date, the_cache_follows_the_clock) {
  date_cache cache;
  const system_clock::time_point start = example;
  EXPECT_EQ(cache.at(start).view(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(start + 999ms).view(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(start + 1s).view(), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.at(start - 1ms).view(), "Sun, 06 Nov 1994 08:49:36 GMT");  // it may also go back
}

}  // namespace
