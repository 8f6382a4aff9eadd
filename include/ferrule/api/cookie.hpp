#pragma once
/// @file
/// The pairs of a Cookie field, and what may stand in them.
///
/// ```cpp
/// inline bool has_session(std::string_view cookie_field) {
///   while (const auto pair = ferrule::next_cookie(cookie_field)) {
///     if (pair->name == "sid") return ferrule::is_cookie_value(pair->value);
///   }
///   return false;
/// }
/// ```
///
/// Source: RFC 6265 sections 4.1.1, 4.2.1 and 5.4.

#include <optional>
#include <string_view>

namespace ferrule {

/// A name and its value as they were sent.
struct cookie_pair {
  std::string_view name;   ///< case counts
  std::string_view value;  ///< without the quotation marks that may stand around it
};

/// Takes the next pair off a Cookie field's value, which is a view of what is left. What is no
/// pair, without '=' or a name, is passed over. None at the end.
std::optional<cookie_pair> next_cookie(std::string_view& rest) noexcept;

/// Whether text has only what RFC 6265 lets a cookie's value have: visible ASCII without quotation
/// mark, comma, semicolon and backslash. The empty text has.
bool is_cookie_value(std::string_view text) noexcept;

}  // namespace ferrule
