#pragma once
/// @file
/// The compiler's answers to types that have no form in JSON: each says what to do instead. Writer,
/// reader and schema ask here, so that they refuse the same types.
///
/// ```cpp
/// static_assert(ferrule::json::detail::checked_form<std::array<int, 3>>::ok);
/// ```

#include <cstdint>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/json/kinds.hpp"

namespace ferrule::json::detail {

/// Why a type has no form.
enum class form_fault : std::uint8_t {
  none,
  is_volatile,
  is_array,
  is_character,
  is_pointer,
  is_union,
  is_tuple,
  holds_itself,
  has_no_size,
  has_equal_keys,
  has_no_text_keys,
  has_two_nulls,
  is_else,
};

template <class T>
concept smart_pointer = requires(const T& pointer, typename T::element_type* to) {
  to = pointer.get();
};
template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };

/// Whether `null` is the text of a value of `T`, so that an optional of it would have two nulls.
template <class T>
inline constexpr bool has_null = is_optional<T> || std::is_same_v<T, std::monostate> ||
                                 std::is_same_v<T, raw>;
template <class... T>
inline constexpr bool has_null<std::variant<T...>> = (std::is_same_v<T, std::monostate> || ...);

template <class T>
consteval bool has_two_nulls() {
  if constexpr (is_optional<T>) {
    return has_null<std::remove_cv_t<std::remove_reference_t<decltype(*std::declval<T&>())>>>;
  } else {
    return false;
  }
}

/// Why a type is of no kind.
template <class T>
consteval form_fault fault_of_unsupported() {
  using enum form_fault;
  if constexpr (std::is_volatile_v<T>) {
    return is_volatile;
  } else if constexpr (std::is_array_v<T>) {
    return is_array;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) <= sizeof(std::int64_t)) {
    return is_character;
  } else if constexpr (std::is_pointer_v<T> || smart_pointer<T>) {
    return is_pointer;
  } else if constexpr (std::is_union_v<T>) {
    return is_union;
  } else if constexpr (requires { typename T::mapped_type; }) {
    return string_like<typename T::key_type> && !std::is_pointer_v<typename T::key_type>
               ? has_equal_keys
               : has_no_text_keys;
  } else if constexpr (std::ranges::input_range<const T>) {
    return is_endless<T> ? holds_itself : has_no_size;
  } else if constexpr (tuple_like<T>) {
    return is_tuple;
  } else {
    return is_else;
  }
}

template <class T>
consteval form_fault find_form_fault() {
  if constexpr (kind_of<T> == kind::unsupported) {
    return fault_of_unsupported<T>();
  } else {
    return has_two_nulls<T>() ? form_fault::has_two_nulls : form_fault::none;
  }
}

/// Finds the message for a fault. `T` stands in the "instantiation of" line above it.
template <class T, form_fault Fault = find_form_fault<T>()>
struct checked_form {
  using enum form_fault;
  static_assert(Fault != is_volatile,
                "ferrule: a volatile value has no form in JSON: copy it into a plain member");
  static_assert(Fault != is_array,
                "ferrule: a C array has no form in JSON: use std::array, or std::string for text");
  static_assert(Fault != is_character,
                "ferrule: a single character has no form in JSON: use std::string for text (in "
                "UTF-8, for u8string, wstring and their like as well), or std::int8_t or "
                "std::uint8_t for a number");
  static_assert(Fault != is_pointer,
                "ferrule: this pointer has no form in JSON: use std::unique_ptr or std::optional "
                "for what may be missing, or the value itself");
  static_assert(Fault != is_union,
                "ferrule: a union does not know which member it holds, and has no form in JSON: "
                "use a std::variant of aggregates");
  static_assert(Fault != is_tuple,
                "ferrule: a pair or tuple has no names for its members, and no form in JSON: use "
                "an aggregate");
  static_assert(Fault != holds_itself,
                "ferrule: a range of itself, or one without an end, would be written for ever: "
                "use std::string for a std::filesystem::path, and make a recursive container a "
                "member of an aggregate");
  static_assert(Fault != has_no_size,
                "ferrule: this range does not know how many elements it has, and has no form in "
                "JSON: copy it into a std::vector");
  static_assert(Fault != has_equal_keys,
                "ferrule: a multimap has no form in JSON, where no two members of an object have "
                "one name: use a map of vectors");
  static_assert(Fault != has_no_text_keys,
                "ferrule: the keys of this map are no text, which names in JSON are, or pointers "
                "to it: use std::string for keys, or a std::vector of aggregates");
  static_assert(Fault != has_two_nulls,
                "ferrule: an optional of what may itself be null (an optional, a unique_ptr, a "
                "monostate, json::raw) has two values for one null in JSON: leave one of them out, "
                "or wrap the inner one in an aggregate (an optional json::raw may be a member)");
  static_assert(Fault != is_else,
                "ferrule: this type has no form in JSON: use an aggregate (a struct without "
                "constructors, private members, bases and virtual functions), or see "
                "json/kinds.hpp");
  static constexpr bool ok = true;
};
template <class T>
struct checked_form<T, form_fault::none> {
  static constexpr bool ok = true;
};

/// The same for a member of an aggregate, where a missing `json::raw` and one of null differ.
template <class T>
inline constexpr bool is_checked_member = checked_form<T>::ok;
template <>
inline constexpr bool is_checked_member<std::optional<raw>> = true;

/// A value to be read into.
template <class T>
T make_blank() {
  static_assert(!std::is_const_v<T>,
                "ferrule: what is const cannot be read: remove the const, or only write it");
  static_assert(std::is_default_constructible_v<T>,
                "ferrule: a type needs a default value before it can be read: give its members "
                "defaults, and make references values");
  return T{};
}

}  // namespace ferrule::json::detail
