#pragma once
/// @file
/// Which form a C++ type takes in JSON. Writer, reader and schema agree because all ask here, and
/// in json/check.hpp, which tells what to do about a type that has none.
///
/// ```cpp
/// using ferrule::json::kind;
/// static_assert(ferrule::json::kind_of<std::array<int, 3>> == kind::sequence);
/// static_assert(ferrule::json::kind_of<std::optional<int>> == kind::optional);
/// ```
///
/// | C++ | JSON |
/// | --- | --- |
/// | aggregate | object; a member that is an empty optional is left out |
/// | `bool`; integers; `float`, `double` | `true`/`false`; number; number |
/// | `std::string`, `std::string_view`, `const char*` | string |
/// | enumeration | its name as a string |
/// | `std::optional`, `std::unique_ptr` | the value, or `null` where it cannot be left out |
/// | `std::vector`, `std::array`, any other range with a size | array |
/// | `std::map`, `std::unordered_map` with string keys | object |
/// | `std::variant` of aggregates | object that starts with `"type":"<name of the aggregate>"` |
/// | `std::monostate` | `null` |
/// | time point of `std::chrono::system_clock` | RFC 3339 string in UTC, as precise as needed |
/// | `std::chrono::duration` | number of its own ticks: name the unit in the member's name |
/// | `bounded`, `bounded_text`, `matching` (json/limited.hpp) | as their number or text |
/// | `patch<T>` (json/patch.hpp) | object with some of the members of `T`, null for what is
/// optional |
/// | `json::raw` | any value, passed on |
///
/// Ticks of time points are whole nanoseconds: finer ones no text would keep.
///
/// Some values have no text that could be read again: NaN and infinity, an enumeration's value
/// without a name within its `enum_range`, a time outside the years 0000 to 9999, a variant without
/// a value, a key of a map that is no UTF-8 (two could become one name), and what is nested deeper
/// than `nesting_max`. `write` throws `unwritable` for them, so
/// that no answer breaks the promise of its schema; a handler's caller gets a 500. Where such a
/// value is meant to travel, make it an empty optional first.

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "ferrule/core/rfc3339.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/json/reflect.hpp"

namespace ferrule::json {

/// The forms; the table above explains them.
enum class kind {
  unsupported,
  boolean,
  integer,
  floating,
  string,
  enumeration,
  optional,
  sequence,
  map,
  variant,
  null,
  time_point,
  duration,
  raw,
  limited,
  patch,
  object,
};

template <class T>
class patch;

/// The name of the member that tells the alternatives of a variant apart. Specialise it for a
/// variant that needs another name.
template <class Variant>
inline constexpr std::string_view variant_tag = "type";

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_optional<std::unique_ptr<T>> = !std::is_array_v<T>;

template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
inline constexpr bool is_time_point = false;
template <class Rep, class Period>
inline constexpr bool is_time_point<std::chrono::sys_time<std::chrono::duration<Rep, Period>>> =
    std::signed_integral<Rep> && sizeof(Rep) <= sizeof(std::int64_t) &&
    1'000'000'000 % std::chrono::duration<Rep, Period>::period::den == 0;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

/// No arrays: one of characters need not end with a zero. No `nullptr`: a view of it reads there.
template <class T>
concept string_like = !std::is_array_v<T> && !std::is_null_pointer_v<T> &&
                      std::convertible_to<const T&, std::string_view>;

template <class T>
concept any_map = requires { typename T::mapped_type; };
/// With one value for each key, which is text. Pointers differ though they point at equal texts.
template <class T>
concept map_like = any_map<T> && std::ranges::sized_range<const T> &&
                   string_like<typename T::key_type> && !std::is_pointer_v<typename T::key_type> &&
                   requires(const T& map, const typename T::key_type& key) { map.at(key); };

/// Whether elements of elements of a range are of its own type, as of a std::filesystem::path, or
/// the range has no end. One whose elements are such ranges is not, they are.
template <class T, class Inner = T, int Depth = 0>
consteval bool finds_endless() {
  if constexpr (Depth == 8 || !std::ranges::input_range<const Inner> || string_like<Inner>) {
    return false;
  } else {
    using element = std::ranges::range_value_t<const Inner>;
    using sentinel = std::ranges::sentinel_t<const T>;
    return std::is_same_v<sentinel, std::unreachable_sentinel_t> || std::is_same_v<element, T> ||
           finds_endless<T, element, Depth + 1>();
  }
}
template <class T>
inline constexpr bool is_endless = finds_endless<T>();

template <class T>
concept sequence_like = std::ranges::input_range<const T> && std::ranges::sized_range<const T> &&
                        !any_map<T> && !std::is_array_v<T> && !is_endless<T>;

/// Integers proper: characters say nothing about whether text or a number is meant.
template <class T>
concept number_like_integer =
    std::integral<T> && sizeof(T) <= sizeof(std::int64_t) && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
    !std::same_as<T, char32_t>;

/// A value within limits, of another type.
template <class T>
concept limited_value = requires {
  typename T::limited_type;
  T::value_limits;
};
template <class>
inline constexpr bool is_patch = false;
template <class T>
inline constexpr bool is_patch<patch<T>> = true;

template <class T>
consteval kind classify() {
  if constexpr (std::is_volatile_v<T>) {
    return kind::unsupported;
  } else if constexpr (limited_value<T>) {
    return kind::limited;
  } else if constexpr (is_patch<T>) {
    return kind::patch;
  } else if constexpr (std::same_as<T, bool>) {
    return kind::boolean;
  } else if constexpr (number_like_integer<T>) {
    return kind::integer;
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    return kind::floating;
  } else if constexpr (std::is_enum_v<T>) {
    return kind::enumeration;
  } else if constexpr (std::same_as<T, raw>) {
    return kind::raw;
  } else if constexpr (std::same_as<T, std::monostate>) {
    return kind::null;
  } else if constexpr (string_like<T>) {
    return kind::string;
  } else if constexpr (is_optional<T>) {
    return kind::optional;
  } else if constexpr (is_variant<T>) {
    return kind::variant;
  } else if constexpr (is_time_point<T>) {
    return kind::time_point;
  } else if constexpr (is_duration<T>) {
    return kind::duration;
  } else if constexpr (map_like<T>) {
    return kind::map;
  } else if constexpr (sequence_like<T>) {
    return kind::sequence;
  } else if constexpr (std::ranges::input_range<const T>) {
    return kind::unsupported;
  } else if constexpr (std::is_aggregate_v<T> && std::is_class_v<T>) {
    return kind::object;
  } else {
    return kind::unsupported;
  }
}

template <class T>
concept has_tag = requires {
  { T::json_tag } -> std::convertible_to<std::string_view>;
};

/// What stands for `T` in a variant: `static constexpr std::string_view json_tag` of `T`, or
/// else the name of the type.
template <class T>
consteval std::string_view tag_of() {
  if constexpr (has_tag<T>) {
    return T::json_tag;
  } else {
    return type_name<T>;
  }
}

template <class Duration>
inline constexpr tick_length tick_of{Duration::period::num, Duration::period::den};

}  // namespace detail

/// The form that `T` takes.
template <class T>
inline constexpr kind kind_of = detail::classify<std::remove_const_t<T>>();

namespace detail {

/// Whether a member has to be there when its aggregate is read. A type may say that none has to:
/// `static constexpr bool json_allow_missing = true;`.
template <class T, std::size_t I>
inline constexpr bool is_required =
    kind_of<member_type<T, I>> != kind::optional && !requires { requires T::json_allow_missing; };

/// Whether an aggregate may be read with members that its type does not have.
template <class T>
concept allows_unknown = requires { requires T::json_allow_unknown; };

/// Refuses variants whose alternatives could not be told apart.
template <class Variant>
struct checked_variant;
template <class... T>
struct checked_variant<std::variant<T...>> {
  static_assert(((kind_of<T> == kind::object || kind_of<T> == kind::null) && ...),
                "a variant in JSON holds aggregates and std::monostate only: wrap other "
                "alternatives in aggregates");

  static consteval bool distinct() {
    const std::array<std::string_view, sizeof...(T)> tags{tag_of<T>()...};
    for (std::size_t i = 0; i != tags.size(); ++i) {
      for (std::size_t j = 0; j != i; ++j) {
        if (tags[i] == tags[j]) return false;
      }
    }
    return true;
  }
  static_assert(distinct(),
                "two alternatives of a variant have one name: give one of them a "
                "static constexpr std::string_view json_tag");

  static_assert(!variant_tag<std::variant<T...>>.empty(),
                "the member that tells a variant's alternatives apart needs a name");

  template <class Alternative>
  static consteval bool tag_is_free() {
    if constexpr (kind_of<Alternative> == kind::object) {
      return !has_member<Alternative>(std::make_index_sequence<member_count<Alternative>>());
    } else {
      return true;
    }
  }
  template <class Alternative, std::size_t... I>
  static consteval bool has_member(std::index_sequence<I...>) {
    return ((member_name<Alternative, I> == variant_tag<std::variant<T...>>) || ...);
  }
  static_assert((tag_is_free<T>() && ...),
                "an alternative of a variant has a member of the tag's name: specialise "
                "json::variant_tag for the variant");

  static constexpr bool ok = true;
};

}  // namespace detail

}  // namespace ferrule::json
