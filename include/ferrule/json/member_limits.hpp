#pragma once
/// @file
/// What bounds a value: ends of a number, length and form of a text. Given for members
/// (json/limits.hpp), for header fields (api/openapi.hpp), and in types (json/limited.hpp).
///
/// ```cpp
/// constexpr ferrule::json::member_limits of_a_name{
///     .size_min = 1, .size_max = 200, .form = &ferrule::json::plain_text};
/// ```

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::json {

/// How text has to look. To be a constant.
struct text_form {
  std::string_view pattern;             ///< a regular expression (ECMA-262), for schemas
  bool (*fits)(std::string_view text);  ///< the same, for the reader
  std::string_view message;             ///< goes on from the pointer: "must be ..."
  std::string_view format{};            ///< as schemas know it: "uuid"; empty: none
};

/// Whether text is free of control characters (U+0000 to U+001F and U+007F), which much software
/// cuts texts at, or shows as something else.
bool is_plain_text(std::string_view text) noexcept;
inline constexpr text_form plain_text{R"(^[^\x00-\x1F\x7F]*$)", is_plain_text,
                                      "must not hold control characters"};

/// 8-4-4-4-12 hexadecimal digits of either case (RFC 9562 section 4).
bool is_uuid(std::string_view text) noexcept;
inline constexpr text_form uuid_form{
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", is_uuid,
    "must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91", "uuid"};

/// A day that there is, as "2026-01-31" (RFC 3339, full-date).
bool is_date(std::string_view text) noexcept;
inline constexpr text_form date_form{"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", is_date,
                                     "must be a date such as 2026-01-31", "date"};

/// An address of e-mail as browsers take it in a form (HTML Standard, "valid e-mail address"): no
/// comments, no quotes, ASCII alone. Whether mail arrives there only mail can tell. RFC 5321 allows
/// 254 characters; say so by `size_max`.
bool is_email(std::string_view text) noexcept;
inline constexpr text_form email_form{
    "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    "(?:[.][a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    is_email, "must be an e-mail address such as ada@example.com", "email"};

/// The limits of a member or a value, both ends included.
struct member_limits {
  static constexpr std::size_t no_size = std::numeric_limits<std::size_t>::max();

  std::string_view member{};  ///< as it is declared; empty for a value by itself
  std::size_t size_min = 0;   ///< characters (code points) of text, elements of arrays and maps
  std::size_t size_max = no_size;
  // Optional, for every number can be an end: the greatest of 64 bits bounds an unsigned one.
  std::optional<std::int64_t> min{};  ///< of numbers
  std::optional<std::int64_t> max{};
  const text_form* form = nullptr;

  constexpr bool bound_size() const { return size_min != 0 || size_max != no_size; }
  constexpr bool bound_number() const { return min || max; }
  constexpr bool exist() const { return bound_size() || bound_number() || form != nullptr; }
};

namespace detail {
/// Whether text is within limits.
bool fits_text(const member_limits& limits, std::string_view text);
/// Completes "must be ...": "text of 1 to 200 characters".
std::string expected_text(const member_limits& limits);
}  // namespace detail

}  // namespace ferrule::json
