#include "ferrule/core/rfc3339.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace {

using ferrule::timestamp;

std::string text_of(timestamp time) {
  ferrule::buffer out;
  ferrule::append_rfc3339(out, time);
  return std::string(out.view());
}

constexpr ferrule::tick_length seconds{1, 1};
constexpr ferrule::tick_length milliseconds{1, 1000};
constexpr ferrule::tick_length nanoseconds{1, 1'000'000'000};
constexpr ferrule::tick_length hours{3600, 1};

TEST(rfc3339, writes_as_many_digits_as_needed) {
  EXPECT_EQ(text_of({0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text_of({1'714'566'896, 789'000'000}), "2024-05-01T12:34:56.789Z");
  EXPECT_EQ(text_of({1'714'566'896, 789'001'000}), "2024-05-01T12:34:56.789001Z");
  EXPECT_EQ(text_of({1'714'566'896, 1}), "2024-05-01T12:34:56.000000001Z");
  EXPECT_EQ(text_of({1'714'566'896, 100'000'000}), "2024-05-01T12:34:56.100Z");
  EXPECT_EQ(text_of({-1, 999'000'000}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(text_of({-62'167'219'200, 0}), "0000-01-01T00:00:00Z");
  EXPECT_EQ(text_of({253'402'300'799, 999'999'999}), "9999-12-31T23:59:59.999999999Z");
}

TEST(rfc3339, reads_what_the_rfc_shows) {
  // RFC 3339 section 5.8.
  EXPECT_EQ(ferrule::parse_rfc3339("1985-04-12T23:20:50.52Z"),
            (timestamp{482'196'050, 520'000'000}));
  EXPECT_EQ(ferrule::parse_rfc3339("1996-12-19T16:39:57-08:00"), (timestamp{851'042'397, 0}));
  EXPECT_EQ(ferrule::parse_rfc3339("1937-01-01T12:00:27.87+00:20"),
            (timestamp{-1'041'337'173, 870'000'000}));
  EXPECT_EQ(ferrule::parse_rfc3339("1990-12-31T23:59:60Z"), (timestamp{662'688'000, 0}));
  EXPECT_EQ(ferrule::parse_rfc3339("1990-12-31T15:59:60-08:00"), (timestamp{662'688'000, 0}));
}

TEST(rfc3339, reads_a_leap_second_as_the_one_after_it) {
  EXPECT_EQ(ferrule::parse_rfc3339("1990-12-31T23:59:60.25Z"),
            (timestamp{662'688'000, 250'000'000}));
  EXPECT_EQ(ferrule::parse_rfc3339("2016-06-30T23:59:60Z"),
            ferrule::parse_rfc3339("2016-07-01T00:00:00Z"));
  EXPECT_EQ(ferrule::parse_rfc3339("2017-01-01T00:59:60+01:00"),
            ferrule::parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(rfc3339, cuts_digits_beyond_the_nanosecond) {
  EXPECT_EQ(ferrule::parse_rfc3339("1970-01-01T00:00:00.1234567899Z"), (timestamp{0, 123'456'789}));
  EXPECT_EQ(ferrule::parse_rfc3339("1970-01-01T00:00:00." + std::string(1'000, '9') + 'Z'),
            (timestamp{0, 999'999'999}));
}

TEST(rfc3339, reads_any_offset_case_and_precision) {
  EXPECT_EQ(ferrule::parse_rfc3339("1970-01-01t00:00:00z"), (timestamp{0, 0}));
  EXPECT_EQ(ferrule::parse_rfc3339("1970-01-01T00:00:00-00:00"), (timestamp{0, 0}));
  EXPECT_EQ(ferrule::parse_rfc3339("1970-01-02T00:00:00+23:59"), (timestamp{60, 0}));
  EXPECT_EQ(ferrule::parse_rfc3339("1969-12-31T23:59:59.123456789Z"), (timestamp{-1, 123'456'789}));
  EXPECT_EQ(ferrule::parse_rfc3339("2024-02-29T00:00:00Z"), (timestamp{1'709'164'800, 0}));
}

TEST(rfc3339, refuses_all_else) {
  for (std::string_view text : {
           "",
           "2024-05-01",
           "2024-05-01 12:34:56Z",
           "2024-05-01T12:34:56",
           "2024-05-01T12:34Z",
           "2024-05-01T12:34:56.Z",
           "2024-05-01T12:34:56,5Z",
           "2024-05-01T12:34:56+0100",
           "2024-05-01T12:34:56+01",
           "2024-05-01T12:34:56+24:00",
           "2024-05-01T12:34:56+01:60",
           "2024-05-01T12:34:56Z ",
           " 2024-05-01T12:34:56Z",
           "2024-13-01T12:34:56Z",
           "2024-00-01T12:34:56Z",
           "2024-05-00T12:34:56Z",
           "2024-04-31T12:34:56Z",
           "2023-02-29T12:34:56Z",
           "1900-02-29T12:34:56Z",
           "2024-05-01T24:00:00Z",
           "2024-05-01T12:60:00Z",
           "2024-05-01T12:00:60Z",
           "1990-12-30T23:59:60Z",  // no leap second ends such a day
           "1990-12-31T23:59:60+01:00",
           "1990-12-31T22:59:60Z",
           "1990-12-31T23:59:61Z",
           "9999-12-31T23:59:60Z",
           "+024-05-01T12:34:56Z",
           "24-05-01T12:34:56Z",
           "2024-5-01T12:34:56Z",
           "0000-01-01T00:00:00+00:01",
           "9999-12-31T23:59:59-00:01",
           "\xFF",
       }) {
    EXPECT_FALSE(ferrule::parse_rfc3339(text)) << text;
  }
}

TEST(rfc3339, refuses_every_truncation) {
  const std::string text = "2024-05-01T12:34:56.789+02:00";
  for (std::size_t size = 0; size != text.size(); ++size) {
    EXPECT_FALSE(ferrule::parse_rfc3339(std::string_view(text).substr(0, size))) << size;
  }
  EXPECT_TRUE(ferrule::parse_rfc3339(text));
}

TEST(rfc3339, reads_back_what_it_wrote) {
  for (std::int64_t day = -719'528; day <= 2'932'896; day += 97) {
    const timestamp time{day * 86'400 + day % 86'399 * (day < 0 ? -1 : 1),
                         static_cast<std::uint32_t>(day * day % 1'000'000'000)};
    ASSERT_EQ(ferrule::parse_rfc3339(text_of(time)), time) << text_of(time);
  }
}

TEST(rfc3339, converts_ticks) {
  EXPECT_EQ(ferrule::to_timestamp(-1, milliseconds), (timestamp{-1, 999'000'000}));
  EXPECT_EQ(ferrule::to_timestamp(1'500, milliseconds), (timestamp{1, 500'000'000}));
  EXPECT_EQ(ferrule::to_timestamp(2, hours), (timestamp{7'200, 0}));
  EXPECT_TRUE(ferrule::to_timestamp(253'402'300'799, seconds));
  EXPECT_FALSE(ferrule::to_timestamp(253'402'300'800, seconds));
  EXPECT_TRUE(ferrule::to_timestamp(-62'167'219'200, seconds));
  EXPECT_FALSE(ferrule::to_timestamp(-62'167'219'201, seconds));
  EXPECT_FALSE(ferrule::to_timestamp(std::numeric_limits<std::int64_t>::max(), hours));
  EXPECT_FALSE(ferrule::to_timestamp(std::numeric_limits<std::int64_t>::min(), hours));

  EXPECT_EQ(ferrule::to_ticks({1, 500'000'000}, milliseconds), 1'500);
  EXPECT_EQ(ferrule::to_ticks({-1, 999'000'000}, milliseconds), -1);
  EXPECT_EQ(ferrule::to_ticks({7'200, 0}, hours), 2);
  EXPECT_FALSE(ferrule::to_ticks({7'201, 0}, hours));
  EXPECT_FALSE(ferrule::to_ticks({1, 500'000'001}, milliseconds));
  EXPECT_FALSE(ferrule::to_ticks({1, 500'000'000}, seconds));
  EXPECT_TRUE(ferrule::to_ticks({9'223'372'036, 854'775'807}, nanoseconds));
  EXPECT_FALSE(ferrule::to_ticks({9'223'372'036, 854'775'808}, nanoseconds));
}

TEST(rfc3339, ticks_of_any_length_do_not_overflow) {
  using limits = std::numeric_limits<std::int64_t>;
  for (const ferrule::tick_length tick :
       {ferrule::tick_length{1'000'000'000'000'000'000, 1}, {1'000'000'000'000'000, 1},
        {1, 1'000'000'000'000'000'000}, {999'999'999'999'999'989, 1'000'000'000'000'000'000}}) {
    for (const std::int64_t ticks : {limits::min(), limits::max(), std::int64_t{1}}) {
      (void)ferrule::to_timestamp(ticks, tick);
    }
    EXPECT_EQ(ferrule::to_timestamp(0, tick), (timestamp{0, 0}));
    EXPECT_EQ(ferrule::to_ticks({0, 0}, tick), 0);
    EXPECT_EQ(ferrule::to_ticks({253'402'300'799, 999'999'999}, tick), std::nullopt);
    EXPECT_EQ(ferrule::to_ticks({-62'167'219'200, 1}, tick), std::nullopt);
  }
}

}  // namespace
