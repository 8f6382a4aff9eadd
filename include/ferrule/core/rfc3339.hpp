#pragma once
/// @file
/// Points in time as text, `2024-05-01T12:34:56.789Z`: in JSON, log lines and problem documents.
///
/// ```cpp
/// inline void stamp(ferrule::buffer& out, std::int64_t unix_seconds) {
///   ferrule::append_rfc3339(out, {.unix_seconds = unix_seconds, .nanoseconds = 0});
/// }
/// ```
///
/// Source: RFC 3339 section 5.6.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ferrule/core/buffer.hpp"

namespace ferrule {

/// A point in time, wide enough for every date that RFC 3339 can write.
struct timestamp {
  std::int64_t unix_seconds;  ///< since 1970-01-01T00:00:00Z, leap seconds not counted
  std::uint32_t nanoseconds;  ///< of that second, 0 to 999,999,999

  friend constexpr bool operator==(const timestamp&, const timestamp&) = default;
};

/// A clock's resolution: a tick lasts `numerator / denominator` seconds.
struct tick_length {
  std::int64_t numerator;
  std::int64_t denominator;
};

/// The timestamp that lies `ticks` after the epoch, or nothing if it is out of RFC 3339's years,
/// 0000 to 9999.
std::optional<timestamp> to_timestamp(std::int64_t ticks, tick_length tick) noexcept;

/// How many ticks after the epoch `time` is, or nothing if that is not a whole number of them or
/// does not fit.
std::optional<std::int64_t> to_ticks(timestamp time, tick_length tick) noexcept;

/// Appends `time` in UTC, with 0, 3, 6 or 9 digits after the second: as many as it needs. The
/// time must be in the years 0000 to 9999, as `to_timestamp` makes sure.
void append_rfc3339(buffer& out, timestamp time);

/// Reads an RFC 3339 date-time with any offset; nothing for all else. Digits of a second beyond the
/// ninth are cut off. A leap second, which only the end of a month in UTC has (section 5.7), is the
/// second after it: clocks here do not count it.
std::optional<timestamp> parse_rfc3339(std::string_view text) noexcept;

}  // namespace ferrule
