#pragma once
/// @file
/// What the compiler knows of an aggregate, as constants: how many members, their names and
/// types, the name of the type. JSON, its schema and OpenAPI documents are made from it.
///
/// ```cpp
/// struct user { int id; std::string name; };
/// static_assert(ferrule::json::member_count<user> == 2);
/// static_assert(ferrule::json::member_name<user, 1> == "name");
/// static_assert(ferrule::json::type_name<user> == "user");
/// ```
///
/// A name that is none in C++ is said beside the member, `json_names`; JSON, its schema, queries
/// and forms go by it:
///
/// ```cpp
/// struct search {
///   std::string content_type;
///   std::string filter_name;
///   static constexpr ferrule::json::renamed json_names[] = {
///       {.member = "content_type", .name = "content-type"},
///       {.member = "filter_name", .name = "filter[name]"}};
/// };
/// static_assert(ferrule::json::member_name<search, 1> == "filter[name]");
/// ```
///
/// Names are taken from what the compiler prints for a function instantiated with a reference to
/// the member (`__PRETTY_FUNCTION__` of Clang and GCC). Refused with a message: base classes, C
/// arrays, and more than 32 members.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/json/tie.hpp"

namespace ferrule::json {

/// What a member is called outside.
struct renamed {
  std::string_view member;  ///< as declared
  std::string_view name;    ///< any text but control characters, '"' and '\\'
};

namespace detail {

// None of these is ever asked for a value. They have bodies because a type may have no linkage.

/// Stands in for any member when counting how many initialisers an aggregate takes.
struct anything {
  template <class U>
  operator U() const noexcept {  // NOLINT(google-explicit-constructor)
    __builtin_unreachable();
  }
};

/// Stands in for a base class of `T`, and for nothing else.
template <class T>
struct any_base_of {
  template <class U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U() const noexcept {  // NOLINT(google-explicit-constructor)
    __builtin_unreachable();
  }
};

/// Stands in for a member without a default.
struct without_default {
  template <class U>
    requires(!std::is_default_constructible_v<U>)
  operator U() const noexcept {  // NOLINT(google-explicit-constructor)
    __builtin_unreachable();
  }
};

template <std::size_t>
using anything_at = anything;

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{anything_at<I>{}...}; };
}

/// The longest list of initialisers that `T` takes. Shorter lists need not be valid: a member
/// may have no default.
template <class T, std::size_t N = 0, bool Found = false>
consteval std::size_t initialiser_count() {
  constexpr bool valid = takes<T>(std::make_index_sequence<N>());
  if constexpr (Found && !valid) {
    return N - 1;
  } else if constexpr (N > members_max) {
    static_assert(N <= members_max,
                  "ferrule: this aggregate has more than 32 members, or cannot be initialised (a "
                  "reference, perhaps): group members in nested aggregates, and make references "
                  "values");
    return 0;
  } else {
    return initialiser_count<T, N + 1, valid>();
  }
}

/// Whether `{}` after `Before` initialisers leaves room for `After` more. It does not if the
/// member is an array, which without braces takes an initialiser for each of its elements.
template <class T, std::size_t... Before, std::size_t... After>
consteval bool one_initialiser_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires { T{anything_at<Before>{}..., {}, anything_at<After>{}...}; } ||
         requires { T{anything_at<Before>{}..., without_default{}, anything_at<After>{}...}; };
}

template <class T, std::size_t N, std::size_t... I>
consteval bool has_c_array(std::index_sequence<I...>) {
  return !(
      one_initialiser_at<T>(std::make_index_sequence<I>(), std::make_index_sequence<N - I - 1>()) &&
      ...);
}

template <class T>
consteval std::size_t count_members() {
  static_assert(std::is_aggregate_v<T> && std::is_class_v<T>,
                "only an aggregate has members to reflect: a struct without constructors, private "
                "members or virtual functions");
  static_assert(
      !requires { T{any_base_of<T>{}}; },
      "an aggregate with a base class cannot be reflected: make the base a member");
  constexpr std::size_t count = initialiser_count<T>();
  static_assert(!has_c_array<T, count>(std::make_index_sequence<count>()),
                "a C array cannot be reflected: use std::array");
  return count;
}

/// An object that is never defined: only its members' names are asked for.
template <class T>
struct holder {
  T value;
};
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
extern const holder<T> nowhere;

template <const auto& Member>
consteval std::string_view print_member() {
  return __PRETTY_FUNCTION__;
}

constexpr bool in_identifier(char c) {
  return c == '_' || c == '$' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

/// The identifier that ends last in `text`.
consteval std::string_view last_identifier(std::string_view text) {
  std::size_t end = text.size();
  while (end != 0 && !in_identifier(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin != 0 && in_identifier(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

template <class T, std::size_t Count, std::size_t I>
consteval std::string_view find_member_name() {
  constexpr const auto& tied = nowhere<T>.value;
  if constexpr (requires { print_member<std::get<I>(tie(tied, members<Count>()))>(); }) {
    std::string_view text = print_member<std::get<I>(tie(tied, members<Count>()))>();
    text.remove_prefix(text.find("Member = "));
    return last_identifier(text.substr(0, text.find(';')));  // GCC goes on to the alias' meaning
  } else {
    static_assert(Count == 0,
                  "ferrule: a reference cannot be reflected: make it a value, or a view");
    return {};
  }
}
#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <class T>
consteval std::string_view print_type() {
  return __PRETTY_FUNCTION__;
}

template <class T>
consteval std::string_view find_qualified_name() {
  std::string_view text = print_type<T>();
  text.remove_prefix(text.find("T = ") + 4);
  // GCC appends what std::string_view stands for.
  return text.substr(0, text.find(';') == text.npos ? text.size() - 1 : text.find(';'));
}

/// The last component of a qualified name; `::` within <> or () does not count.
constexpr std::string_view unqualified(std::string_view name) {
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i != name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (depth == 0 && c == ':') start = i + 1;
  }
  return name.substr(start);
}

/// Text computed by the compiler, in an array of its own: the long strings that names are cut
/// from then stay out of the binary.
template <std::size_t N>
struct static_text {
  std::array<char, N> chars{};

  constexpr std::string_view view() const noexcept { return {chars.data(), N}; }
};

template <std::size_t N>
consteval static_text<N> keep(std::string_view text) {
  static_text<N> kept;
  for (std::size_t i = 0; i != N; ++i) kept.chars[i] = text[i];
  return kept;
}

template <class T>
inline constexpr auto qualified_name =
    keep<find_qualified_name<T>().size()>(find_qualified_name<T>());

/// The name of a member as declared.
template <class T, std::size_t I>
inline constexpr std::string_view declared_name = find_member_name<T, count_members<T>(), I>();

template <class T>
concept has_names = requires { T::json_names; };

template <class T, std::size_t... I>
consteval bool renames_members_only(std::index_sequence<I...>) {
  for (const renamed& each : T::json_names) {
    if (!((each.member == declared_name<T, I>) || ...)) return false;
  }
  return true;
}
constexpr bool is_plain_name(std::string_view name) {
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\') return false;
  }
  return !name.empty();
}
template <class T, std::size_t I>
consteval std::string_view find_outer_name() {
  for (const renamed& each : T::json_names) {
    if (each.member == declared_name<T, I>) return each.name;
  }
  return declared_name<T, I>;
}
template <class T, std::size_t... I>
consteval bool has_equal_names(std::index_sequence<I...>) {
  const std::array<std::string_view, sizeof...(I)> names{find_outer_name<T, I>()...};
  for (std::size_t i = 0; i != names.size(); ++i) {
    for (std::size_t j = 0; j != i; ++j) {
      if (names[i] == names[j]) return true;
    }
  }
  return false;
}
template <class T>
struct names_check {
  using indices = std::make_index_sequence<count_members<T>()>;
  static_assert(renames_members_only<T>(indices()),
                "ferrule: json_names names a member that this type does not have");
  static_assert(
      [] {
        for (const renamed& each : T::json_names) {
          if (!is_plain_name(each.name)) return false;
        }
        return true;
      }(),
      "ferrule: a name of json_names is empty, or has a control character, '\"' or '\\'");
  static_assert(!has_equal_names<T>(indices()),
                "ferrule: json_names gives two members one name, or one two");
  static constexpr bool passed = true;
};

template <class T, std::size_t I>
consteval std::string_view outer_name() {
  if constexpr (has_names<T>) {
    static_assert(names_check<T>::passed);
    return find_outer_name<T, I>();
  } else {
    return declared_name<T, I>;
  }
}

/// `,"name":` of a member: what stands before its value in a JSON object.
template <class T, std::size_t I>
inline constexpr auto member_prefix = [] {
  constexpr std::string_view name = outer_name<T, I>();
  static_text<name.size() + 4> text;
  text.chars[0] = ',', text.chars[1] = '"';
  for (std::size_t i = 0; i != name.size(); ++i) text.chars[i + 2] = name[i];
  text.chars[name.size() + 2] = '"', text.chars[name.size() + 3] = ':';
  return text;
}();

}  // namespace detail

/// How many members the aggregate `T` has.
template <class T>
inline constexpr std::size_t member_count = detail::count_members<std::remove_cv_t<T>>();

/// The name of member `I` of the aggregate `T`: as `json_names` says, or as declared.
template <class T, std::size_t I>
inline constexpr std::string_view member_name = std::string_view(
    detail::member_prefix<T, I>.chars.data() + 2, detail::member_prefix<T, I>.chars.size() - 4);

/// References to all members of `value` as a tuple.
template <class T>
constexpr auto tie_members(T& value) noexcept {
  return detail::tie(value, detail::members<member_count<T>>());
}

/// The type of member `I` of the aggregate `T`.
template <class T, std::size_t I>
using member_type = std::remove_reference_t<
    std::tuple_element_t<I, decltype(tie_members(std::declval<std::remove_cv_t<T>&>()))>>;

/// The name of a type with its namespaces, as the compiler prints it.
template <class T>
inline constexpr std::string_view qualified_type_name = detail::qualified_name<T>.view();

/// The name of a type without namespaces and enclosing classes. Arguments of a template stay
/// part of it.
template <class T>
inline constexpr std::string_view type_name = detail::unqualified(qualified_type_name<T>);

}  // namespace ferrule::json
