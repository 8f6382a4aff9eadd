#include "ferrule/http/uri.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ferrule::http;

std::string decoded_segment(std::string_view raw) {
  std::string out(raw.size(), '?');
  const auto decoded = decode_segment(raw, out.data());
  return decoded ? std::string(*decoded) : to_string(decoded.error());
}

std::string decoded_query(std::string_view raw) {
  std::string out(raw.size(), '?');
  const auto decoded = decode_query(raw, out.data());
  return decoded ? std::string(*decoded) : to_string(decoded.error());
}

TEST(uri, segments_are_decoded) {
  EXPECT_EQ(decoded_segment(""), "");
  EXPECT_EQ(decoded_segment("plain"), "plain");
  EXPECT_EQ(decoded_segment("a%20b+c"), "a b+c");
  EXPECT_EQ(decoded_segment("a%2Fb%2fc"), "a/b/c");
  EXPECT_EQ(decoded_segment("%C3%A9"), "\xc3\xa9");
  EXPECT_EQ(decoded_segment("%2541"), "%41");  // once, not twice
}

TEST(uri, queries_have_plus_for_space) { EXPECT_EQ(decoded_query("a+b%2Bc"), "a b+c"); }

TEST(uri, every_byte_survives_its_escape) {
  for (unsigned c = 1; c != 256; ++c) {
    for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
      const std::string raw = {'%', digits[c / 16], digits[c % 16]};
      EXPECT_EQ(decoded_segment(raw), std::string(1, static_cast<char>(c)));
    }
  }
}

TEST(uri, a_percent_sign_that_begins_no_escape_is_itself) {
  for (const char* raw : {"%", "%4", "a%", "a%4", "%g1", "%1g", "% 41", "%-1", "%/0", "%:0", "%@0",
                          "%`0", "%0G", "%%", "%%%"}) {
    EXPECT_EQ(decoded_segment(raw), raw);
    EXPECT_EQ(decoded_query(raw), raw);
    EXPECT_EQ(check_escapes(raw).error(), uri_error::invalid_escape) << raw;
  }
  EXPECT_EQ(decoded_segment("%%41"), "%A");
  EXPECT_EQ(decoded_segment("%2%65"), "%2e") << "once, not twice";
}

TEST(uri, no_zero_bytes) {
  EXPECT_EQ(decoded_segment("a%00b"), to_string(uri_error::zero_byte));
  EXPECT_EQ(decoded_segment("%%00"), to_string(uri_error::zero_byte));
  EXPECT_EQ(check_escapes("%41%00").error(), uri_error::zero_byte);
  EXPECT_EQ(check_query("a=%00").error(), uri_error::zero_byte);
  EXPECT_EQ(check_query("%%00").error(), uri_error::zero_byte);
  EXPECT_TRUE(check_query("%0").has_value());
  EXPECT_TRUE(check_escapes("").has_value());
  EXPECT_TRUE(check_escapes("a%41%42b").has_value());
}

TEST(uri, decoding_in_place) {
  std::string text = "a%20b%2Fc";
  const auto decoded = decode_segment(text, text.data());
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, "a b/c");
  EXPECT_EQ(decoded->data(), text.data());
}

TEST(uri, what_needs_decoding) {
  EXPECT_FALSE(needs_decoding(""));
  EXPECT_FALSE(needs_decoding("a+b"));
  EXPECT_TRUE(needs_decoding("a%20b"));
}

TEST(uri, paths) {
  for (const char* path : {"/", "/a", "/a/", "//", "/.a", "/a.", "/...", "/..a", "/a..b", "/%2ea",
                           "/%2e%2e%2e", "*", "", "/.;a", "/a%2Fb", "/a\\b", "/%", "/.%", "/.%2",
                           "/%252e%252e", "/%c0%ae%c0%ae", "/%5c"}) {
    EXPECT_TRUE(check_path(path).has_value()) << path;
  }
  for (const char* path :
       {"/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/../b", "/%2e", "/%2E", "/.%2e", "/%2e.",
        "/%2E%2e/a", "..", ".", "/.%2fa", "/a%2F..%2Fb", "/a%5C..%5cb", "/..\\a", "/a\\..",
        "/a\\.%2f"}) {
    EXPECT_EQ(check_path(path).error(), uri_error::dot_segment) << path;
  }
  EXPECT_EQ(check_path("/%00").error(), uri_error::zero_byte);
  EXPECT_EQ(check_path("/%%00").error(), uri_error::zero_byte);
}

TEST(uri, targets_are_written_as_rfc_3986_has_them) {
  EXPECT_EQ(encode_target(""), "");
  EXPECT_EQ(encode_target("/a-._~!$&'()*+,;=:@?/b"), "/a-._~!$&'()*+,;=:@?/b");
  EXPECT_EQ(encode_target("/[]{}|\\^`"), "/%5B%5D%7B%7D%7C%5C%5E%60");
  EXPECT_EQ(encode_target("/a%20b%C3%a9"), "/a%20b%C3%a9") << "what is encoded stays";
  EXPECT_EQ(encode_target("/100%"), "/100%25");
  EXPECT_EQ(encode_target("/%4g%%41"), "/%254g%25%41");
  EXPECT_EQ(encode_target("/caf\xc3\xa9 \"<>#"), "/caf%C3%A9%20%22%3C%3E%23");
  for (const char* raw : {"/%", "/%%41", "/a b", "/[%]", "/\xff%zz"}) {
    const std::string once = encode_target(raw);
    EXPECT_EQ(encode_target(once), once);
    EXPECT_EQ(decoded_segment(once), decoded_segment(raw)) << "and means the same";
  }
}

TEST(uri, errors_have_texts) {
  for (const auto error :
       {uri_error::invalid_escape, uri_error::zero_byte, uri_error::dot_segment}) {
    EXPECT_STRNE(to_string(error), "");
  }
}

using pairs = std::vector<query_pair>;

pairs pairs_of(std::string_view query) {
  pairs all;
  for (const query_pair pair : query_view(query)) all.push_back(pair);
  return all;
}

TEST(uri, query_pairs) {
  EXPECT_EQ(pairs_of(""), pairs{});
  EXPECT_EQ(pairs_of("a=1"), (pairs{{"a", "1"}}));
  EXPECT_EQ(pairs_of("a=1&b&=2&c="), (pairs{{"a", "1"}, {"b", ""}, {"", "2"}, {"c", ""}}));
  EXPECT_EQ(pairs_of("a==1=&a=2"), (pairs{{"a", "=1="}, {"a", "2"}}));
  EXPECT_EQ(pairs_of("&&a&&b&&"), (pairs{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(pairs_of("&"), pairs{});
  EXPECT_EQ(pairs_of("="), (pairs{{"", ""}}));
  EXPECT_EQ(pairs_of("a%3D=%26+"), (pairs{{"a%3D", "%26+"}}));
}

TEST(uri, query_iterators) {
  static_assert(std::forward_iterator<query_view::iterator>);
  const query_view query("a=1&b=2");
  auto it = query.begin();
  EXPECT_EQ(it, query.begin());
  EXPECT_EQ((*it++).key, "a");
  EXPECT_NE(it, query.begin());
  EXPECT_EQ((*it).key, "b");
  EXPECT_EQ(++it, query.end());
}

TEST(uri, a_reference_keeps_its_parts) {
  const auto encoded = [](std::string_view raw) {
    std::string room;
    return std::string(encode_reference(raw, room));
  };
  for (const char* same :
       {"", "/", "/a?b=c", "/a#b", "#top", "https://a.example/b?c#d", "//a.example/b",
        "http://[::1]:80/a", "/a%20b", "http://us%2Ber@a/", "mailto:a@b.example", "../a"}) {
    EXPECT_EQ(encoded(same), same);
  }
  EXPECT_EQ(encoded("/a\r\nX: b"), "/a%0D%0AX:%20b");
  EXPECT_EQ(encoded("/caf\xc3\xa9#\xc3\xa9#x"), "/caf%C3%A9#%C3%A9%23x");
  EXPECT_EQ(encoded("http://[::1]/[a]?[b]"), "http://[::1]/%5Ba%5D?%5Bb%5D");
  EXPECT_EQ(encoded("/a//[b]"), "/a//%5Bb%5D");
  EXPECT_EQ(encoded("/\\a"), "/%5Ca");
  EXPECT_EQ(encoded("//a\\@b/"), "//a%5C@b/");
  EXPECT_EQ(encoded("http://a b/"), "http://a%20b/");
  EXPECT_EQ(encoded("/100%"), "/100%25");
}

}  // namespace
