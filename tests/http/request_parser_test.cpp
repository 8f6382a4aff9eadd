#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/http/parser.hpp"

namespace {

using namespace ferrule;
using http::head_limits;
using http::head_parse;

struct parsed_request {
  head_parse result;
  request_head head;
  std::vector<header_field> storage;
};

parsed_request parse(std::string_view bytes, const head_limits& limits = {}) {
  parsed_request parsed;
  parsed.storage.resize(200);
  parsed.result = http::parse_request_head(bytes, limits, parsed.storage, parsed.head);
  return parsed;
}

void expect_same_head(const request_head& a, const request_head& b) {
  EXPECT_EQ(a.verb, b.verb);
  EXPECT_EQ(a.version_minor, b.version_minor);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(a.keep_alive, b.keep_alive);
  EXPECT_EQ(a.expect_continue, b.expect_continue);
  EXPECT_EQ(a.content_length, b.content_length);
  EXPECT_EQ(a.method_text, b.method_text);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.query, b.query);
  EXPECT_EQ(a.host, b.host);
  EXPECT_TRUE(std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end()));
}

// Parses at once, from every split in two and byte by byte, and expects one outcome from all.
parsed_request parse_every_way(std::string_view bytes, const head_limits& limits = {}) {
  parsed_request whole = parse(bytes, limits);
  std::vector<header_field> storage(200);
  for (std::size_t split = 0; split <= bytes.size() + 1; ++split) {
    SCOPED_TRACE("split at " + std::to_string(split));
    const bool byte_by_byte = split > bytes.size();
    request_head head;
    std::size_t scanned = 0;
    head_parse result;
    for (std::size_t size = byte_by_byte ? 1 : split; size <= bytes.size();
         size = byte_by_byte ? size + 1 : bytes.size() + (size == bytes.size())) {
      // A copy of just these bytes, so that a sanitizer sees a step beyond them.
      const std::string piece(bytes.substr(0, size));
      result = http::parse_request_head(piece, limits, storage, head, scanned);
      if (result.state == head_parse::incomplete) continue;
      result = http::parse_request_head(bytes.substr(0, size), limits, storage, head);
      break;
    }
    if (result.state == head_parse::incomplete && whole.result.state == head_parse::error) {
      // An error in a later piece may wait for the end of the head, but no longer.
      const std::string ended = std::string(bytes) + "\r\n\r\n";
      result = http::parse_request_head(ended, limits, storage, head, scanned);
    }
    EXPECT_EQ(result.state, whole.result.state);
    EXPECT_EQ(result.status, whole.result.status);
    EXPECT_EQ(result.bytes, whole.result.bytes);
    EXPECT_STREQ(result.reason, whole.result.reason);
    if (result.state == head_parse::complete && whole.result.state == head_parse::complete) {
      expect_same_head(head, whole.head);
    }
  }
  return whole;
}

void expect_error(std::string_view bytes, int status, const head_limits& limits = {}) {
  SCOPED_TRACE(std::string(bytes.substr(0, 200)));
  const parsed_request parsed = parse_every_way(bytes, limits);
  EXPECT_EQ(parsed.result.state, head_parse::error);
  EXPECT_EQ(parsed.result.status, status) << parsed.result.reason;
  EXPECT_STRNE(parsed.result.reason, "");
}

// A head together with the bytes and fields it is a view of.
struct owned_head : request_head {
  std::shared_ptr<const std::string> bytes;
  std::vector<header_field> storage;
};

owned_head expect_complete(std::string_view text, const head_limits& limits = {}) {
  SCOPED_TRACE(std::string(text.substr(0, 200)));
  auto bytes = std::make_shared<const std::string>(text);
  parsed_request parsed = parse_every_way(*bytes, limits);
  EXPECT_EQ(parsed.result.state, head_parse::complete) << parsed.result.reason;
  EXPECT_EQ(parsed.result.bytes, text.size());
  return {{parsed.head}, std::move(bytes), std::move(parsed.storage)};
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}
std::string with_fields(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

TEST(request_parser, a_plain_request) {
  const std::string bytes =
      "GET /users/42?full=yes&x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
      "User-Agent:  curl/7.88.1 \t\r\nAccept:*/*\r\nX-Empty:\r\nX-Blank: \t \r\n\r\n";
  const parsed_request parsed = parse_every_way(bytes);
  ASSERT_EQ(parsed.result.state, head_parse::complete);
  EXPECT_EQ(parsed.result.bytes, bytes.size());
  const request_head& head = parsed.head;
  EXPECT_EQ(head.verb, method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/users/42?full=yes&x");
  EXPECT_EQ(head.path, "/users/42");
  EXPECT_EQ(head.query, "full=yes&x");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.host, "127.0.0.1:8080");
  EXPECT_EQ(head.body, body_kind::none);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  ASSERT_EQ(head.fields.size(), 5U);
  EXPECT_EQ(head.fields[1], (header_field{"User-Agent", "curl/7.88.1"}));
  EXPECT_EQ(head.header("accept"), "*/*");
  EXPECT_EQ(head.header("x-empty"), "");
  EXPECT_NE(head.header("x-empty").data(), nullptr);
  EXPECT_EQ(head.header("x-blank"), "");
  EXPECT_EQ(head.header("x-absent").data(), nullptr);
}

TEST(request_parser, only_the_head_is_consumed) {
  const std::string bytes = get("/a") + "GET /b HTTP/1.1\r\n";
  EXPECT_EQ(parse(bytes).result.bytes, get("/a").size());
}

TEST(request_parser, one_empty_line_may_come_first) {
  EXPECT_EQ(expect_complete("\r\n" + get("/a")).path, "/a");
  expect_error("\r\n\r\n" + get("/a"), 400);
  expect_error("\n" + get("/a"), 400);
  expect_error("\r" + get("/a"), 400);
}

TEST(request_parser, nothing_is_incomplete) {
  EXPECT_EQ(parse("").result.state, head_parse::incomplete);
  const std::string bytes = get("/users/42");
  for (std::size_t size = 0; size != bytes.size(); ++size) {
    EXPECT_EQ(parse(bytes.substr(0, size)).result.state, head_parse::incomplete) << size;
  }
}

TEST(request_parser, methods) {
  EXPECT_EQ(expect_complete("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::unknown);
  EXPECT_EQ(expect_complete("get / HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::unknown);
  EXPECT_EQ(expect_complete("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n").verb, method::delete_);
  const std::string longest(32, 'A');
  EXPECT_EQ(expect_complete(longest + " / HTTP/1.1\r\nHost: h\r\n\r\n").method_text, longest);
  expect_error(longest + "A / HTTP/1.1\r\nHost: h\r\n\r\n", 501);
  expect_error(" / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  expect_error("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

TEST(request_parser, every_byte_in_a_method) {
  for (int c = 0; c != 256; ++c) {
    const char byte = static_cast<char>(c);
    const std::string bytes = std::string("G") + byte + "T / HTTP/1.1\r\nHost: h\r\n\r\n";
    const bool token =
        c < 128 && (std::isalnum(c) != 0 ||
                    std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos);
    EXPECT_EQ(parse_every_way(bytes).result.state == head_parse::complete, token) << c;
  }
}

TEST(request_parser, every_byte_in_a_path_and_a_query) {
  for (int c = 0; c != 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool valid =
        c < 128 && (std::isalnum(c) != 0 ||
                    std::string_view("-._~!$&'()*+,;=:@/?").find(byte) != std::string_view::npos);
    // At the beginning, within and beyond the first 16 bytes, and near the end of all bytes.
    for (const std::size_t at : {1U, 7U, 15U, 16U, 17U, 30U}) {
      std::string path(31, 'p');
      path[0] = '/';
      path[at] = byte;
      EXPECT_EQ(parse(get(path)).result.state == head_parse::complete, valid) << c << " at " << at;
      EXPECT_EQ(parse(get("/?" + path)).result.state == head_parse::complete, valid) << c;
    }
    EXPECT_EQ(parse(std::string("GET /a") + byte + " HTTP/1.0\r\n\r\n").result.state ==
                  head_parse::complete,
              valid)
        << c;
  }
}

TEST(request_parser, every_byte_in_a_field_name) {
  for (int c = 0; c != 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool token =
        c < 128 && (std::isalnum(c) != 0 ||
                    std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos);
    for (const std::size_t at : {0U, 3U, 15U, 16U, 19U}) {
      std::string name(20, 'n');
      name[at] = byte;
      // A colon there only makes a shorter name, if there is a name at all.
      const bool valid = token || (byte == ':' && at != 0);
      EXPECT_EQ(parse(with_fields(name + ": v\r\n")).result.state == head_parse::complete, valid)
          << c << " at " << at;
    }
  }
}

TEST(request_parser, every_byte_in_a_field_value) {
  for (int c = 0; c != 256; ++c) {
    const bool valid = c == '\t' || (c >= 0x20 && c != 0x7f);
    for (const std::size_t at : {0U, 3U, 15U, 16U, 19U}) {
      std::string value(20, 'v');
      value[at] = static_cast<char>(c);
      const parsed_request parsed = parse(with_fields("X: " + value + "\r\n"));
      EXPECT_EQ(parsed.result.state == head_parse::complete, valid) << c << " at " << at;
      if (!valid) EXPECT_EQ(parsed.result.status, 400);
    }
  }
}

TEST(request_parser, lines_end_in_crlf_only) {
  expect_error("GET / HTTP/1.1\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\n\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\n\rX", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\rX\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400);
}

TEST(request_parser, field_lines) {
  expect_error(with_fields("X : y\r\n"), 400);
  expect_error(with_fields("X\t: y\r\n"), 400);
  expect_error(with_fields("X: y\r\n folded\r\n"), 400);
  expect_error(with_fields("X: y\r\n\tfolded\r\n"), 400);
  expect_error(with_fields("X\r\n"), 400);
  expect_error(with_fields(": y\r\n"), 400);
  expect_error("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400);
  expect_complete(with_fields("X: a:b::c\r\n"));
  expect_complete(with_fields("X: \xe9t\xe9\r\n"));
}

TEST(request_parser, versions) {
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

TEST(request_parser, other_protocols_are_refused_at_once) {
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

TEST(request_parser, a_control_byte_in_a_later_piece_is_refused_at_once) {
  std::vector<header_field> storage(10);
  request_head head;
  std::size_t scanned = 0;
  std::string bytes = "GET / HTTP/1.1\r\nHo";
  ASSERT_EQ(http::parse_request_head(bytes, {}, storage, head, scanned).state,
            head_parse::incomplete);
  for (const char c : {'\0', '\n', '\x7f', '\x1f'}) {
    std::size_t resumed = scanned;
    EXPECT_EQ(http::parse_request_head(bytes + "st" + c, {}, storage, head, resumed).status, 400);
  }
}

TEST(request_parser, target_forms) {
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
        form{"GET", "https://x.y?b/c", "/", "b/c", "x.y"},
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

TEST(request_parser, bad_targets) {
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
                             "/a[1]",
                             "/a?b[1]",
                             "http:/x",
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
                             "http://x/[",
                             "http://x/?]",
                             "ftp://x/",
                             "ws://x/",
                             "://x/",
                             "x:443",
                             "/a\\b",
                             "/a\"b",
                             "/<a>",
                             "/{a}",
                             "/a|b",
                             "/a^b",
                             "/a`b",
                             "/\xc3\xa9",
                             "*?a",
                             "/**\x7f"}) {
    expect_error(get(target), 400);
  }
  for (const char* target :
       {"x", "x:", "/", "*", "http://x:443", "x:443/", "u@x:443", ":443", "x:443?a", "x:65536"}) {
    expect_error("CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  }
}

TEST(request_parser, escapes_and_dot_segments) {
  for (const char* target :
       {"/%",      "/%4",    "/%4g",          "/%g4",      "/%%41", "/a%",     "/%00",
        "/a%00b",  "/?a=%",  "/?a=%zz",       "/?%00",     "/.",    "/..",     "/./",
        "/../",    "/a/..",  "/a/../b",       "/a/./b",    "/%2e",  "/%2E%2e", "/.%2e/a",
        "/%2e./a", "/a/%2E", "http://x/../a", "http://x/%"}) {
    expect_error(get(target), 400);
  }
  for (const char* target :
       {"/%41", "/a%2Fb", "/a%2f..%2fb", "/...", "/.a", "/a.", "/..a", "/a..", "/.well-known/x",
        "/%2e%2e%2e", "/%2ea", "/a.b/c.d", "/?a=..", "/?a=/../", "/%ff", "/?%41=%42+c"}) {
    EXPECT_EQ(expect_complete(get(target)).target, target);
  }
}

TEST(request_parser, hosts) {
  for (const char* host :
       {"h", "h,g", "h:", "h:0", "h:80", "h:65535", "EXAMPLE.com", "a-b_c~d", "127.0.0.1",
        "127.0.0.1:8080", "[::1]", "[::1]:80", "[2001:db8::ff00:42:8329]", "[::ffff:1.2.3.4]:9",
        "a%41b", "%41", "!$&'()*+,;="}) {
    EXPECT_EQ(expect_complete(with_host(host)).host, host);
  }
  for (const char* host : {"",
                           " ",
                           ":80",
                           "h:65536",
                           "h:99999999999",
                           "h:-1",
                           "h:+1",
                           "h:8o",
                           "h:80:80",
                           "h 80",
                           "u@h",
                           "u:p@h",
                           "h/",
                           "h?",
                           "h#",
                           "[::1",
                           "::1",
                           "[]",
                           "[::g]",
                           "[::1]]",
                           "[::1]80",
                           "[fe80::1%25eth0]",
                           "[v1.x]",
                           "a[::1]",
                           "h%",
                           "h%4",
                           "h%zz",
                           "h%00",
                           "\xc3\xa9",
                           "h\"",
                           "<h>",
                           "h\\",
                           "h|",
                           "h^",
                           "{h}",
                           "h`"}) {
    expect_error(with_host(host), 400);
  }
  expect_error("GET / HTTP/1.1\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nX: y\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.1\r\nhOST: h\r\nHoSt: g\r\n\r\n", 400);
  expect_error("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400);
  expect_error("GET / HTTP/1.0\r\nHost: u@h\r\n\r\n", 400);
  EXPECT_EQ(expect_complete("GET / HTTP/1.0\r\n\r\n").host, "");
  EXPECT_EQ(expect_complete("GET / HTTP/1.0\r\nHost: h\r\n\r\n").host, "h");
}

TEST(request_parser, the_authority_of_the_target_wins_but_host_must_be_there_and_valid) {
  EXPECT_EQ(expect_complete("GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n").host, "x");
  expect_error("GET http://x/ HTTP/1.1\r\n\r\n", 400);
  expect_error("GET http://x/ HTTP/1.1\r\nHost: u@y\r\n\r\n", 400);
  EXPECT_EQ(expect_complete("GET http://x/ HTTP/1.0\r\n\r\n").host, "x");
}

TEST(request_parser, content_length) {
  const owned_head five = expect_complete(with_fields("Content-Length: 5\r\n"));
  EXPECT_EQ(five.body, body_kind::length);
  EXPECT_EQ(five.content_length, 5U);
  EXPECT_EQ(expect_complete(with_fields("cOnTeNt-LeNgTh:\t007 \r\n")).content_length, 7U);
  EXPECT_EQ(expect_complete(with_fields("Content-Length: 0\r\n")).body, body_kind::none);
  EXPECT_EQ(expect_complete(with_fields("Content-Length: 9223372036854775807\r\n")).content_length,
            9223372036854775807U);
  for (const char* value : {"", "5, 5", "5,5", "5,", "5 5", "+5", "-5", "-0", "0x5", "5.0", "5e1",
                            "five", "5;", "\"5\"", "9223372036854775808", "18446744073709551615",
                            "18446744073709551616", "99999999999999999999999999", "\xb2"}) {
    expect_error(with_fields("Content-Length: " + std::string(value) + "\r\n"), 400);
  }
  expect_error(with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), 400);
  expect_error(with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
  expect_error(with_fields("Content-Length: 0\r\nContent-Length: 0\r\n"), 400);
}

TEST(request_parser, names_that_only_look_alike_do_not_frame) {
  for (const char* name :
       {"Content-Lengtt", "Content_Length", "Contentplength", "Xontent-Length", "Transfer-Encodinh",
        "Transfer_Encoding", "Uransfer-Encoding", "Transfer-Encod1ng"}) {
    EXPECT_EQ(expect_complete(with_fields(std::string(name) + ": 5\r\n")).body, body_kind::none);
  }
  EXPECT_TRUE(expect_complete(with_fields("Connectioo: close\r\n")).keep_alive);
  EXPECT_FALSE(expect_complete(with_fields("Expecu: 100-continue\r\n")).expect_continue);
  EXPECT_EQ(expect_complete(with_fields("Hosu: g\r\n")).host, "h");
}

TEST(request_parser, transfer_encoding) {
  for (const char* value : {"chunked", "CHUNKED", "\tChunked "}) {
    const owned_head head =
        expect_complete(with_fields("Transfer-Encoding: " + std::string(value) + "\r\n"));
    EXPECT_EQ(head.body, body_kind::chunked);
  }
  for (const char* value : {"gzip, chunked", "gzip,chunked", "identity, chunked",
                            "gzip;q=1, chunked", "a, b ,\tchunked"}) {
    expect_error(with_fields("Transfer-Encoding: " + std::string(value) + "\r\n"), 501);
  }
  for (const char* value : {"",
                            "gzip",
                            "identity",
                            "xchunked",
                            "chunkedx",
                            "chunked, gzip",
                            "chunked, chunked",
                            "chunked, identity",
                            "chunked;a=b",
                            "chunked ;a",
                            "chunked,",
                            ",chunked",
                            ", chunked",
                            "gzip,,chunked",
                            "chunked chunked",
                            "chunked x",
                            "\"chunked\"",
                            "chunked\x0b",
                            "\x0b"
                            "chunked",
                            "chunk\xc3\xa9"}) {
    expect_error(with_fields("Transfer-Encoding: " + std::string(value) + "\r\n"), 400);
  }
  expect_error(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  expect_error(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), 400);
  expect_error(with_fields("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501);
  expect_error(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
  expect_error(with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400);
  expect_error("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

TEST(request_parser, connection) {
  const auto keep_alive = [](const char* version, const char* fields) {
    return expect_complete("GET / " + std::string(version) + "\r\nHost: h\r\n" + fields + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keep_alive("HTTP/1.1", ""));
  EXPECT_FALSE(keep_alive("HTTP/1.0", ""));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: x , CLOSE\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: x\r\nConnection: ,close,\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_TRUE(keep_alive("HTTP/1.1", "Connection: closed\r\n"));
  EXPECT_TRUE(keep_alive("HTTP/1.1", "Connection:\r\n"));
  EXPECT_TRUE(keep_alive("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.0", "Connection: close, keep-alive\r\n"));
}

TEST(request_parser, expectations) {
  EXPECT_TRUE(expect_complete(with_fields("Expect: 100-continue\r\n")).expect_continue);
  EXPECT_TRUE(expect_complete(with_fields("EXPECT: 100-Continue\r\n")).expect_continue);
  expect_error(with_fields("Expect: 200-ok\r\n"), 417);
  expect_error(with_fields("Expect: 100-continue, x\r\n"), 417);
  expect_error(with_fields("Expect: 100-continue\r\nExpect: x\r\n"), 417);
  expect_error(with_fields("Expect:\r\n"), 417);
  EXPECT_FALSE(expect_complete("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
  expect_complete("POST / HTTP/1.0\r\nExpect: x\r\n\r\n");
}

TEST(request_parser, request_line_limit) {
  const head_limits limits{.request_line_bytes_max = 40};
  constexpr std::size_t around = std::string_view("GET / HTTP/1.1").size();
  const std::string at_limit = "/" + std::string(40 - around, 'a');
  EXPECT_EQ(expect_complete(get(at_limit), limits).path, at_limit);
  EXPECT_EQ(expect_complete("\r\n" + get(at_limit), limits).path, at_limit);
  expect_error(get(at_limit + "a"), 414, limits);
  expect_error("GET /" + std::string(100, 'a'), 414, limits);
  expect_error("GET / HTTP/1.1" + std::string(100, ' '), 400, limits);
}

TEST(request_parser, header_bytes_limit) {
  const head_limits limits{.header_bytes_max = 60};
  const std::string host = "Host: h\r\n";
  const auto request = [&](std::size_t header_bytes) {
    const std::string start = "X: ";
    const std::string value(header_bytes - host.size() - start.size() - 2, 'v');
    return "GET / HTTP/1.1\r\n" + host + start + value + "\r\n\r\n";
  };
  expect_complete(request(60), limits);
  expect_error(request(61), 431, limits);
  expect_error(request(62), 431, limits);
  expect_error(request(200), 431, limits);
  expect_error("GET / HTTP/1.1\r\n" + std::string(100, 'n'), 431, limits);
}

TEST(request_parser, header_count_limit) {
  const auto request = [](int others) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i != others; ++i) bytes += "X: y\r\n";
    return bytes + "\r\n";
  };
  const head_limits limits{.header_count_max = 5};
  expect_complete(request(4), limits);
  expect_error(request(5), 431, limits);
  std::array<header_field, 3> storage;  // the storage limits as well
  request_head head;
  EXPECT_EQ(http::parse_request_head(request(2), {}, storage, head).state, head_parse::complete);
  EXPECT_EQ(http::parse_request_head(request(3), {}, storage, head).status, 431);
  EXPECT_EQ(parse(request(99)).result.state, head_parse::complete);
  EXPECT_EQ(parse(request(100)).result.status, 431);
}

TEST(request_parser, the_most_that_is_worth_keeping_is_never_incomplete) {
  const head_limits limits{.request_line_bytes_max = 30, .header_bytes_max = 40};
  for (const std::string& bytes :
       {"\r\nGET / HTTP/1.1\r\n" + std::string(100, 'n'), "GET /" + std::string(100, 'a'),
        "\r\nGET /" + std::string(16, 'a') +
            " HTTP/1.1\r\nHost: h\r\nX: " + std::string(99, 'v')}) {
    const std::size_t most = http::head_bytes_max(limits);
    std::vector<header_field> storage(10);
    request_head head;
    std::size_t scanned = 0;
    head_parse result;
    for (std::size_t size = 1; size <= most && result.state == head_parse::incomplete; ++size) {
      result = http::parse_request_head(bytes.substr(0, size), limits, storage, head, scanned);
    }
    EXPECT_EQ(result.state, head_parse::error);
  }
}

}  // namespace
