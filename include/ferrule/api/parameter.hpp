#pragma once
/// @file
/// What can stand in a path or a query as text, and how it becomes a value. Reading is strict:
/// the whole text must be the value, within the type's range.
///
/// ```cpp
/// enum class color { red, green };
/// inline bool is_green(std::string_view text) {
///   color value{};
///   return ferrule::parse_parameter(text, value) && value == color::green;
/// }
/// ```
///
/// A type of your own becomes a parameter by a `parse_parameter` beside it, found by its
/// argument's namespace:
///
/// ```cpp
/// struct user_id { std::uint64_t number; };
/// inline bool parse_parameter(std::string_view text, user_id& out) {
///   return ferrule::parse_parameter(text, out.number) && out.number != 0;
/// }
/// static_assert(ferrule::text_parameter<user_id>);
/// ```

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/limited.hpp"

namespace ferrule {

namespace detail {
template <class T>
inline constexpr bool is_character =
    std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept number_parameter =
    std::is_arithmetic_v<T> && !std::same_as<T, bool> && !is_character<T> && !std::is_const_v<T>;
/// Of what is spelled as a number: zero if it is nearer to that than all others are.
long double nearest_number(std::string_view text);
}  // namespace detail

/// Decimal digits, with a '-' where the type is signed; no '+', no space. Floating-point numbers
/// as JSON and C write them, rounded to the nearest; neither infinity nor NaN. Returns whether
/// `text` was such a number and in range; `out` is meaningful only then.
template <detail::number_parameter T>
bool parse_parameter(std::string_view text, T& out) noexcept {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, out);
  if constexpr (std::floating_point<T>) {
    if (error == std::errc::result_out_of_range) {
      out = static_cast<T>(detail::nearest_number(text));
    } else if (error != std::errc{}) {
      return false;
    }
    return rest == end && std::isfinite(out);
  } else {
    return error == std::errc{} && rest == end;
  }
}

/// `true` or `false`.
inline bool parse_parameter(std::string_view text, bool& out) noexcept {
  out = text == "true";
  return out || text == "false";
}

/// An enumeration by the name of its value.
template <class E>
  requires std::is_enum_v<E>
bool parse_parameter(std::string_view text, E& out) noexcept {
  const auto value = json::enum_value<E>(text);
  if (value) out = *value;
  return value.has_value();
}

/// Any text, already percent-decoded, and known to be UTF-8. The view lasts as long as the request.
inline bool parse_parameter(std::string_view text, std::string_view& out) noexcept {
  out = text;
  return true;
}
inline bool parse_parameter(std::string_view text, std::string& out) {
  out = text;
  return true;
}

/// A value within limits (json/limited.hpp) of its number or text.
template <json::detail::limited_value T>
bool parse_parameter(std::string_view text, T& out) {
  typename T::limited_type plain{};
  if (!parse_parameter(text, plain)) return false;
  auto made = T::from(std::move(plain));
  if (made) out = *std::move(made);
  return made.has_value();
}

/// What a path or query parameter can be.
template <class T>
concept text_parameter = std::default_initializable<T> && requires(std::string_view text, T& out) {
  { parse_parameter(text, out) } -> std::same_as<bool>;
};

namespace detail {

/// "an unsigned integer of 32 bits" with its limits.
std::string expected_number(std::string expected, const json::member_limits& limits);

/// Completes "must be ..." in an answer to an ill-typed parameter.
template <class T>
std::string expected_parameter() {
  if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (std::unsigned_integral<T>) {
    return "an unsigned integer of " + std::to_string(sizeof(T) * 8) + " bits";
  } else if constexpr (std::integral<T>) {
    return "an integer of " + std::to_string(sizeof(T) * 8) + " bits";
  } else if constexpr (std::floating_point<T>) {
    return "a number";
  } else if constexpr (json::detail::limited_value<T>) {
    constexpr json::member_limits limits = T::value_limits;
    if constexpr (std::same_as<typename T::limited_type, std::string>) {
      return json::detail::expected_text(limits);
    } else {
      return expected_number(expected_parameter<typename T::limited_type>(), limits);
    }
  } else if constexpr (std::is_enum_v<T>) {
    std::string names = "one of";
    for (const auto& known : json::enumerators<T>) {
      names += names.size() == 6 ? " " : ", ";
      names += known.name;
    }
    return names;
  } else {
    return "a valid " + std::string(json::type_name<T>);
  }
}

}  // namespace detail
}  // namespace ferrule
