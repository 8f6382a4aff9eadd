#include "ferrule/resilience/retry_after.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

using namespace std::chrono_literals;

const wall_time now{784111770s};  // Sun, 06 Nov 1994 08:49:30 GMT

TEST(parse_retry_after, delta_seconds) {
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("007", now), 7s);
  EXPECT_EQ(parse_retry_after("86400", now), 24h);
  EXPECT_EQ(parse_retry_after("86401", now), 24h);
  EXPECT_EQ(parse_retry_after("99999999999999999999999999999999999", now), 24h);
}

TEST(parse_retry_after, dates_in_all_three_forms) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 7s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 7s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 7s);
}

TEST(parse_retry_after, a_date_is_not_reached_early_nor_waited_for_when_gone) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + 1ms), 7s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:29 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 24h);
  EXPECT_EQ(parse_retry_after("Sat, 01 Jan 0000 00:00:00 GMT", now), 0s);
}

TEST(parse_retry_after, what_is_neither_is_as_good_as_absent) {
  for (const std::string_view value : {"", " ", "-1", "+1", " 1", "1 ", "1.5", "1s", "soon", "1,2",
                                       "Sun, 06 Nov 1994 08:49:37 CET"}) {
    EXPECT_EQ(parse_retry_after(value, now), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace ferrule
