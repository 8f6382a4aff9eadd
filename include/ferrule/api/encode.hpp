#pragma once
/// @file
/// From values to the text that stands in a path or a query: the way back of api/parameter.hpp and
/// api/query.hpp, for whoever makes requests.
///
/// ```cpp
/// struct page { std::uint64_t after = 0; std::optional<std::string> tag; };
/// inline std::string target() {
///   std::string text = "/users/";
///   ferrule::append_path_text(text, "Ada Lovelace");          // "Ada%20Lovelace"
///   ferrule::append_query(text, page{.after = 7, .tag = {}});  // "?after=7"
///   return text;
/// }
/// ```
///
/// A type of your own with a `parse_parameter` is sent by the `append_parameter` beside it:
///
/// ```cpp
/// struct user_id { std::uint64_t number; };
/// inline bool parse_parameter(std::string_view text, user_id& out) {
///   return ferrule::parse_parameter(text, out.number);
/// }
/// inline void append_parameter(std::string& out, const user_id& id) {
///   ferrule::append_parameter(out, id.number);
/// }
/// static_assert(ferrule::sendable_parameter<user_id>);
/// ```
///
/// Source: RFC 3986 sections 2.1 to 2.3.

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/api/parameter.hpp"
#include "ferrule/api/query.hpp"

namespace ferrule {

/// What `parse_parameter` reads, not yet percent-encoded. Of an enumeration's value without a name
/// nothing is appended.
template <detail::number_parameter T>
void append_parameter(std::string& out, T value) {
  fmt::format_to(std::back_inserter(out), FMT_STRING("{}"), value);
}
inline void append_parameter(std::string& out, bool value) { out += value ? "true" : "false"; }
template <class E>
  requires std::is_enum_v<E>
void append_parameter(std::string& out, E value) {
  out += json::enum_name(value);
}
inline void append_parameter(std::string& out, std::string_view value) { out += value; }
template <json::detail::limited_value T>
void append_parameter(std::string& out, const T& value) {
  append_parameter(out, *value);
}

/// What can be sent as a path or query parameter.
template <class T>
concept sendable_parameter =
    requires(std::string& out, const T& value) { append_parameter(out, value); };

/// Appends text as part of a path: whatever is not unreserved becomes %XX, '/' among it.
void append_path_text(std::string& out, std::string_view text);
/// The same, but '/' stays what it is: for a tail, `{path...}`.
void append_tail_text(std::string& out, std::string_view text);

/// Whether text can be one segment of a path: it is not empty, and neither is nor holds "." or ".."
/// between slashes or backslashes, which servers refuse or resolve however it is encoded.
constexpr bool is_path_segment(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (;;) {
    const std::size_t slash = text.find_first_of("/\\");
    const std::string_view part = text.substr(0, slash);
    if (part == "." || part == "..") return false;
    if (slash == text.npos) return true;
    text.remove_prefix(slash + 1);
  }
}

/// Whether text can be a tail: its slashes separate segments none of which is empty but perhaps the
/// last, and it has no backslash, which would have to be encoded. See api/pattern.hpp.
constexpr bool is_path_tail(std::string_view text) noexcept {
  if (text.empty()) return true;
  return !text.starts_with('/') && text.find("//") == text.npos && text.find('\\') == text.npos &&
         is_path_segment(text);
}

namespace detail {

/// Appends `?key=value`, or with `&` when there was one before.
void append_query_pair(std::string& out, bool& is_first, std::string_view key,
                       std::string_view value);

template <class T>
void append_query_value(std::string& out, bool& is_first, std::string_view key, const T& value) {
  static_assert(sendable_parameter<T>,
                "ferrule: a member of this query cannot be sent: define void "
                "append_parameter(std::string&, const T&) beside its parse_parameter");
  std::string text;
  append_parameter(text, value);
  append_query_pair(out, is_first, key, text);
}

template <class M>
void append_query_member(std::string& out, bool& is_first, std::string_view key, const M& member) {
  if constexpr (is_query_optional<M>) {
    if (member) append_query_value(out, is_first, key, *member);
  } else if constexpr (is_query_list<M>) {
    for (const auto& each : member) append_query_value(out, is_first, key, each);
  } else {
    append_query_value(out, is_first, key, member);
  }
}

}  // namespace detail

/// Appends an aggregate as a query, '?' included; nothing if it has no pairs. Members by their
/// names, empty optionals not at all, vectors once an element.
template <class T>
void append_query(std::string& out, const T& values) {
  bool is_first = true;
  const auto members = json::tie_members(values);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (detail::append_query_member(out, is_first, json::member_name<T, I>, std::get<I>(members)),
     ...);
  }(std::make_index_sequence<json::member_count<T>>());
}

}  // namespace ferrule
