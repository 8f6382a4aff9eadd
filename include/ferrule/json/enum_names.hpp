#pragma once
/// @file
/// The names of an enumeration's values, so that enums travel by name.
///
/// ```cpp
/// enum class color { red, green };
/// static_assert(ferrule::json::enum_name(color::green) == "green");
/// static_assert(ferrule::json::enum_value<color>("red") == color::red);
/// ```

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/json/reflect.hpp"

namespace ferrule::json {

/// The values that are looked at for names, both ends included: all that a byte holds. Specialise
/// it for a larger enumeration with values outside; a value outside has no name, and can be neither
/// written nor read.
template <class E>
struct enum_range {
  static constexpr int min = -128;
  static constexpr int max = sizeof(E) == 1 ? 255 : 127;
};

namespace detail {

/// Prints all values at once: one instantiation an enumeration.
template <class E, E... Values>
consteval std::string_view print_values() {
  return __PRETTY_FUNCTION__;
}

/// Takes the names from a printed list of values one by one. Works on bare pointers: that is what
/// the compiler evaluates fastest, and most of 256 values are read past.
struct printed_list {
  const char* at;
  const char* end;
  /// The length of `(type)`: a value without a name is printed as a cast, `(type)number`.
  std::size_t cast_size;

  consteval printed_list(std::string_view text, std::size_t type_size)
      : at(text.data() + text.find("Values = ") + 10),  // past the bracket that opens the list
        end(text.data() + text.size()),
        cast_size(type_size + 2) {}

  /// The name of the next value, or an empty view if it has none.
  consteval std::string_view next() {
    const char* const start = at;
    if (*at == '(' && at + cast_size < end && at[cast_size - 1] == ')') {
      for (at += cast_size; *at != ',' && at + 1 != end; ++at) {
      }
      at += 2;  // the comma and the space after it
      return {};
    }
    for (int depth = 0; depth >= 0 && !(depth == 0 && *at == ','); ++at) {
      if (*at == '<' || *at == '(' || *at == '{') ++depth;
      if (*at == '>' || *at == ')' || *at == '}') --depth;
    }
    const std::string_view word = last_identifier(std::string_view(start, at));
    at += 2;
    return word[0] >= '0' && word[0] <= '9' ? std::string_view() : word;
  }
};

/// The values to look at: `enum_range<E>`, cut to what the underlying type holds.
template <class E>
struct scanned {
  static_assert(
      requires { E{0}; },
      "an enumeration needs a fixed underlying type to be reflected: "
      "write enum class, or enum name : int");
  static_assert(std::in_range<int>(enum_range<E>::min) && std::in_range<int>(enum_range<E>::max),
                "ferrule: json::enum_range is for values that an int holds");
  static_assert(enum_range<E>::min <= enum_range<E>::max,
                "ferrule: json::enum_range has its ends the wrong way round");
  using limits = std::numeric_limits<std::underlying_type_t<E>>;
  static constexpr std::intmax_t lowest = static_cast<std::intmax_t>(limits::min());
  static constexpr std::uintmax_t highest = static_cast<std::uintmax_t>(limits::max());
  static constexpr int first =
      std::cmp_less(enum_range<E>::min, lowest) ? static_cast<int>(lowest) : enum_range<E>::min;
  static constexpr int last = std::cmp_greater(enum_range<E>::max, highest)
                                  ? static_cast<int>(highest)
                                  : enum_range<E>::max;
  static constexpr std::size_t count = static_cast<std::size_t>(last - first + 1);

  static constexpr E value(std::size_t i) { return static_cast<E>(first + static_cast<int>(i)); }
};

/// The named values of an enumeration, their names in one text, and where each ends there.
template <class E, std::size_t Count, std::size_t Chars>
struct packed_names {
  std::array<E, Count> values{};
  std::array<std::uint16_t, Count> ends{};
  static_text<Chars> text;
};

struct name_totals {
  std::size_t names = 0;
  std::size_t chars = 0;
};

consteval name_totals total(printed_list list, std::size_t count) {
  name_totals sum;
  for (std::size_t i = 0; i != count; ++i) {
    const std::string_view name = list.next();
    sum.names += name.empty() ? 0 : 1;
    sum.chars += name.size();
  }
  return sum;
}

template <class E, std::size_t... I>
consteval auto pack_names(std::index_sequence<I...>) {
  constexpr printed_list printed{print_values<E, scanned<E>::value(I)...>(),
                                 find_qualified_name<E>().size()};
  constexpr name_totals totals = total(printed, sizeof...(I));
  packed_names<E, totals.names, totals.chars> packed;
  printed_list list = printed;
  std::size_t used = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i != sizeof...(I); ++i) {
    const std::string_view name = list.next();
    if (name.empty()) continue;
    for (char c : name) packed.text.chars[at++] = c;
    packed.values[used] = scanned<E>::value(i);
    packed.ends[used++] = static_cast<std::uint16_t>(at);
  }
  return packed;
}

template <class E>
inline constexpr auto packed = pack_names<E>(std::make_index_sequence<scanned<E>::count>());

}  // namespace detail

/// A value of an enumeration with its name.
template <class E>
struct enumerator {
  E value;
  std::string_view name;
};

/// The named values of `E` in ascending order. Of two names for one value the compiler picks one.
template <class E>
inline constexpr auto enumerators = [] {
  constexpr const auto& packed = detail::packed<E>;
  static_assert(packed.values.size() != 0,
                "ferrule: no value of this enumeration has a name within -128 to 127: specialise "
                "json::enum_range for it, or use an integer (std::uint8_t for std::byte)");
  std::array<enumerator<E>, packed.values.size()> table{};
  std::size_t begin = 0;
  for (std::size_t i = 0; i != table.size(); ++i) {
    table[i] = {packed.values[i], packed.text.view().substr(begin, packed.ends[i] - begin)};
    begin = packed.ends[i];
  }
  return table;
}();

/// The name of `value`, or an empty view if it has none within `enum_range<E>`.
template <class E>
constexpr std::string_view enum_name(E value) noexcept {
  for (const auto& known : enumerators<E>) {
    if (known.value == value) return known.name;
  }
  return {};
}

/// The value named `name`, if there is one.
template <class E>
constexpr std::optional<E> enum_value(std::string_view name) noexcept {
  for (const auto& known : enumerators<E>) {
    if (known.name == name) return known.value;
  }
  return std::nullopt;
}

}  // namespace ferrule::json
