#pragma once
/// @file
/// What an aggregate's members are bounded by, said once: `read` refuses the rest with a pointer to
/// the member, and schemas tell callers beforehand.
///
/// ```cpp
/// struct new_user {
///   std::string name;
///   std::optional<int> age;
///   static constexpr ferrule::json::member_limits json_limits[] = {
///       {.member = "name", .size_min = 1, .size_max = 200, .form = &ferrule::json::plain_text},
///       {.member = "age", .min = 0, .max = 150}};
/// };
/// ```
///
/// Members are named as they are declared, whatever `json_names` says. An empty optional is within
/// every limit. Limits that several types share, or of elements and keys, are types
/// (json/limited.hpp). What concerns several members is for a `validate`, see json/read_error.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "ferrule/json/check.hpp"
#include "ferrule/json/member_limits.hpp"
#include "ferrule/json/read_error.hpp"

namespace ferrule::json {

namespace detail {

template <class T>
concept has_limits = requires { T::json_limits; };

template <class T, std::size_t... I>
consteval bool name_members(std::index_sequence<I...>) {
  for (const member_limits& limits : T::json_limits) {
    if (!((limits.member == declared_name<T, I>) || ...)) return false;
  }
  return true;
}

template <class T>
consteval bool name_each_once() {
  for (const member_limits& limits : T::json_limits) {
    const auto is_same = [&](const member_limits& l) { return l.member == limits.member; };
    if (std::ranges::count_if(T::json_limits, is_same) != 1) return false;
  }
  return true;
}

/// The limits of member `I`.
template <class T, std::size_t I>
consteval member_limits find_limits() {
  if constexpr (has_limits<T>) {
    static_assert(name_members<T>(std::make_index_sequence<member_count<T>>()),
                  "ferrule: json_limits names a member that this type does not have");
    static_assert(name_each_once<T>(),
                  "ferrule: json_limits names a member twice: say all its limits at once");
    for (member_limits limits : T::json_limits) {
      if (limits.member != declared_name<T, I>) continue;
      limits.member = member_name<T, I>;  // under which it is told
      return limits;
    }
  }
  return {};
}

template <class T>
struct limited_value_of {
  using type = T;
};
template <class T>
  requires is_optional<T>
struct limited_value_of<T> {
  using type = std::remove_reference_t<decltype(*std::declval<T&>())>;
};

template <class T, std::size_t I>
consteval member_limits checked_limits() {
  constexpr member_limits limits = find_limits<T, I>();
  constexpr kind form = kind_of<typename limited_value_of<member_type<T, I>>::type>;
  static_assert(limits.form == nullptr || form == kind::string,
                "ferrule: json_limits gives a form to a member that is no text");
  static_assert(!limits.bound_size() || form == kind::string || form == kind::sequence ||
                    form == kind::map,
                "ferrule: json_limits gives a size to a member that has none: text, arrays and "
                "maps do");
  static_assert(!limits.bound_number() || form == kind::integer || form == kind::floating,
                "ferrule: json_limits gives a range to a member that is no number");
  static_assert((!limits.min || !limits.max || *limits.min <= *limits.max) &&
                    limits.size_min <= limits.size_max,
                "ferrule: json_limits leaves a member no value: its least is above its greatest");
  if constexpr (limits.form != nullptr) {
    static_assert(limits.form->fits != nullptr,
                  "ferrule: a text_form needs a function `fits`: a pattern alone is not checked");
  }
  return limits;
}
template <class T, std::size_t I>
inline constexpr member_limits limits_of = checked_limits<T, I>();

// Each reports what exceeds the limits.
void check_text(violations& problems, const member_limits& limits, std::string_view text);
void check_size(violations& problems, const member_limits& limits, std::size_t size,
                std::string_view unit);
void check_signed(violations& problems, const member_limits& limits, std::int64_t number);
void check_unsigned(violations& problems, const member_limits& limits, std::uint64_t number);
void check_floating(violations& problems, const member_limits& limits, double number);

template <class M>
void check_member(violations& problems, const member_limits& limits, const M& member) {
  constexpr kind form = kind_of<M>;
  if constexpr (form == kind::optional) {
    if (member) check_member(problems, limits, *member);
  } else if constexpr (form == kind::string) {
    check_text(problems, limits, member);
  } else if constexpr (form == kind::sequence || form == kind::map) {
    check_size(problems, limits, std::ranges::size(member),
               form == kind::map ? "members" : "elements");
  } else if constexpr (form == kind::floating) {
    check_floating(problems, limits, member);
  } else if constexpr (std::is_signed_v<M>) {
    check_signed(problems, limits, member);
  } else if constexpr (form == kind::integer) {
    check_unsigned(problems, limits, member);
  }
}

template <class T>
concept validates_itself =
    requires(const T& value, violations& problems) { value.validate(problems); };
template <class T>
concept validated_outside =
    requires(const T& value, violations& problems) { validate(value, problems); };

/// Whether a `validate` is there that checks only values which it may change, and so would be
/// passed over.
template <class T>
inline constexpr bool misses_const =
    requires(T& value, violations& problems) { value.validate(problems); } ||
    requires(T& value, violations& problems) { validate(value, problems); };

/// Whether there is anything to check of a value that has the form of its type.
template <class T>
consteval bool has_any_checks() {
  if constexpr (validates_itself<T> || validated_outside<T>) {
    return true;
  } else {
    static_assert(!misses_const<T>,
                  "ferrule: a validate takes its value as const: void validate(json::violations&) "
                  "const, or void validate(const T&, json::violations&)");
    return has_limits<T>;
  }
}
template <class T>
inline constexpr bool has_checks = has_any_checks<T>();

/// Reports what the limits of a type and its `validate` refuse of a value.
template <class T>
void run_checks([[maybe_unused]] violations& problems, [[maybe_unused]] const T& value) {
  if constexpr (!has_checks<T>) return;
  if constexpr (has_limits<T>) {
    const auto tied = tie_members(value);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (
          [&] {
            if constexpr (limits_of<T, I>.exist()) {
              check_member(problems, limits_of<T, I>, std::get<I>(tied));
            }
          }(),
          ...);
    }(std::make_index_sequence<member_count<T>>());
  }
  if constexpr (validates_itself<T>) {
    value.validate(problems);
  } else if constexpr (validated_outside<T>) {
    validate(value, problems);
  }
}

}  // namespace detail
}  // namespace ferrule::json
