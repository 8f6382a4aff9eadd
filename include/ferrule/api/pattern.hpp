#pragma once
/// @file
/// Route patterns, parsed by the compiler: a method, a space and a path whose segments are
/// literals, placeholders `{name}`, or one tail `{name...}` at the end.
///
/// ```cpp
/// constexpr const ferrule::pattern& p = ferrule::parsed_pattern<"GET /users/{id}">;
/// static_assert(p.verb == ferrule::method::get && p.parameter_count == 1);
/// static_assert(p.parameter_name(0) == "id");
/// ```
///
/// A pattern is compared with the raw path, segment by segment, and parameters are decoded
/// afterwards. So a literal is written as clients send it (`/caf%C3%A9`), `%2F` never separates
/// segments, and a trailing slash is an empty last segment: `/users` and `/users/` are two paths.
/// A placeholder takes one segment that is not empty. A tail takes the rest of the path, slashes
/// and all; `/files/{path...}` matches `/files/` with an empty tail, and does not match `/files`.
///
/// What a handler gets is safe to put behind a folder's name, but for the slash in a placeholder:
///
/// - The parser refuses %00 and dot segments in every spelling: `..`, `%2e%2e`, `..%2f`, `..%5c`,
///   `..\`. Escapes are decoded once, so `%252e` is the text `%2e`.
/// - A parameter that is no UTF-8 after decoding is answered 400, overlong forms such as `%c0%af`
///   among it.
/// - **A tail's slashes are those of the path**: answered 400 are `%2f`, `%5c` and `\` in it, since
///   decoded they would make segments that nobody in front saw, and empty segments (`/files//etc`
///   would be `/etc`, and `a//b` is `a/b` to a file system), except for one slash at the end.
/// - **A placeholder may hold a slash**, `{id}` of `/items/a%2fb` is `a/b`: that is what `%2f` is
///   for, and names of packages, branches and objects need it. Whoever makes a file's name of it
///   looks for `/` first, or takes a tail.
///
/// A proxy sees the raw path, and so do routes: `/%71` is not `/q`, though RFC 3986 section 6.2.2.2
/// calls them equivalent. Were it, `/%61dmin` would get past a proxy that guards `/admin` by the
/// bytes; and no honest client encodes what need not be.
///
/// A mistake stops the compiler in a function whose name says what is wrong.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/core/fixed_string.hpp"
#include "ferrule/http/method.hpp"

namespace ferrule {

enum class segment_kind : std::uint8_t { literal, parameter, tail };

/// One segment of a pattern: where its text, or its placeholder's name, stands in the pattern.
struct pattern_segment {
  segment_kind kind = segment_kind::literal;
  std::uint16_t offset = 0;
  std::uint16_t length = 0;
  std::uint32_t hash = 0;  ///< of a literal's text
};

namespace detail {

/// Why a text is no pattern.
enum class pattern_fault : std::uint8_t {
  none,
  no_path,
  no_method,
  no_slash,
  too_many_segments,
  too_long,
  part_of_a_segment,
  no_identifier,
  named_alike,
  tail_not_last,
  must_be_encoded,
};

}  // namespace detail

/// A parsed pattern. Thread rule: constant data.
struct pattern {
  /// A path with more segments is refused at compile time.
  static constexpr std::size_t segments_max = 12;

  std::string_view text;  ///< as written: "GET /users/{id}"
  method verb = method::unknown;
  std::uint8_t segment_count = 0;
  std::uint8_t parameter_count = 0;  ///< placeholders, the tail included
  detail::pattern_fault fault = detail::pattern_fault::none;  ///< if any, there are no segments
  std::array<pattern_segment, segments_max> segments{};

  /// A literal's text or a placeholder's name.
  constexpr std::string_view segment_text(std::size_t i) const noexcept {
    return text.substr(segments[i].offset, segments[i].length);
  }
  /// The path alone: "/users/{id}".
  constexpr std::string_view path() const noexcept { return text.substr(text.find(' ') + 1); }
  /// The name of placeholder `n`, counted from the left; empty if there are not so many.
  constexpr std::string_view parameter_name(std::size_t n) const noexcept {
    for (std::size_t i = 0; i != segment_count; ++i) {
      if (segments[i].kind != segment_kind::literal && n-- == 0) return segment_text(i);
    }
    return {};
  }
  /// Whether placeholder `n` is a tail.
  constexpr bool is_tail(std::size_t n) const noexcept {
    return n + 1 == parameter_count && segments[segment_count - 1].kind == segment_kind::tail;
  }
  /// Which placeholder has this name, or -1.
  constexpr int parameter_index(std::string_view name) const noexcept {
    for (std::size_t n = 0; n != parameter_count; ++n) {
      if (parameter_name(n) == name) return static_cast<int>(n);
    }
    return -1;
  }
};

namespace detail {

inline constexpr std::uint32_t segment_hash_seed = 2166136261U;

/// FNV-1a: the router hashes a segment while it looks for its end.
constexpr std::uint32_t add_to_segment_hash(std::uint32_t hash, char c) noexcept {
  return (hash ^ static_cast<unsigned char>(c)) * 16777619U;
}

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

consteval pattern_fault fault_of_name(const pattern& p, std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return pattern_fault::no_identifier;
  for (char c : name) {
    if (!is_letter_or_digit(c) && c != '_') return pattern_fault::no_identifier;
  }
  return p.parameter_index(name) >= 0 ? pattern_fault::named_alike : pattern_fault::none;
}

/// What RFC 3986 calls pchar. A table, since it is asked for each character of a thousand routes.
inline constexpr std::array<bool, 256> literal_characters = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t i = 0; i != allowed.size(); ++i) {
    allowed[i] = is_letter_or_digit(static_cast<char>(i));
  }
  for (char c : std::string_view("-._~!$&'()*+,;=:@%")) {
    allowed[static_cast<unsigned char>(c)] = true;
  }
  return allowed;
}();

/// Hashes a literal.
consteval std::uint32_t hash_literal(std::string_view text, pattern_fault& fault) {
  std::uint32_t hash = segment_hash_seed;
  for (char c : text) {
    hash = add_to_segment_hash(hash, c);
    if (literal_characters[static_cast<unsigned char>(c)]) continue;
    fault = c == '{' || c == '}' ? pattern_fault::part_of_a_segment
                                 : pattern_fault::must_be_encoded;
    break;
  }
  return hash;
}

consteval pattern_segment parse_segment(const pattern& p, std::size_t begin, std::size_t end,
                                        pattern_fault& fault) {
  std::string_view text = p.text.substr(begin, end - begin);
  pattern_segment segment;
  if (text.starts_with('{') && text.ends_with('}')) {
    const bool is_tail = text.ends_with("...}");
    text = text.substr(1, text.size() - (is_tail ? 5 : 2));
    fault = fault_of_name(p, text);
    if (is_tail && end != p.text.size()) fault = pattern_fault::tail_not_last;
    segment.kind = is_tail ? segment_kind::tail : segment_kind::parameter;
    ++begin;
  } else {
    segment.hash = hash_literal(text, fault);
  }
  segment.offset = static_cast<std::uint16_t>(begin);
  segment.length = static_cast<std::uint16_t>(text.size());
  return segment;
}

consteval pattern faulty_pattern(std::string_view text, pattern_fault fault) {
  return {.text = text, .fault = fault};
}

consteval pattern parse_pattern(std::string_view text) {
  pattern p;
  if (text.size() > 65535) return faulty_pattern(text, pattern_fault::too_long);
  p.text = text;
  const std::size_t space = text.find(' ');
  if (space == text.npos) return faulty_pattern(text, pattern_fault::no_path);
  p.verb = parse_method(text.substr(0, space));
  if (p.verb > method::options) return faulty_pattern(text, pattern_fault::no_method);
  std::size_t at = space + 1;
  if (at >= text.size() || text[at] != '/') return faulty_pattern(text, pattern_fault::no_slash);
  while (at < text.size()) {
    if (p.segment_count == pattern::segments_max) {
      return faulty_pattern(text, pattern_fault::too_many_segments);
    }
    std::size_t end = text.find('/', at + 1);
    if (end == text.npos) end = text.size();
    pattern_fault fault = pattern_fault::none;
    const pattern_segment segment = parse_segment(p, at + 1, end, fault);
    if (fault != pattern_fault::none) return faulty_pattern(text, fault);
    if (segment.kind != segment_kind::literal) ++p.parameter_count;
    p.segments[p.segment_count++] = segment;
    at = end;
  }
  return p;
}

/// Finds the message for what is wrong.
template <fixed_string Pattern, pattern_fault Fault>
struct pattern_verdict {
  static constexpr bool is(pattern_fault fault) { return Fault == fault; }

  static_assert(!is(pattern_fault::no_path),
                "ferrule: a pattern is a method, a space and a path: \"GET /users/{id}\"");
  static_assert(!is(pattern_fault::no_method),
                "ferrule: the method of a pattern is GET, HEAD, POST, PUT, DELETE, PATCH or "
                "OPTIONS, in capitals");
  static_assert(!is(pattern_fault::no_slash),
                "ferrule: the path of a pattern begins with a slash, one space after the method");
  static_assert(!is(pattern_fault::too_many_segments),
                "ferrule: the path of a pattern has at most 12 segments");
  static_assert(!is(pattern_fault::too_long),
                "ferrule: a pattern has at most 65535 bytes");
  static_assert(!is(pattern_fault::part_of_a_segment),
                "ferrule: a placeholder is a whole segment of a pattern's path, between slashes: "
                "{name}, with both braces");
  static_assert(!is(pattern_fault::no_identifier),
                "ferrule: a placeholder is named by an identifier: letters, digits and '_', not a "
                "digit first");
  static_assert(!is(pattern_fault::named_alike),
                "ferrule: two placeholders of a pattern have one name");
  static_assert(!is(pattern_fault::tail_not_last),
                "ferrule: a tail, {name...}, is the last segment of a pattern");
  static_assert(!is(pattern_fault::must_be_encoded),
                "ferrule: a literal of a pattern has a character that no path has: write it "
                "percent-encoded, as in %20");
  static constexpr bool passed = true;
};

template <fixed_string Text>
consteval pattern parse_checked() {
  constexpr pattern parsed = parse_pattern(Text.view());
  if constexpr (parsed.fault != pattern_fault::none) {
    static_assert(pattern_verdict<Text, parsed.fault>::passed);
  }
  return parsed;
}

}  // namespace detail

/// The pattern that `Text` spells, parsed once however often it is named.
template <fixed_string Text>
inline constexpr pattern parsed_pattern = detail::parse_checked<Text>();

namespace detail {

/// Whether text is a slash and literal segments.
constexpr bool is_prefix(std::string_view text) noexcept {
  return text.size() > 1 && text.front() == '/' && text.back() != '/' &&
         text.find_first_of("{} ") == text.npos;
}
template <fixed_string Prefix>
struct prefix_check {
  static_assert(is_prefix(Prefix.view()),
                "ferrule: the prefix of nest is a slash and literal segments, such as \"/v1\", "
                "without a slash at its end and without {placeholders}, which each handler of the "
                "table would have to take");
  static constexpr bool passed = true;
};

/// The pattern `Text` below a prefix.
template <fixed_string Prefix, fixed_string Text>
inline constexpr auto nested_text = []() consteval {
  constexpr std::size_t path_begin = Text.view().find(' ') + 1;
  constexpr std::size_t path_end = Text.view().substr(path_begin) == "/" ? path_begin : Text.size();
  constexpr std::size_t path_bytes = path_end - path_begin;
  char text[path_begin + Prefix.size() + path_bytes + 1]{};
  char* to = std::copy_n(Text.chars, path_begin, text);
  to = std::copy_n(Prefix.chars, Prefix.size(), to);
  std::copy_n(Text.chars + path_begin, path_bytes, to);
  return fixed_string(text);
}();

}  // namespace detail
}  // namespace ferrule
