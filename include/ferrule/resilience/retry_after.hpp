#pragma once
/// @file
/// How long an answer asks to be left alone: the Retry-After field, in both of its forms.
///
/// ```cpp
/// const auto now = std::chrono::system_clock::time_point();
/// const auto wait = ferrule::parse_retry_after("120", now);  // two minutes
/// const auto until = ferrule::parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now);
/// ```
///
/// Source: RFC 9110 section 10.2.3.

#include <chrono>
#include <optional>
#include <string_view>

#include "ferrule/core/clock.hpp"

namespace ferrule {

/// No answer makes a client wait longer than a day; what asks for more is taken as this.
inline constexpr std::chrono::seconds retry_after_max = std::chrono::hours(24);

/// The time to wait from `now` on, rounded up to whole seconds for a date; zero for a date that has
/// passed. Empty for a value that is neither delta-seconds nor an HTTP-date: the field is then as
/// good as absent. Allocates nothing.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      wall_time now) noexcept;

}  // namespace ferrule
