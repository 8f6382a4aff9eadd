#include "ferrule/core/escape.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

std::string escaped(std::string_view text) {
  ferrule::buffer out;
  ferrule::append_json_string(out, text);
  return std::string(out.view());
}

TEST(escape, keeps_plain_text_of_every_length) {
  for (std::size_t size = 0; size != 70; ++size) {
    std::string text;
    for (std::size_t i = 0; i != size; ++i) text += static_cast<char>('A' + i % 26);
    EXPECT_EQ(escaped(text), '"' + text + '"');
  }
  EXPECT_EQ(escaped(" !#[]~\x7F"), "\" !#[]~\x7F\"");
}

TEST(escape, finds_a_special_byte_at_every_place) {
  for (std::size_t size = 1; size != 50; ++size) {
    for (std::size_t at = 0; at != size; ++at) {
      std::string text(size, 'x');
      text[at] = '"';
      std::string expected = text;
      expected.insert(at, 1, '\\');
      ASSERT_EQ(escaped(text), '"' + expected + '"') << size << ' ' << at;
    }
  }
}

TEST(escape, escapes_each_byte_as_it_must_be) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (int byte = 0; byte != 0x80; ++byte) {
    const char c = static_cast<char>(byte);
    std::string expected(1, c);
    if (c == '"' || c == '\\') expected.insert(0, 1, '\\');
    if (byte < 0x20) {
      expected = std::string("\\u00") + digits[static_cast<std::size_t>(byte >> 4)] +
                 digits[static_cast<std::size_t>(byte & 15)];
    }
    if (c == '\b') expected = "\\b";
    if (c == '\f') expected = "\\f";
    if (c == '\n') expected = "\\n";
    if (c == '\r') expected = "\\r";
    if (c == '\t') expected = "\\t";
    for (std::size_t before : {0U, 3U, 6U, 12U, 20U}) {
      const std::string padding(before, '-');
      EXPECT_EQ(escaped(padding + c + "tail"), '"' + padding + expected + "tail\"") << byte;
    }
  }
}

TEST(escape, keeps_well_formed_utf8) {
  for (std::string_view text :
       {"\u0080", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFF", "\U00010000", "\U0010FFFF",
        "Zo\u00EB and J\u00FCrgen send \U0001F600 from K\u00F8benhavn"}) {
    EXPECT_EQ(escaped(text), '"' + std::string(text) + '"');
  }
}

TEST(escape, replaces_each_ill_formed_piece) {
  const std::string r = "\uFFFD";
  const std::pair<std::string_view, std::string> cases[] = {
      {"\x80", r},                                  // a continuation alone
      {"\xC0\xAF", r + r},                          // overlong '/'
      {"\xE0\x80\xAF", r + r + r},                  // overlong, longer
      {"\xED\xA0\x80", r + r + r},                  // a surrogate
      {"\xF4\x90\x80\x80", r + r + r + r},          // beyond U+10FFFF
      {"\xF5", r},                                  // never starts a character
      {"\xFF", r},                                  //
      {"\xC3", r},                                  // cut short
      {"\xE2\x82", r},                              // cut short: one piece
      {"\xF0\x9F\x98", r},                          //
      {"\xE2\x82x", r + "x"},                       // cut short by another character
      {"\xF0\x9F\"", r + "\\\""},                   // by one to be escaped
      {"a\xE2\x28\xA1z", "a" + r + "(" + r + "z"},  //
      {"\xC3\xA9\xC3", "\u00E9" + r},               // after a good one
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(escaped(bytes), '"' + expected + '"');
}

TEST(escape, puts_the_prefix_before_the_string) {
  ferrule::buffer out;
  ferrule::append_json_string(out, ",\"k\":", "v");
  EXPECT_EQ(out.view(), R"(,"k":"v")");
}

}  // namespace
