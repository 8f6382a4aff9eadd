#include "ferrule/api/html.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ferrule {
namespace {

TEST(escape_html, leaves_no_markup) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  EXPECT_EQ(escape_html(""), "");
  EXPECT_EQ(escape_html("plain, caf\xC3\xA9 \xF0\x9F\x98\x80\t\r\n"),
            "plain, caf\xC3\xA9 \xF0\x9F\x98\x80\t\r\n");
}

TEST(escape_html, replaces_what_a_page_has_no_place_for) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(escape_html(std::string_view("a\0b", 3)), "a" + replacement + "b");
  EXPECT_EQ(escape_html("\x1b[1m\x7f"), replacement + "[1m" + replacement);
  EXPECT_EQ(escape_html("\xFF"), replacement);
  EXPECT_EQ(escape_html("\xC3<"), replacement + "&lt;") << "a piece does not swallow what follows";
  EXPECT_EQ(escape_html("\xE2\x82"), replacement);
  EXPECT_EQ(escape_html("\xED\xA0\x80"), replacement + replacement + replacement);
}

TEST(escape_html, gives_text_that_is_utf8_and_has_no_markup_whatever_it_is_given) {
  for (int first = 0; first != 256; ++first) {
    for (int second = 0; second != 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), '<'};
      const std::string html = escape_html(text);
      ASSERT_TRUE(html.ends_with("&lt;")) << first << ' ' << second;
      ASSERT_EQ(html.find_first_of("<>\"'"), html.npos) << first << ' ' << second;
      ASSERT_EQ(escape_html(html).size(), html.size() + 4 * static_cast<std::size_t>(std::count(
                                                            html.begin(), html.end(), '&')))
          << "it is UTF-8 already";
    }
  }
}

}  // namespace
}  // namespace ferrule
