#include "ferrule/core/clean_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::detail {
namespace {

std::string cleaned(std::string_view text, std::size_t room = 100) {
  std::string to(room, 'x');
  to.resize(copy_clean(to, text));
  return to;
}

TEST(clean_text, leaves_alone_what_can_be_shown) {
  for (const std::string_view text :
       {"", "GET /users/{id}: ~ \"\\", "\xC2\xA0\xC3\xA4", "\xE2\x80\x8D\xE2\x80\x90\xE2\x80\xA7",
        "\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_EQ(cleaned(text), text);
  }
}

TEST(clean_text, replaces_what_acts_on_lines_and_terminals) {
  for (int c = 0; c != 0x20; ++c) {
    EXPECT_EQ(cleaned(std::string(1, static_cast<char>(c))), "?") << c;
  }
  EXPECT_EQ(cleaned("a\x7f" "b"), "a?b");
  EXPECT_EQ(cleaned("\xC2\x80\xC2\x85\xC2\x9B[2J\xC2\x9F"), "???[2J?");        // C1
  EXPECT_EQ(cleaned("a\xE2\x80\xA8" "b\xE2\x80\xA9" "c"), "a?b?c");            // U+2028, U+2029
  EXPECT_EQ(cleaned("\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\xAA\xE2\x80\xAE"), "????");
  EXPECT_EQ(cleaned("\xE2\x81\xA6\xE2\x81\xA9"), "??");
}

TEST(clean_text, replaces_each_ill_formed_piece_of_utf_8) {
  EXPECT_EQ(cleaned("\x9B" "31m"), "?31m");  // a bare C1 byte
  EXPECT_EQ(cleaned("\xC0\x8A"), "??");      // an overlong line end
  EXPECT_EQ(cleaned("\xED\xA0\x80"), "???");  // a surrogate
  EXPECT_EQ(cleaned("\xE2\x82"), "?");        // cut
  EXPECT_EQ(cleaned("\xF0\x9F\x98" "a\xFF"), "?a?");
}

TEST(clean_text, is_cut_between_characters) {
  EXPECT_EQ(cleaned("abc", 2), "ab");
  EXPECT_EQ(cleaned("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(cleaned("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(cleaned("\n\n", 1), "?");
}

}  // namespace
}  // namespace ferrule::detail
