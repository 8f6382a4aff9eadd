#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "request_parsing.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

TEST(request_fields, every_byte_in_a_field_name) {
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

TEST(request_fields, every_byte_in_a_field_value) {
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

TEST(request_fields, field_lines) {
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

TEST(request_fields, hosts) {
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

TEST(request_fields, a_bad_byte_of_a_host_is_found_wherever_it_stands) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at != size; ++at) {
      std::string host(size, 'x');
      for (const char c : {'A', 'z', '0', '9', '-', '.', '_', '!', '~', '='}) {
        host[at] = c;
        EXPECT_EQ(parse(with_host(host)).head.host, host);
        EXPECT_EQ(parse(with_host(host + ":80")).head.host, host + ":80");
      }
      for (const char c : {'/', '@', '[', '`', '{', '\\', ' ', '\x80'}) {
        if (c == ' ' && (at == 0 || at == size - 1)) continue;  // not part of the value
        host[at] = c;
        EXPECT_EQ(parse(with_host(host)).result.status, 400) << host;
        EXPECT_EQ(parse(with_host(host + ":80")).result.status, 400) << host;
      }
    }
  }
}

TEST(request_fields, the_authority_of_the_target_wins_but_host_must_be_there_and_valid) {
  EXPECT_EQ(expect_complete("GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n").host, "x");
  expect_error("GET http://x/ HTTP/1.1\r\n\r\n", 400);
  expect_error("GET http://x/ HTTP/1.1\r\nHost: u@y\r\n\r\n", 400);
  EXPECT_EQ(expect_complete("GET http://x/ HTTP/1.0\r\n\r\n").host, "x");
}

TEST(request_fields, content_length) {
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

TEST(request_fields, names_that_only_look_alike_do_not_frame) {
  for (const char* name :
       {"Content-Lengtt", "Content_Length", "Contentplength", "Xontent-Length", "Transfer-Encodinh",
        "Transfer_Encoding", "Uransfer-Encoding", "Transfer-Encod1ng"}) {
    EXPECT_EQ(expect_complete(with_fields(std::string(name) + ": 5\r\n")).body, body_kind::none);
  }
  EXPECT_TRUE(expect_complete(with_fields("Connectioo: close\r\n")).keep_alive);
  EXPECT_FALSE(expect_complete(with_fields("Expecu: 100-continue\r\n")).expect_continue);
  EXPECT_EQ(expect_complete(with_fields("Hosu: g\r\n")).host, "h");
}

TEST(request_fields, transfer_encoding) {
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

TEST(request_fields, connection) {
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

TEST(request_fields, upgrade_is_an_option_of_the_connection) {
  const auto upgrade = [](const char* version, const char* fields) {
    return expect_complete("GET / " + std::string(version) + "\r\nHost: h\r\n" + fields + "\r\n")
        .upgrade;
  };
  EXPECT_TRUE(upgrade("HTTP/1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: x\r\n"));
  EXPECT_FALSE(upgrade("HTTP/1.1", "Upgrade: x\r\n"));
  EXPECT_FALSE(upgrade("HTTP/1.0", "Connection: Upgrade\r\nUpgrade: x\r\n"));
}

TEST(request_fields, expectations) {
  EXPECT_TRUE(expect_complete(with_fields("Expect: 100-continue\r\n")).expect_continue);
  EXPECT_TRUE(expect_complete(with_fields("EXPECT: 100-Continue\r\n")).expect_continue);
  expect_error(with_fields("Expect: 200-ok\r\n"), 417);
  expect_error(with_fields("Expect: 100-continue, x\r\n"), 417);
  expect_error(with_fields("Expect: 100-continue\r\nExpect: x\r\n"), 417);
  EXPECT_FALSE(expect_complete(with_fields("Expect:\r\n")).expect_continue);  // an empty list
  EXPECT_FALSE(expect_complete("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
  expect_complete("POST / HTTP/1.0\r\nExpect: x\r\n\r\n");
}

TEST(request_fields, header_bytes_limit) {
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

TEST(request_fields, header_count_limit) {
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

}  // namespace
