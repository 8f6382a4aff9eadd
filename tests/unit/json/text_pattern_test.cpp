#include "ferrule/json/text_pattern.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace ferrule::json {
namespace {

template <fixed_string Pattern>
bool fits(std::string_view text) {
  return pattern_form<Pattern>.fits(text);
}

TEST(text_pattern, is_that_of_the_whole_text) {
  EXPECT_TRUE(fits<"[A-Z]{2}[0-9]{4}">("AB1234"));
  EXPECT_FALSE(fits<"[A-Z]{2}[0-9]{4}">("AB12345"));
  EXPECT_FALSE(fits<"[A-Z]{2}[0-9]{4}">("xAB1234"));
  EXPECT_TRUE(fits<"">(""));
  EXPECT_FALSE(fits<"">("a"));
}

TEST(text_pattern, takes_characters_that_are_not_ascii_as_one_each) {
  EXPECT_TRUE(fits<".{3}">("a\u00e4\u20ac"));
  EXPECT_TRUE(fits<"[^a]">("\u20ac"));
  EXPECT_FALSE(fits<"[a-z]">("\u00e4"));
  EXPECT_FALSE(fits<".">("\n"));
}

TEST(text_pattern, takes_marks_for_what_they_are_in_classes_and_escaped) {
  EXPECT_TRUE(fits<"a\\.b">("a.b"));
  EXPECT_FALSE(fits<"a\\.b">("axb"));
  EXPECT_TRUE(fits<"[.\\]-]+">(".]-"));
  EXPECT_TRUE(fits<"[a-]+">("a-a"));
}

// Against the library's, which knows the same language and more.
template <fixed_string Pattern>
void agree(const std::vector<std::string>& texts) {
  const std::regex known(std::string(Pattern.view()), std::regex::ECMAScript);
  for (const std::string& text : texts) {
    EXPECT_EQ(fits<Pattern>(text), std::regex_match(text, known))
        << Pattern.view() << " of '" << text << "'";
  }
}

TEST(text_pattern, agrees_with_regular_expressions) {
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i != texts.size() && texts[i].size() < 5; ++i) {
    for (const char c : {'a', 'b', '1', '-'}) texts.push_back(texts[i] + c);
  }
  agree<"a*b?a+">(texts);
  agree<"[ab]{2,3}1*">(texts);
  agree<"a{0,2}.{2}">(texts);
  agree<"\\w+-\\d?">(texts);
  agree<"[^1]*1{2,}[^a-b]?">(texts);
  agree<"a?a?a?aaa">(texts);
  agree<"\\s*[ab1]+-*">(texts);
}

// Where a validator's `.` and `\s` are others, it would refuse what is taken, or the reverse.
TEST(text_pattern, says_to_schemas_what_it_checks) {
  EXPECT_EQ(pattern_form<"[A-Z]{2}-?\\d+">.pattern, R"(^[A-Z]{2}-?\d+$)");
  EXPECT_EQ(pattern_form<".+\\.\\s*">.pattern, R"(^[^\n\r]+\.[ \t\n\r\f\v]*$)");
  EXPECT_EQ(pattern_form<"[^.\\s\\]]?">.pattern, R"(^[^. \t\n\r\f\v\]]?$)");
}

TEST(text_pattern, takes_no_time_without_end) {
  const std::string text(100'000, 'a');
  EXPECT_FALSE(fits<"a*a*a*a*a*a*a*a*b">(text));
  EXPECT_TRUE(fits<"a*a*a*a*a*a*a*a*">(text));
}

TEST(text_form, of_ids_and_days) {
  EXPECT_TRUE(is_uuid("0190163d-8694-739B-aea5-966c26f8ad91"));
  EXPECT_FALSE(is_uuid("0190163d-8694-739b-aea5-966c26f8ad9"));
  EXPECT_FALSE(is_uuid("0190163d08694-739b-aea5-966c26f8ad91"));
  EXPECT_FALSE(is_uuid("0190163g-8694-739b-aea5-966c26f8ad91"));
  for (const char* day : {"2026-01-31", "2024-02-29", "2000-02-29", "9999-12-31"}) {
    EXPECT_TRUE(is_date(day)) << day;
  }
  for (const char* day : {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
                          "2026-1-31", "2026-01-3x", "2026-01-311", ""}) {
    EXPECT_FALSE(is_date(day)) << day;
  }
}

TEST(text_form, of_email_are_those_of_browsers) {
  const std::regex as_schemas_say{std::string(email_form.pattern)};
  const std::string label63(63, 'a');
  const std::vector<std::string> all_good{"a@b",
                                          "Ada.Lovelace+tag@mail.example.com",
                                          "!#$%&'*+/=?^_`{|}~-.@1.2",
                                          "..@a-b.c--d",
                                          "a@" + label63 + ".b"};
  for (const std::string& good : all_good) {
    EXPECT_TRUE(is_email(good)) << good;
    EXPECT_TRUE(std::regex_match(good, as_schemas_say)) << good;
  }
  const std::vector<std::string> all_bad{
      "",       "@",      "a@",     "@b",    "a",     "a@b@c",    "a b@c",       "a@b c",
      "a@-b",   "a@b-",   "a@b..c", "a@b.",  "a@.b",  "\"a\"@b",  "\xC3\xA9@b",  "a@\xC3\xA9",
      "a@b\n", std::string("a\0@b", 4),     "a@" + label63 + "a"};
  for (const std::string& bad : all_bad) {
    EXPECT_FALSE(is_email(bad)) << bad;
    EXPECT_FALSE(std::regex_match(bad, as_schemas_say)) << bad;
  }
}

TEST(text_form, of_email_fit_what_their_pattern_fits) {
  const std::regex as_schemas_say{std::string(email_form.pattern)};
  constexpr std::string_view alphabet = "a-.@_9";
  constexpr std::size_t length_max = 5;
  std::vector<std::string> all{""};
  for (std::size_t i = 0; i != all.size(); ++i) {
    ASSERT_EQ(is_email(all[i]), std::regex_match(all[i], as_schemas_say)) << all[i];
    if (all[i].size() == length_max) continue;
    for (const char c : alphabet) all.push_back(all[i] + c);
  }
}

}  // namespace
}  // namespace ferrule::json
