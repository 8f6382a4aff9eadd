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
/// What is written is valid JSON, fits the type's schema and can be read again, whatever the value
/// holds; values that have no such text (json/kinds.hpp lists them) throw `unwritable`. Ill-formed
/// UTF-8 in text becomes U+FFFD, a `const char*` of null an empty string. Doubles are written with
/// the fewest digits that read back to the same value.
/// Source: RFC 8259.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/escape.hpp"
#include "ferrule/json/check.hpp"
#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/read_error.hpp"

namespace ferrule::json {

/// A value that has no text in JSON, or none that its type's schema allows.
class unwritable : public std::exception {
 public:
  /// `why` is kept as a pointer.
  explicit unwritable(const char* why) noexcept : why_(why) {}
  const char* what() const noexcept override { return why_; }

 private:
  const char* why_;
};

namespace detail {

[[noreturn]] void throw_unwritable(const char* why);
[[noreturn]] void throw_nested_too_deep();

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

/// The text of a string of any type.
template <class T>
[[gnu::always_inline]] inline std::string_view text_view(const T& text) {
  if constexpr (std::is_pointer_v<T>) {
    return text == nullptr ? std::string_view() : std::string_view(text);
  } else {
    return text;
  }
}

/// `depth`: how many arrays and objects are around the value.
template <class T>
void write_value(buffer& out, std::string_view prefix, const T& value, std::size_t depth);

template <class T, std::size_t I, class M>
[[gnu::always_inline]] inline void write_member(buffer& out, const M& member, std::size_t depth) {
  static_assert(is_checked_member<std::remove_const_t<member_type<T, I>>>);
  constexpr std::string_view prefix = member_prefix<T, I>.view();
  if constexpr (kind_of<M> == kind::optional) {
    if (member) write_value(out, prefix, *member, depth);
  } else if constexpr (kind_of<M> == kind::string) {
    append_json_string(out, prefix, text_view(member));
  } else {
    write_value(out, prefix, member, depth);
  }
}

template <class T>
void write_members(buffer& out, const T& value, std::size_t depth) {
  if (depth > nesting_max) [[unlikely]] throw_nested_too_deep();
  const auto tied = tie_members(value);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (write_member<T, I>(out, std::get<I>(tied), depth), ...);
  }(std::make_index_sequence<member_count<T>>());
}

template <class Variant, class T>
void write_tag(buffer& out) {
  append_json_string(out, ",", variant_tag<Variant>);
  append_json_string(out, ":", tag_of<T>());
}

template <class Variant>
void write_variant(buffer& out, std::string_view prefix, const Variant& value, std::size_t depth) {
  static_assert(checked_variant<Variant>::ok);
  if (value.valueless_by_exception()) throw_unwritable("json: a variant without a value");
  std::visit(
      [&]<class T>(const T& alternative) {
        if constexpr (kind_of<T> == kind::null) {
          put(out, prefix, "null");
        } else {
          out.append(prefix);
          const std::size_t start = out.size();
          write_tag<Variant, T>(out);
          write_members(out, alternative, depth + 1);
          close(out, start, '{', '}');
        }
      },
      value);
}

template <class E>
void write_enum(buffer& out, std::string_view prefix, E value) {
  const std::string_view name = enum_name(value);
  if (name.empty()) throw_unwritable("json: a value of an enumeration that has no name");
  append_json_string(out, prefix, name);
}

template <class T>
void write_elements(buffer& out, std::string_view prefix, const T& value, std::size_t depth) {
  if (depth == nesting_max) [[unlikely]] throw_nested_too_deep();
  out.append(prefix);
  const std::size_t start = out.size();
  if constexpr (kind_of<T> == kind::map) {
    for (const auto& [key, mapped] : value) {
      const std::string_view name = key;
      if (!ferrule::detail::is_utf8(name)) throw_unwritable("json: a key that is no UTF-8");
      append_json_string(out, ",", name);
      write_value(out, ":", mapped, depth + 1);
    }
    close(out, start, '{', '}');
  } else {
    // The element type is named so that a proxy, as of std::vector<bool>, becomes a value.
    for (const std::ranges::range_value_t<const T>& element : value) {
      write_value(out, ",", element, depth + 1);
    }
    close(out, start, '[', ']');
  }
}

/// Whether a value is what its type allows: it is, unless it was never given one.
template <class T>
bool is_given(const T& value) {
  if constexpr (std::is_same_v<typename T::limited_type, std::string>) {
    return !value->empty() || T::is_within({});
  } else {
    return T::is_within(*value);
  }
}

template <class T>
void write_patch(buffer& out, std::string_view prefix, const patch<T>& value,
                 std::size_t depth);  // json/patch.hpp

template <class T>
void write_value(buffer& out, std::string_view prefix, const T& value, std::size_t depth) {
  static_assert(checked_form<T>::ok);
  constexpr kind form = kind_of<T>;
  if constexpr (form == kind::boolean) {
    put(out, prefix, value ? "true" : "false");
  } else if constexpr (form == kind::integer) {
    put_integer(out, prefix, value);
  } else if constexpr (form == kind::duration) {
    write_value(out, prefix, value.count(), depth);
  } else if constexpr (std::is_same_v<T, float>) {
    put_float(out, prefix, value);
  } else if constexpr (form == kind::floating) {
    put_double(out, prefix, value);
  } else if constexpr (form == kind::string) {
    append_json_string(out, prefix, text_view(value));
  } else if constexpr (form == kind::enumeration) {
    write_enum(out, prefix, value);
  } else if constexpr (form == kind::null) {
    put(out, prefix, "null");
  } else if constexpr (form == kind::raw) {
    put(out, prefix, value.text());
  } else if constexpr (form == kind::optional) {
    value ? write_value(out, prefix, *value, depth) : put(out, prefix, "null");
  } else if constexpr (form == kind::time_point) {
    using duration = typename T::duration;
    put_time(out, prefix, value.time_since_epoch().count(), tick_of<duration>);
  } else if constexpr (form == kind::variant) {
    write_variant(out, prefix, value, depth);
  } else if constexpr (form == kind::limited) {
    if (!is_given(value)) throw_unwritable("json: a value beyond the limits of its type");
    write_value(out, prefix, *value, depth);
  } else if constexpr (form == kind::patch) {
    write_patch(out, prefix, value, depth);
  } else if constexpr (form == kind::object) {
    out.append(prefix);
    const std::size_t start = out.size();
    write_members(out, value, depth + 1);
    close(out, start, '{', '}');
  } else if constexpr (form == kind::map || form == kind::sequence) {
    write_elements(out, prefix, value, depth);
  }
}

}  // namespace detail

/// Appends `value` to `out` as JSON. Allocates only if `out` has to grow. Throws `unwritable`;
/// `out` then ends with a piece of the text.
template <class T>
void write(buffer& out, const T& value) {
  detail::write_value(out, "", value, 0);
}

/// Text that ends with a zero byte, as literals do.
inline void write(buffer& out, const char* text) { detail::write_value(out, "", text, 0); }

/// `value` as JSON text of its own. Throws `unwritable`.
template <class T>
std::string write(const T& value) {
  buffer out;
  write(out, value);
  return std::string(out.view());
}

}  // namespace ferrule::json
