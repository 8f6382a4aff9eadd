#pragma once
// Parsing requests in tests: whole, from every split and byte by byte, with one outcome expected.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/http/parser.hpp"

namespace ferrule::http {

struct head_and_wishes : request_head, connection_wishes {};

struct parsed_request {
  head_parse result;
  head_and_wishes head;
  std::vector<header_field> storage;
};

inline parsed_request parse(std::string_view bytes, const head_limits& limits = {}) {
  parsed_request parsed;
  parsed.storage.resize(200);
  std::size_t scanned = 0;
  parsed.result =
      parse_request_head(bytes, limits, parsed.storage, parsed.head, scanned, parsed.head);
  return parsed;
}

inline void expect_same_head(const head_and_wishes& a, const head_and_wishes& b) {
  EXPECT_EQ(a.verb, b.verb);
  EXPECT_EQ(a.version_minor, b.version_minor);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(a.keep_alive, b.keep_alive);
  EXPECT_EQ(a.expect_continue, b.expect_continue);
  EXPECT_EQ(a.upgrade, b.upgrade);
  EXPECT_EQ(a.content_length, b.content_length);
  EXPECT_EQ(a.method_text, b.method_text);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.query, b.query);
  EXPECT_EQ(a.host, b.host);
  EXPECT_TRUE(std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end()));
}

// Parses longer and longer pieces of `bytes`, which end at `first`, at every `step` bytes after it
// and at the end, and expects the outcome of parsing the whole.
inline void expect_same_in_pieces(std::string_view bytes, std::size_t first, std::size_t step,
                                  const head_limits& limits, const parsed_request& whole) {
  SCOPED_TRACE("pieces from " + std::to_string(first) + " by " + std::to_string(step));
  std::vector<header_field> storage(200);
  head_and_wishes head;
  std::size_t scanned = 0;
  head_parse result;
  std::string piece;  // a copy of just these bytes, so that a sanitizer sees a step beyond them
  for (std::size_t size = first;; size = std::min(size + step, bytes.size())) {
    piece = std::string(bytes.substr(0, size));
    result = parse_request_head(piece, limits, storage, head, scanned, head);
    if (result.state != head_parse::incomplete || size == bytes.size()) break;
  }
  if (result.state == head_parse::incomplete && whole.result.state == head_parse::error) {
    // An error in a later piece may wait for the end of the head, but no longer.
    piece += "\r\n\r\n";
    result = parse_request_head(piece, limits, storage, head, scanned, head);
  }
  EXPECT_EQ(result.state, whole.result.state);
  EXPECT_EQ(result.status, whole.result.status);
  EXPECT_EQ(result.bytes, whole.result.bytes);
  EXPECT_STREQ(result.reason, whole.result.reason);
  if (result.state == head_parse::complete) expect_same_head(head, whole.head);
}

// Parses at once, from every split in two and byte by byte, and expects one outcome from all.
inline parsed_request parse_every_way(std::string_view bytes, const head_limits& limits = {}) {
  parsed_request whole = parse(bytes, limits);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    expect_same_in_pieces(bytes, split, bytes.size(), limits, whole);
  }
  expect_same_in_pieces(bytes, 0, 1, limits, whole);
  return whole;
}

inline void expect_error(std::string_view bytes, int status, const head_limits& limits = {}) {
  SCOPED_TRACE(std::string(bytes.substr(0, 200)));
  const parsed_request parsed = parse_every_way(bytes, limits);
  EXPECT_EQ(parsed.result.state, head_parse::error);
  EXPECT_EQ(parsed.result.status, status) << parsed.result.reason;
  EXPECT_STRNE(parsed.result.reason, "");
}

// A head together with the bytes and fields it is a view of.
struct owned_head : head_and_wishes {
  std::shared_ptr<const std::string> bytes;
  std::vector<header_field> storage;
};

inline owned_head expect_complete(std::string_view text, const head_limits& limits = {}) {
  SCOPED_TRACE(std::string(text.substr(0, 200)));
  auto bytes = std::make_shared<const std::string>(text);
  parsed_request parsed = parse_every_way(*bytes, limits);
  EXPECT_EQ(parsed.result.state, head_parse::complete) << parsed.result.reason;
  EXPECT_EQ(parsed.result.bytes, text.size());
  return {{parsed.head}, std::move(bytes), std::move(parsed.storage)};
}

inline std::string get_request(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}
inline std::string with_fields(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
inline std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

}  // namespace ferrule::http
