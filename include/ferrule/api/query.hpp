#pragma once
/// @file
/// The query of a request as an aggregate: `?after=7&tag=a&tag=b` by the names of its members.
///
/// ```cpp
/// struct page {
///   std::uint32_t limit = 20;            // may be missing: it has an initialiser
///   std::optional<std::uint64_t> after;  // may be missing
///   std::vector<std::string_view> tag;   // a key for each element, or none
///   std::string_view order;              // must be there
/// };
/// static_assert(ferrule::query_member_required<page, 3>);
/// static_assert(!ferrule::query_member_required<page, 0>);
/// ```
///
/// Members are text parameters, or optionals or vectors of them; what `json_names` calls one
/// (json/reflect.hpp) is its key, "filter[name]" say. A key that names no member is
/// passed over, for links collect foreign keys on their way. A key given twice for one value is
/// refused, and so is one that is no UTF-8. `json_limits` of the type (json/limits.hpp) and a
/// `validate` beside or in it (json/read_error.hpp) are heeded when all members fit; a pointer,
/// "/limit", names the parameter. `+` and `%20` are spaces; views last as long as the request. Text
/// that always has to be there, or has a default, is a `std::string_view`, not a `std::string`:
/// whether that has an initialiser cannot be told while compiling. A `bounded_text`
/// (json/limited.hpp) has to be there for that reason, and a `bounded` unless it has an
/// initialiser.

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/api/parameter.hpp"
#include "ferrule/api/problem.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/json/reflect.hpp"

namespace ferrule {
namespace detail {

template <class T>
inline constexpr bool is_query_optional = false;
template <class T>
inline constexpr bool is_query_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_query_list = false;
template <class T>
inline constexpr bool is_query_list<std::vector<T>> = true;

/// Reads a member of a `T` that no one gave a value. That is an error while compiling unless it
/// has an initialiser; a view without one points nowhere.
template <class T, std::size_t I>
constexpr bool reads_initialised_member() {
  T fresh;
  [[maybe_unused]] const auto copy = std::get<I>(json::tie_members(fresh));
  if constexpr (std::same_as<json::member_type<T, I>, std::string_view>) {
    return copy.data() != nullptr;
  } else {
    return true;
  }
}
template <class T, std::size_t I>
concept has_initialiser = requires {
  typename std::bool_constant<reads_initialised_member<T, I>()>;
} && reads_initialised_member<T, I>();

template <class T>
inline constexpr bool is_limited_text = false;
template <json::detail::limited_value T>
inline constexpr bool is_limited_text<T> = std::same_as<typename T::limited_type, std::string>;

template <class T, std::size_t I>
consteval bool is_query_member_required() {
  using member = json::member_type<T, I>;
  static_assert(!std::same_as<member, std::string>,
                "ferrule: a member of a query is text as std::string_view, or as an optional or "
                "vector of std::string: whether a std::string has an initialiser cannot be told");
  if constexpr (is_limited_text<member>) {
    return true;  // whether it has an initialiser cannot be told
  } else if constexpr (is_query_optional<member> || is_query_list<member>) {
    static_assert(text_parameter<typename member::value_type>,
                  "ferrule: a query cannot give this optional or vector its values");
    return false;
  } else {
    static_assert(text_parameter<member>,
                  "ferrule: a query cannot give this member a value: use text, a number, a bool, "
                  "an enum, a type with parse_parameter, or an optional or vector of those");
    return !has_initialiser<T, I>;
  }
}

}  // namespace detail

/// Whether a query must give member `I` of `T`.
template <class T, std::size_t I>
inline constexpr bool query_member_required = detail::is_query_member_required<T, I>();

namespace detail {

/// What is wrong with a query: some of it in a list, so that an answer is not many times as long as
/// the request.
struct query_errors {
  static constexpr std::size_t listed_max = 32;

  std::vector<invalid_value> listed;
  std::size_t unlisted = 0;

  bool empty() const noexcept { return listed.empty(); }
  void add(invalid_value wrong) {
    if (listed.size() == listed_max) {
      ++unlisted;
    } else {
      listed.push_back(std::move(wrong));
    }
  }
};

/// Where text with a name is read into: a member of a query or a form, the value of a header field
/// or of a cookie. Its type is erased so that reading is not compiled for each type.
struct text_target {
  /// Puts text into what `into` points at; returns what would have been right, or nothing.
  using assign_function = std::optional<std::string> (*)(void* into, std::string_view text);

  std::string_view name;
  assign_function assign;
  bool required;
  bool repeats;
};

/// Reads the pairs of a raw query or a form into the members of `*into`, and returns what is wrong
/// with them. Decoded text is kept by the exchange: as many bytes as `text` has at most.
query_errors read_pairs(http::exchange& keeper, std::string_view text,
                        std::span<const text_target> members, void* into);

template <class T>
std::optional<std::string> assign_text(T& into, std::string_view text) {
  if constexpr (is_query_optional<T> || is_query_list<T>) {
    using value = typename T::value_type;
    value parsed{};
    if (!parse_parameter(text, parsed)) return expected_parameter<value>();
    if constexpr (is_query_list<T>) {
      into.push_back(std::move(parsed));
    } else {
      into = std::move(parsed);
    }
  } else if (!parse_parameter(text, into)) {
    return expected_parameter<T>();
  }
  return std::nullopt;
}

template <class T, std::size_t I>
std::optional<std::string> assign_query_member(void* into, std::string_view text) {
  return assign_text(std::get<I>(json::tie_members(*static_cast<T*>(into))), text);
}

/// The same of a form, as browsers send them: a box that is ticked is "on", and a field that was
/// left empty is there.
template <class T, std::size_t I>
std::optional<std::string> assign_form_member(void* into, std::string_view text) {
  using member = json::member_type<T, I>;
  if constexpr (std::same_as<member, bool> || std::same_as<member, std::optional<bool>>) {
    if (text == "on") text = "true";
  }
  if constexpr (!query_member_required<T, I> && !is_query_list<member>) {
    member unused{};
    if (text.empty() && assign_text(unused, text)) return std::nullopt;
  }
  return assign_query_member<T, I>(into, text);
}

template <class T>
inline constexpr auto query_members = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<text_target, sizeof...(I)>{
      text_target{json::member_name<T, I>, &assign_query_member<T, I>,
                  query_member_required<T, I>, is_query_list<json::member_type<T, I>>}...};
}(std::make_index_sequence<json::member_count<T>>());

template <class T>
inline constexpr auto form_members = []<std::size_t... I>(std::index_sequence<I...>) {
  auto members = query_members<T>;
  ((members[I].assign = &assign_form_member<T, I>), ...);
  return members;
}(std::make_index_sequence<json::member_count<T>>());

}  // namespace detail
}  // namespace ferrule
