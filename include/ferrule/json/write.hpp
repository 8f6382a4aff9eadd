#pragma once
/// @file
/// Values to JSON text, straight into a buffer. Names of members become constant text while
/// compiling; `json/kinds.hpp` lists which type takes which form.
///
/// ```cpp
/// struct user { std::uint64_t id; std::string name; std::optional<std::string> email; };
/// inline void render(ferrule::buffer& out) {
///   ferrule::json::write(out, user{42, "Ada", {}});  // {"id":42,"name":"Ada"}
/// }
/// ```
///
/// The output is valid JSON whatever the value holds: ill-formed UTF-8 becomes U+FFFD, numbers
/// that are not finite and dates outside the years 0000 to 9999 become null. Doubles are written
/// with the fewest digits that read back to the same value.
/// Source: RFC 8259.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/escape.hpp"
#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"

namespace ferrule::json {

namespace detail {

// All of these append `prefix` first: the text that ties the value to what stands before it, such
// as `,"name":`. One reservation then serves both.

/// Appends `text` as it is.
[[gnu::always_inline]] inline void put(buffer& out, std::string_view prefix,
                                       std::string_view text) {
  char* to = out.prepare(prefix.size() + text.size());
  std::memcpy(to, prefix.data(), prefix.size());
  std::memcpy(to + prefix.size(), text.data(), text.size());
  out.commit(prefix.size() + text.size());
}

template <class Integer>
[[gnu::always_inline]] inline void put_integer(buffer& out, std::string_view prefix,
                                               Integer value) {
  constexpr std::size_t digits_max = 20;  // -9223372036854775808, 18446744073709551615
  char* to = out.prepare(prefix.size() + digits_max);
  std::memcpy(to, prefix.data(), prefix.size());
  to += prefix.size();
  const char* end = std::to_chars(to, to + digits_max, value).ptr;
  out.commit(prefix.size() + static_cast<std::size_t>(end - to));
}

void put_double(buffer& out, std::string_view prefix, double value);
void put_float(buffer& out, std::string_view prefix, float value);
void put_time(buffer& out, std::string_view prefix, std::int64_t ticks, tick_length tick);

/// Every element was written with a comma before it: makes the first one the opening bracket.
inline void close(buffer& out, std::size_t start, char opening, char closing) {
  if (out.size() == start) out.append(opening);
  out.data()[start] = opening;
  out.append(closing);
}

template <class T>
void write_value(buffer& out, std::string_view prefix, const T& value);

template <class T, std::size_t I, class M>
[[gnu::always_inline]] inline void write_member(buffer& out, const M& member) {
  constexpr std::string_view prefix = member_prefix<T, I>.view();
  if constexpr (kind_of<M> == kind::optional) {
    if (member) write_value(out, prefix, *member);
  } else if constexpr (kind_of<M> == kind::string) {
    append_json_string(out, prefix, member);
  } else {
    write_value(out, prefix, member);
  }
}

template <class T>
void write_members(buffer& out, const T& value) {
  const auto tied = tie_members(value);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (write_member<T, I>(out, std::get<I>(tied)), ...);
  }(std::make_index_sequence<member_count<T>>());
}

template <class Variant, class T>
void write_tag(buffer& out) {
  append_json_string(out, ",", variant_tag<Variant>);
  append_json_string(out, ":", tag_of<T>());
}

template <class Variant>
void write_variant(buffer& out, std::string_view prefix, const Variant& value) {
  static_assert(checked_variant<Variant>::ok);
  if (value.valueless_by_exception()) return put(out, prefix, "null");
  std::visit(
      [&]<class T>(const T& alternative) {
        if constexpr (kind_of<T> == kind::null) {
          put(out, prefix, "null");
        } else {
          out.append(prefix);
          const std::size_t start = out.size();
          write_tag<Variant, T>(out);
          write_members(out, alternative);
          close(out, start, '{', '}');
        }
      },
      value);
}

template <class E>
void write_enum(buffer& out, std::string_view prefix, E value) {
  const std::string_view name = enum_name(value);
  if (!name.empty()) return append_json_string(out, prefix, name);
  using number =
      std::conditional_t<std::is_signed_v<std::underlying_type_t<E>>, std::int64_t, std::uint64_t>;
  put_integer(out, prefix, static_cast<number>(value));
}

template <class T>
void write_value(buffer& out, std::string_view prefix, const T& value) {
  constexpr kind form = kind_of<T>;
  static_assert(form != kind::unsupported,
                "this type has no form in JSON: use an aggregate, or see json/kinds.hpp");
  if constexpr (form == kind::boolean) {
    put(out, prefix, value ? "true" : "false");
  } else if constexpr (form == kind::integer) {
    put_integer(out, prefix, value);
  } else if constexpr (form == kind::duration) {
    write_value(out, prefix, value.count());
  } else if constexpr (std::is_same_v<T, float>) {
    put_float(out, prefix, value);
  } else if constexpr (form == kind::floating) {
    put_double(out, prefix, value);
  } else if constexpr (form == kind::string) {
    append_json_string(out, prefix, value);
  } else if constexpr (form == kind::enumeration) {
    write_enum(out, prefix, value);
  } else if constexpr (form == kind::null) {
    put(out, prefix, "null");
  } else if constexpr (form == kind::raw) {
    put(out, prefix, value.text());
  } else if constexpr (form == kind::optional) {
    value ? write_value(out, prefix, *value) : put(out, prefix, "null");
  } else if constexpr (form == kind::time_point) {
    using duration = typename T::duration;
    put_time(out, prefix, value.time_since_epoch().count(), tick_of<duration>);
  } else if constexpr (form == kind::variant) {
    write_variant(out, prefix, value);
  } else {
    out.append(prefix);
    const std::size_t start = out.size();
    if constexpr (form == kind::object) {
      write_members(out, value);
      close(out, start, '{', '}');
    } else if constexpr (form == kind::map) {
      for (const auto& [key, mapped] : value) {
        append_json_string(out, ",", key);
        write_value(out, ":", mapped);
      }
      close(out, start, '{', '}');
    } else {
      // The element type is named so that a proxy, as of std::vector<bool>, becomes a value.
      for (const std::ranges::range_value_t<T>& element : value) write_value(out, ",", element);
      close(out, start, '[', ']');
    }
  }
}

}  // namespace detail

/// Appends `value` to `out` as JSON. Allocates only if `out` has to grow.
template <class T>
void write(buffer& out, const T& value) {
  detail::write_value(out, "", value);
}

/// `value` as JSON text of its own.
template <class T>
std::string write(const T& value) {
  buffer out;
  write(out, value);
  return std::string(out.view());
}

}  // namespace ferrule::json
