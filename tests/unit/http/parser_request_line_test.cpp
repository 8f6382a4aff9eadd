#include <cctype>
#include <string>
#include <string_view>

#include "request_parsing.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

TEST(request_line, methods) {
  EXPECT_EQ(expect_complete("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::unknown);
  EXPECT_EQ(expect_complete("get / HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::unknown);
  EXPECT_EQ(expect_complete("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::delete_);
  const std::string longest(32, 'A');
  EXPECT_EQ(expect_complete(longest + " / HTTP/1.1\r\nHost: h\r\n\r\n").method_text, longest);
  expect_error(longest + "A / HTTP/1.1\r\nHost: h\r\n\r\n", 501);
  expect_error(" / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  expect_error("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

TEST(request_line, every_byte_in_a_method) {
  for (int c = 0; c != 256; ++c) {
    const char byte = static_cast<char>(c);
    const std::string bytes = std::string("G") + byte + "T / HTTP/1.1\r\nHost: h\r\n\r\n";
    const bool token =
        c < 128 && (std::isalnum(c) != 0 ||
                    std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos);
    EXPECT_EQ(parse_every_way(bytes).result.state == head_parse::complete, token) << c;
  }
}

TEST(request_line, every_byte_in_a_path_and_a_query) {
  for (int c = 0; c != 256; ++c) {
    const char byte = static_cast<char>(c);
    // All of ASCII that is visible but what the URL standard has browsers encode, and '#'.
    const bool encoded = std::string_view("\"<>#").find(byte) != std::string_view::npos;
    const bool valid = c > 0x20 && c < 0x7f && !encoded;
    // At the beginning, within and beyond the first 16 bytes, and near the end of all bytes.
    for (const std::size_t at : {1U, 7U, 15U, 16U, 17U, 30U}) {
      std::string path(31, 'p');
      path[0] = '/';
      path[at] = byte;
      EXPECT_EQ(parse(get_request(path)).result.state == head_parse::complete, valid)
          << c << " at " << at;
      EXPECT_EQ(parse(get_request("/?" + path)).result.state == head_parse::complete, valid) << c;
    }
    EXPECT_EQ(parse(std::string("GET /a") + byte + " HTTP/1.0\r\n\r\n").result.state ==
                  head_parse::complete,
              valid)
        << c;
  }
}

TEST(request_line, versions) {
  EXPECT_EQ(expect_complete("GET / HTTP/1.0\r\n\r\n").version_minor, 0);
  for (const char* minor : {"1", "2", "9"}) {
    EXPECT_EQ(
        expect_complete("GET / HTTP/1." + std::string(minor) + "\r\nHost: h\r\n\r\n").version_minor,
        1);
  }
  for (const char* version : {"HTTP/2.0", "HTTP/3.0", "HTTP/9.9"}) {
    expect_error("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", 505);
  }
  for (const char* version :
       {"HTTP/0.9", "http/1.1", "HTTP/1.1 ", " HTTP/1.1", "HTTP/1.10", "HTTP/1,1", "HTTP/1.x",
        "HTTP/x.1", "HTTPS/1.1", "HTTP/11.1", "HTTP/1.", "HTTP/+1.1", "JUNK"}) {
    expect_error("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", 400);
  }
  expect_error("GET /\r\n", 400);
  expect_error("GET /\r\nHost: h\r\n\r\n", 400);
  expect_error("GET\r\n", 400);
}

TEST(request_line, other_protocols_are_refused_at_once) {
  expect_error("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  const head_parse tls = parse(std::string_view("\x16\x03\x01", 3)).result;
  EXPECT_EQ(tls.state, head_parse::error);
  EXPECT_EQ(tls.status, 400);
  EXPECT_NE(std::string_view(tls.reason).find("TLS"), std::string_view::npos);
  for (const char* bytes :
       {"\x01", "\x80", " ", "{", "\"", "GE\x01", "GET /\x80", "GET / HTTP/1.1\n"}) {
    EXPECT_EQ(parse(bytes).result.state, head_parse::error) << bytes;
  }
}

TEST(request_line, target_forms) {
  struct form {
    const char* verb;
    const char* target;
    const char* path;
    const char* query;
    const char* host;
  };
  for (const form& f :
       {form{"GET", "/", "/", "", "h"}, form{"GET", "/a?", "/a", "", "h"},
        form{"GET", "/a?b?c", "/a", "b?c", "h"}, form{"GET", "//a//", "//a//", "", "h"},
        form{"GET", "/?/../x", "/", "/../x", "h"}, form{"GET", "/a:b@c", "/a:b@c", "", "h"},
        form{"GET", "http://x", "/", "", "x"}, form{"GET", "http://x/", "/", "", "x"},
        form{"GET", "HTTP://x:81/a?b", "/a", "b", "x:81"},
        form{"GET", "http://x.y?b/c", "/", "b/c", "x.y"},
        form{"GET", "http://[::1]:80/a", "/a", "", "[::1]:80"}, form{"OPTIONS", "*", "*", "", "h"},
        form{"OPTIONS", "/", "/", "", "h"}, form{"OPTIONS", "http://x", "*", "", "x"},
        form{"OPTIONS", "http://x?", "/", "", "x"}, form{"OPTIONS", "http://x/", "/", "", "x"},
        form{"CONNECT", "x:443", "", "", "x:443"},
        form{"CONNECT", "[2001:db8::1]:443", "", "", "[2001:db8::1]:443"}}) {
    const owned_head head =
        expect_complete(std::string(f.verb) + " " + f.target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(head.target, f.target);
    EXPECT_EQ(head.path, f.path) << f.target;
    EXPECT_EQ(head.query, f.query) << f.target;
    EXPECT_EQ(head.host, f.host) << f.target;
  }
}

TEST(request_line, https_is_not_served_in_the_clear) {
  expect_error("GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 421);
  expect_error("GET HTTPS://x HTTP/1.1\r\nHost: x\r\n\r\n", 421);
}

TEST(request_line, bad_targets) {
  for (const char* target : {"",
                             "*",
                             "a",
                             "a/b",
                             "?a",
                             "#",
                             "/#a",
                             "/a#",
                             "/a?b#c",
                             "/a b",
                             "http",
                             "https",
                             "http:/x",
                             "https:/",
                             "http//x",
                             "http:",
                             "http://",
                             "http:///a",
                             "http://?a",
                             "http://u@x/",
                             "http://u:p@x/",
                             "http://x:y/",
                             "http://x:65536/",
                             "http://[::1/",
                             "http://[::g]/",
                             "http://[::1]x/",
                             "ftp://x/",
                             "ws://x/",
                             "://x/",
                             "x:443",
                             "/a\"b",
                             "/<a>",
                             "/\xc3\xa9",
                             "*?a",
                             "/**\x7f"}) {
    expect_error(get_request(target), 400);
  }
  for (const char* target :
       {"x", "x:", "/", "*", "http://x:443", "x:443/", "u@x:443", ":443", "x:443?a", "x:65536"}) {
    expect_error("CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  }
}

TEST(request_line, escapes_and_dot_segments) {
  for (const char* target :
       {"/%00",     "/a%00b",      "/?%00",      "/?%%00",        "/.",
        "/..",      "/./",         "/../",       "/a/..",         "/a/../b",
        "/a/./b",   "/%2e",        "/%2E%2e",    "/.%2e/a",       "/%2e./a",
        "/a/%2E",   "/a%2f..%2fb", "/..%2F",     "/a%5c..%5Cb",   "/..\\..\\etc",
        "/a/..\\b", "/.\\",        "/%2e%2e%5c", "http://x/../a", "http://x/..%2fa"}) {
    expect_error(get_request(target), 400);
  }
  for (const char* target :
       {"/%41", "/a%2Fb", "/...", "/.a", "/a.", "/..a", "/a..", "/.well-known/x", "/%2e%2e%2e",
        "/%2ea", "/a.b/c.d", "/?a=..", "/?a=/../", "/%ff", "/?%41=%42+c", "/%252e%252e", "/..;a",
        "/.%c0%ae", "/%2%65%2%65"}) {
    EXPECT_EQ(expect_complete(get_request(target)).target, target);
  }
}

TEST(request_line, what_browsers_send_unencoded) {
  for (const char* target :
       {"/a[1]", "/?b[]=1", "/{a}", "/a|b", "/a^b", "/a`b", "/a\\b", "/?\\", "/100%", "/%4", "/%4g",
        "/%g4", "/%%41", "/?a=%", "/?a=%zz", "/?[{|}]\\^`", "/[::1]"}) {
    EXPECT_EQ(expect_complete(get_request(target)).target, target);
  }
  EXPECT_EQ(expect_complete(get_request("http://[::1]/[")).path, "/[");
  EXPECT_EQ(expect_complete(get_request("http://x/?]")).query, "]");
}

TEST(request_line, request_line_limit) {
  const head_limits limits{.request_line_bytes_max = 40};
  constexpr std::size_t around = std::string_view("GET / HTTP/1.1").size();
  const std::string at_limit = "/" + std::string(40 - around, 'a');
  EXPECT_EQ(expect_complete(get_request(at_limit), limits).path, at_limit);
  EXPECT_EQ(expect_complete("\r\n" + get_request(at_limit), limits).path, at_limit);
  expect_error(get_request(at_limit + "a"), 414, limits);
  expect_error("GET /" + std::string(100, 'a'), 414, limits);
  expect_error("GET / HTTP/1.1" + std::string(100, ' '), 400, limits);
}

}  // namespace
