#pragma once
/// @file
/// How text has to look as a pattern: a small part of regular expressions (ECMA-262), parsed while
/// compiling and checked in time that grows with the text alone, whatever the text is.
///
/// ```cpp
/// inline bool is_code(std::string_view text) {
///   return ferrule::json::pattern_form<"[A-Z]{2}-?[0-9]{4,6}">.fits(text);  // "AB-1234"
/// }
/// ```
///
/// A pattern is a row of characters, `.` for any but line ends, classes such as `[a-z_]` and
/// `[^,]`, and `\d`, `\w`, `\s` and escaped marks such as `\.`; each may have `?`, `*`, `+`, `{4}`,
/// `{4,}` or `{4,6}` behind it. The whole text has to match, so it has neither `^` nor `$`. There
/// are no groups and no alternatives. It is ASCII; of other characters in a text `.` and classes
/// that begin with `^` match one each. It can be compiled with the flag `u` too, as validators of
/// JSON Schema do, so marks without a meaning are not escaped; in schemas `.` and `\s`, which mean
/// more or less there, stand as classes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ferrule/core/fixed_string.hpp"
#include "ferrule/json/member_limits.hpp"

namespace ferrule::json {
namespace detail {

/// Which characters may stand somewhere, and how many of them.
struct pattern_atom {
  static constexpr std::uint32_t no_max = 0xFFFFFFFF;

  std::array<std::uint64_t, 2> ascii{};
  bool others = false;
  std::uint32_t min = 1;
  std::uint32_t max = 1;

  constexpr void add(unsigned char c) { ascii[c / 64] |= std::uint64_t{1} << (c % 64U); }
  constexpr void add(unsigned char from, unsigned char to) {
    for (unsigned c = from; c <= to; ++c) add(static_cast<unsigned char>(c));
  }
  constexpr void negate() {
    ascii = {~ascii[0], ~ascii[1]};
    others = !others;
  }
};

template <std::size_t Max>
struct pattern_atoms {
  std::array<pattern_atom, Max> atoms{};
  std::size_t count = 0;
};

// Called while compiling, these stand in the compiler's message.
inline void this_pattern_has_a_group_or_an_alternative() {}
inline void this_pattern_has_an_anchor_though_the_whole_text_has_to_match() {}
inline void this_pattern_repeats_nothing() {}
inline void this_pattern_has_a_class_without_an_end() {}
inline void this_pattern_has_a_class_whose_range_is_backwards() {}
inline void this_pattern_has_a_range_that_begins_with_a_set() {}
inline void this_pattern_has_a_bracket_that_closes_nothing() {}
inline void this_pattern_has_an_escape_that_is_not_known() {}
inline void this_pattern_has_a_count_that_is_none() {}
inline void this_pattern_is_not_ascii() {}

class pattern_parser {
 public:
  consteval explicit pattern_parser(std::string_view text) : text_(text) {}

  template <std::size_t Max>
  consteval pattern_atoms<Max> parse() {
    pattern_atoms<Max> parsed;
    while (at_ != text_.size()) {
      pattern_atom atom = next_atom();
      take_count(atom);
      parsed.atoms[parsed.count++] = atom;
    }
    return parsed;
  }

 private:
  consteval char take() {
    if (at_ == text_.size()) this_pattern_has_a_class_without_an_end();
    const char c = text_[at_++];
    if (static_cast<unsigned char>(c) >= 0x80) this_pattern_is_not_ascii();
    return c;
  }
  consteval bool takes(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  consteval pattern_atom next_atom() {
    pattern_atom atom;
    const char c = take();
    if (c == '(' || c == ')' || c == '|') this_pattern_has_a_group_or_an_alternative();
    if (c == ']' || c == '}') this_pattern_has_a_bracket_that_closes_nothing();
    if (c == '^' || c == '$') this_pattern_has_an_anchor_though_the_whole_text_has_to_match();
    if (c == '?' || c == '*' || c == '+' || c == '{') this_pattern_repeats_nothing();
    if (c == '[') {
      take_class(atom);
    } else if (c == '\\') {
      add_escaped(atom, "^$\\.*+?()[]{}|/");
    } else if (c == '.') {
      atom.add('\n'), atom.add('\r');
      atom.negate();
    } else {
      atom.add(static_cast<unsigned char>(c));
    }
    return atom;
  }
  /// Adds what an escape stands for; returns the character, or 0 for several.
  consteval char add_escaped(pattern_atom& atom, std::string_view marks) {
    const char c = take();
    if (c == 'd' || c == 'w') atom.add('0', '9');
    if (c == 'w') atom.add('a', 'z'), atom.add('A', 'Z'), atom.add('_');
    if (c == 's') {
      for (const char space : {' ', '\t', '\n', '\r', '\f', '\v'}) {
        atom.add(static_cast<unsigned char>(space));
      }
    }
    if (c == 'd' || c == 'w' || c == 's') return 0;
    if (marks.find(c) == marks.npos) this_pattern_has_an_escape_that_is_not_known();
    atom.add(static_cast<unsigned char>(c));
    return c;
  }
  consteval void take_class(pattern_atom& atom) {
    constexpr std::string_view marks = "^$\\.*+?()[]{}|/-";
    const bool is_negated = takes('^');
    while (!takes(']')) {
      char first = take();
      if (first == '\\') {
        first = add_escaped(atom, marks);
      } else {
        atom.add(static_cast<unsigned char>(first));
      }
      const bool is_range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (!is_range) continue;
      if (first == 0) this_pattern_has_a_range_that_begins_with_a_set();
      ++at_;
      char last = take();
      if (last == '\\') last = add_escaped(atom, marks);
      if (last < first) this_pattern_has_a_class_whose_range_is_backwards();
      atom.add(static_cast<unsigned char>(first), static_cast<unsigned char>(last));
    }
    if (is_negated) atom.negate();
  }
  consteval std::uint32_t take_number() {
    const std::size_t begin = at_;
    std::uint32_t number = 0;
    for (; at_ != text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      number = number * 10 + static_cast<std::uint32_t>(text_[at_] - '0');
      if (number > 100'000) this_pattern_has_a_count_that_is_none();
    }
    if (at_ == begin) this_pattern_has_a_count_that_is_none();
    return number;
  }
  consteval void take_count(pattern_atom& atom) {
    if (takes('?')) {
      atom.min = 0;
    } else if (takes('*')) {
      atom.min = 0, atom.max = pattern_atom::no_max;
    } else if (takes('+')) {
      atom.max = pattern_atom::no_max;
    } else if (takes('{')) {
      atom.min = atom.max = take_number();
      if (takes(',')) {
        atom.max = pattern_atom::no_max;
        if (at_ != text_.size() && text_[at_] != '}') atom.max = take_number();
      }
      if (!takes('}') || atom.max < atom.min) this_pattern_has_a_count_that_is_none();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Whether the whole text matches. Takes time in proportion to its length and the atoms'.
bool matches(std::span<const pattern_atom> atoms, std::string_view text);

template <fixed_string Pattern>
inline constexpr auto atoms_of =
    pattern_parser(Pattern.view()).parse<Pattern.view().size() + 1>();

template <fixed_string Pattern>
bool matches_pattern(std::string_view text) {
  constexpr const auto& parsed = atoms_of<Pattern>;
  return matches(std::span(parsed.atoms).first(parsed.count), text);
}

/// Gives `put` the parts of a pattern as schemas have it.
template <class Put>
consteval void spell_for_schemas(std::string_view pattern, Put put) {
  bool in_class = false;
  put("^");
  for (std::size_t i = 0; i != pattern.size(); ++i) {
    const bool is_escaped = pattern[i] == '\\';
    const std::string_view part = pattern.substr(i, is_escaped ? 2 : 1);
    if (part == "\\s") {
      put(in_class ? R"( \t\n\r\f\v)" : R"([ \t\n\r\f\v])");
    } else {
      put(part == "." && !in_class ? R"([^\n\r])" : part);
    }
    if (part == "[") in_class = true;
    if (part == "]") in_class = false;
    i += part.size() - 1;
  }
  put("$");
}

/// Texts put together while compiling.
template <std::size_t N>
struct joined_text {
  std::array<char, N> chars{};
  constexpr std::string_view view() const noexcept { return {chars.data(), N}; }
};
template <std::size_t N>
consteval joined_text<N> join_text(std::string_view before, std::string_view text,
                                   std::string_view after) {
  joined_text<N> joined;
  auto to = std::ranges::copy(before, joined.chars.begin()).out;
  to = std::ranges::copy(text, to).out;
  std::ranges::copy(after, to);
  return joined;
}
template <fixed_string Pattern>
inline constexpr std::size_t schema_pattern_size = [] {
  std::size_t size = 0;
  spell_for_schemas(Pattern.view(), [&](std::string_view part) { size += part.size(); });
  return size;
}();
template <fixed_string Pattern>
inline constexpr auto whole_pattern = [] {
  joined_text<schema_pattern_size<Pattern>> spelled;
  auto to = spelled.chars.begin();
  spell_for_schemas(Pattern.view(),
                    [&](std::string_view part) { to = std::ranges::copy(part, to).out; });
  return spelled;
}();
template <fixed_string Pattern>
inline constexpr auto pattern_message =
    join_text<Pattern.view().size() + 11>("must match ", Pattern.view(), "");

}  // namespace detail

/// The form of text that matches `Pattern`.
template <fixed_string Pattern>
inline constexpr text_form pattern_form{detail::whole_pattern<Pattern>.view(),
                                        &detail::matches_pattern<Pattern>,
                                        detail::pattern_message<Pattern>.view()};

}  // namespace ferrule::json
