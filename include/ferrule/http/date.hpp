#pragma once
/// @file
/// Dates as HTTP writes them, and the current one kept ready, since a server puts it into every
/// response and it changes once a second.
///
/// ```cpp
/// inline std::string epoch() {
///   char text[ferrule::http::date_bytes];
///   ferrule::http::format_date(std::chrono::sys_seconds{}, text);
///   return {text, sizeof text};  // "Thu, 01 Jan 1970 00:00:00 GMT"
/// }
/// ```
///
/// Source: RFC 9110 section 5.6.7.

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" always has this many bytes.
inline constexpr std::size_t date_bytes = 29;

/// Writes `when` as an IMF-fixdate to `out`, which has room for `date_bytes`. The year must be
/// from 0 to 9999.
void format_date(std::chrono::sys_seconds when, char* out) noexcept;

/// A date as HTTP writes it, and nothing else, so whoever sends it need not check it.
class date_text {
 public:
  /// The year must be from 0 to 9999.
  explicit date_text(std::chrono::sys_seconds when) noexcept { format_date(when, chars_.data()); }
  std::string_view view() const noexcept { return {chars_.data(), chars_.size()}; }

 private:
  std::array<char, date_bytes> chars_;
};

/// Reads a date in any of the three forms a recipient must take: IMF-fixdate, RFC 850's and
/// asctime's. A two-digit year is of the century that puts it less than 50 years after `now`.
/// Empty when the text is none of them or names no real day; the name of the weekday must be one
/// but need not be right. A leap second counts as the second before it.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text,
                                                   std::chrono::sys_seconds now) noexcept;

/// The current date as text, formatted anew only when the second changes.
/// Thread rule: belongs to one thread; keep one per reactor.
class date_cache {
 public:
  /// The date of `now`, until the next call with another second.
  const date_text& at(std::chrono::system_clock::time_point now) noexcept {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
      second_ = second;
      text_ = date_text(second);
    }
    return text_;
  }

 private:
  std::chrono::sys_seconds second_{};
  date_text text_{second_};
};

}  // namespace ferrule::http
