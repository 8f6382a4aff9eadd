#pragma once
// The character classes of RFC 9110 and RFC 3986 as one table of bits, computed at compile time.

#include <array>
#include <cstdint>
#include <string_view>

namespace ferrule::http {

enum char_class : std::uint8_t {
  token_char = 1,   // tchar, RFC 9110 section 5.6.2
  text_char = 2,    // what a field value may have: tab, space, visible, obs-text
  target_char = 4,  // what RFC 3986 has in a path or a query: pchar, '/', '?', and '%'
  name_char = 8,    // what a registered host name may have: unreserved, sub-delims; not '%'
  hex_char = 16,
  digit_char = 32,
  // What is taken in a path or a query and asks for no closer look: not '.', '%', '?' or '\\'. Has
  // what the URL standard leaves as it is besides: brackets, braces, '|', '^' and '`'.
  plain_target_char = 64,
};

namespace detail {

constexpr std::array<std::uint8_t, 256> classify() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&](std::string_view chars, int classes) {
    for (const char c : chars) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  add(letters, token_char | target_char | plain_target_char | name_char);
  add("0123456789",
      token_char | target_char | plain_target_char | name_char | hex_char | digit_char);
  add("abcdefABCDEF", hex_char);
  add("!#$%&'*+-.^_`|~", token_char);
  add("-_~!$&'()*+,;=", target_char | plain_target_char | name_char);
  add(":@/", target_char | plain_target_char);
  add("[]{}|^`", plain_target_char);
  add(".", target_char | name_char);
  add("?%", target_char);
  for (unsigned c = 0; c != 256; ++c) {
    if ((c >= 0x20 && c != 0x7f) || c == '\t') table[c] |= text_char;
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> char_classes = classify();

}  // namespace detail

constexpr bool is(char_class wanted, char c) noexcept {
  return (detail::char_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool all_are(char_class wanted, std::string_view text) noexcept {
  for (const char c : text) {
    if (!is(wanted, c)) return false;
  }
  return true;
}

// What a hex_char stands for.
constexpr unsigned hex_value(char digit) noexcept {
  const auto c = static_cast<unsigned char>(digit);
  return c <= '9' ? c - unsigned{'0'} : (c | 0x20U) - 'a' + 10U;
}

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace ferrule::http
