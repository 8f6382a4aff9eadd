#include "ferrule/http/chunked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace ferrule::http;

struct decoded {
  chunk_state state = chunk_state::need_more;
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  int status = 0;
  std::string reason;

  bool operator==(const decoded&) const = default;
};

// Feeds `bytes` in pieces that end at multiples of `step` from `first` on.
decoded decode(std::string_view bytes, std::size_t first, std::size_t step,
               const chunk_limits& limits = {}) {
  chunked_decoder decoder(limits);
  decoded all;
  std::size_t end = std::min(first, bytes.size());
  for (;;) {
    const std::string piece(bytes.substr(all.consumed, end - all.consumed));
    const chunk_piece got = decoder.feed(piece);
    EXPECT_LE(got.consumed, piece.size());
    EXPECT_EQ(got.state == chunk_state::data, !got.data.empty());
    all.consumed += got.consumed;
    all.data += got.data;
    all.trailers += got.trailers;
    all.state = got.state;
    all.status = got.status;
    all.reason = got.reason;
    if (got.state == chunk_state::error) all.trailers.clear();  // there may have been some of them
    if (got.state == chunk_state::done || got.state == chunk_state::error) return all;
    if (got.state == chunk_state::data) continue;
    EXPECT_EQ(got.consumed, piece.size());
    if (end == bytes.size()) return all;
    end = std::min(end + step, bytes.size());
  }
}

decoded decode_every_way(std::string_view bytes, const chunk_limits& limits = {}) {
  const decoded whole = decode(bytes, bytes.size(), 1, limits);
  EXPECT_EQ(decode(bytes, 1, 1, limits), whole) << bytes;
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    EXPECT_EQ(decode(bytes, split, bytes.size(), limits), whole) << bytes << " split at " << split;
  }
  return whole;
}

void expect_data(std::string_view bytes, std::string_view data, const chunk_limits& limits = {}) {
  const decoded got = decode_every_way(bytes, limits);
  EXPECT_EQ(got.state, chunk_state::done) << bytes << ": " << got.reason;
  EXPECT_EQ(got.data, data);
  EXPECT_EQ(got.consumed, bytes.size());
}

void expect_chunk_error(std::string_view bytes, int status = 400, const chunk_limits& limits = {}) {
  const decoded got = decode_every_way(bytes, limits);
  EXPECT_EQ(got.state, chunk_state::error) << bytes;
  EXPECT_EQ(got.status, status) << bytes;
  EXPECT_NE(got.reason, "") << bytes;
}

TEST(chunked, bodies) {
  expect_data("0\r\n\r\n", "");
  expect_data("000\r\n\r\n", "");
  expect_data("5\r\nhello\r\n0\r\n\r\n", "hello");
  expect_data("5\r\nhello\r\n007\r\n, world\r\n0\r\n\r\n", "hello, world");
  expect_data("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a");
  expect_data("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n");
  expect_data("0000000000000001\r\nx\r\n0\r\n\r\n", "x");
}

TEST(chunked, what_follows_is_not_consumed) {
  const std::string_view body = "1\r\nx\r\n0\r\n\r\n";
  const decoded got = decode_every_way(std::string(body) + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(got.state, chunk_state::done);
  EXPECT_EQ(got.consumed, body.size());
}

TEST(chunked, every_shorter_piece_needs_more) {
  const std::string_view body = "5;x\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size != body.size(); ++size) {
    EXPECT_EQ(decode(body.substr(0, size), size, 1).state, chunk_state::need_more) << size;
  }
}

TEST(chunked, sizes) {
  for (const char* size : {"",
                           " 5",
                           "\t5",
                           "+5",
                           "-5",
                           "-0",
                           "0x5",
                           "x",
                           "g",
                           "5g",
                           "5 5",
                           "5 ",
                           "5\t",
                           "5,",
                           "5.0",
                           "\"5\"",
                           "10000000000000000",
                           "000010000000000000000",
                           "8000000000000000",
                           "ffffffffffffffff",
                           "\xb5"}) {
    expect_chunk_error(std::string(size) + "\r\nhello\r\n0\r\n\r\n");
  }
  // Zeros in front are no overflow, as long as they would fit an extension.
  for (const std::size_t zeros : {1U, 15U, 16U, 17U, 40U, 256U}) {
    expect_data(std::string(zeros, '0') + "5\r\nhello\r\n0\r\n\r\n", "hello");
    expect_data("1\r\nx\r\n" + std::string(zeros, '0') + "\r\n\r\n", "x");
  }
  expect_chunk_error(std::string(258, '0') + "5\r\nhello\r\n0\r\n\r\n");
  // The largest size is taken, though its data will never come.
  const decoded got = decode("7fffffffffffffff\r\nhello", 100, 1);
  EXPECT_EQ(got.data, "hello");
}

TEST(chunked, every_byte_after_a_size) {
  for (int c = 0; c != 256; ++c) {
    const std::string bytes = std::string("0") + static_cast<char>(c) + "\r\n";
    const bool valid = std::isxdigit(c) != 0;
    EXPECT_EQ(decode_every_way(bytes).state == chunk_state::need_more, valid) << c;
  }
}

TEST(chunked, line_ends) {
  for (const char* bytes :
       {"5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\rX0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", "0\n\n", "0\r\n\n", "0\r\n\rX",
        "0\rX", "5;a\nhello\r\n0\r\n\r\n", "5;a\rX", "0\r\nA: b\n\r\n", "0\r\nA: b\rX"}) {
    expect_chunk_error(bytes);
  }
}

TEST(chunked, extensions_are_passed_over) {
  expect_data("5;a\r\nhello\r\n0;b=\"c;d\"\r\n\r\n", "hello");
  expect_data("5 \t;a = b;\tc\r\nhello\r\n0\r\n\r\n", "hello");
  expect_data("5;a=\"\xe9\t\\\"\\\\\" ;b ; c=d\r\nhello\r\n0\r\n\r\n", "hello");
  for (const char c : {'\0', '\x01', '\x0b', '\x1f', '\x7f', '\n'}) {
    expect_chunk_error(std::string("5;a") + c + "\r\nhello\r\n0\r\n\r\n");
  }
}

TEST(chunked, extensions_have_a_grammar) {
  for (const char* extension :
       {";a", ";a=b", "; a", " ;a", ";a =b", ";a= b", ";a = b", ";a=\"\"", ";a=\"b c\"", ";a=\";\"",
        ";a=\"\\\"\"", ";a;b", ";a ;b", ";a=b ;c", ";a=\"b\" ;c=\"d\"", ";!#$%&'*+-.^_`|~=~"}) {
    expect_data("1" + std::string(extension) + "\r\nx\r\n0\r\n\r\n", "x");
  }
  for (const char* extension :
       {";",          "; ",        ";;",        ";;a",           ";a;",           ";a; ",
        ";a ",        ";a b",      ";a=",       ";a= ",          ";a=b ",         ";a=b c",
        ";=b",        ";a==b",     ";a=b=c",    ";a=;b",         ";a=\"b",        ";a=\"b\\",
        ";a=\"b\\\"", ";a=\"b\" ", ";a=\"b\"c", ";a=\"b\"\"c\"", ";a=b\"c\"",     ";\"a\"",
        ";a,b",       ";a:b",      ";a/b",      ";(a)",          ";\xe9",         ";a=\xe9",
        "\t",         " a",        "=a",        ";a=\"\x01\"",   ";a=\"\\\x01\"", ";a=\"\x7f\""}) {
    expect_chunk_error("1" + std::string(extension) + "\r\nx\r\n0\r\n\r\n");
  }
}

TEST(chunked, framing_has_a_limit_for_the_whole_body) {
  const auto body = [](std::size_t chunks, std::string_view extension) {
    std::string bytes;
    for (std::size_t i = 0; i != chunks; ++i) bytes.append("1").append(extension) += "\r\nx\r\n";
    return bytes + "0\r\n\r\n";
  };
  const auto state = [](const std::string& bytes) { return decode(bytes, bytes.size(), 1).state; };
  EXPECT_EQ(state(body(3000, "")), chunk_state::done) << "a byte in each chunk is allowed";
  EXPECT_EQ(state(body(3000, ";a=\"bcdef\"")), chunk_state::done);
  const std::string long_one = ";" + std::string(200, 'a');
  EXPECT_EQ(state(body(80, long_one)), chunk_state::done);
  EXPECT_EQ(state(body(100, long_one)), chunk_state::error);
  EXPECT_EQ(state(body(100, "")), chunk_state::done);
  const decoded got = decode(body(5, ";abcdefghi"), 7, 13, {.excess_bytes_max = 0});
  EXPECT_EQ(got.state, chunk_state::done) << got.reason;
  expect_chunk_error(body(5, ";abcdefghijklmn"), 400, {.excess_bytes_max = 1});
}

TEST(chunked, extension_limit_is_for_each_chunk) {
  const chunk_limits limits{.extension_bytes_max = 4};
  expect_data("1;abc\r\nx\r\n1;def\r\ny\r\n0;ghi\r\n\r\n", "xy", limits);
  expect_chunk_error("1;abcd\r\nx\r\n0\r\n\r\n", 400, limits);
  expect_chunk_error("1    ;a\r\nx\r\n0\r\n\r\n", 400, limits);
  expect_chunk_error("1;abc\r\nx\r\n0;abcd\r\n\r\n", 400, limits);
}

TEST(chunked, tells_how_much_of_a_chunk_is_left) {
  chunked_decoder decoder;
  decoder.feed("1");
  EXPECT_EQ(decoder.chunk_left(), 0U) << "its size may have more digits";
  decoder.feed("0\r\n");
  EXPECT_EQ(decoder.chunk_left(), 16U);
  decoder.feed("hello");
  EXPECT_EQ(decoder.chunk_left(), 11U);
  decoder.feed(", wonderful");
  EXPECT_EQ(decoder.chunk_left(), 0U);
}

TEST(chunked, trailers_are_validated) {
  expect_data("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\nC:\r\nD: \t\xe9\r\n\r\n", "x");
  for (const char* trailers :
       {": b\r\n", "A\r\n", "A b: c\r\n", "A : b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: \x01\r\n",
        "A: b\x7f\r\n", "\xe9: b\r\n", "(: b\r\n", "A\r\n: b\r\n"}) {
    expect_chunk_error("0\r\n" + std::string(trailers) + "\r\n");
  }
}

TEST(chunked, trailers_are_handed_out_as_lines) {
  const auto trailers = [](std::string_view bytes) { return decode_every_way(bytes).trailers; };
  EXPECT_EQ(trailers("2\r\nab\r\n0\r\nA: 1\r\nBc:\r\n\r\nD: 2"), "A: 1\r\nBc:\r\n");
  EXPECT_EQ(trailers("2\r\nab\r\n0\r\n\r\nD: 2\r\n"), "");
}

TEST(chunked, trailer_limit_is_for_all_of_them) {
  const chunk_limits limits{.extension_bytes_max = 4, .trailer_bytes_max = 12};
  expect_data("0;abc\r\nA: b\r\nC: d\r\n\r\n", "", limits);
  expect_chunk_error("0\r\nA: b\r\nC: de\r\n\r\n", 431, limits);
  expect_chunk_error("0\r\nA: b\r\nC: d\r\nE", 431, limits);
  expect_chunk_error("0\r\nAAAAAAAAAAAAA", 431, limits);
}

TEST(chunked, data_is_a_view_of_the_input) {
  const std::string_view body = "5\r\nhello\r\n0\r\n\r\n";
  chunked_decoder decoder;
  const chunk_piece piece = decoder.feed(body);
  EXPECT_EQ(piece.state, chunk_state::data);
  EXPECT_EQ(piece.data.data(), body.data() + 3);
  EXPECT_EQ(piece.consumed, 8U);
}

TEST(chunked, heads_are_written) {
  const auto written = [](std::uint64_t bytes) {
    char out[chunk_head_bytes_max];
    return std::string(out, write_chunk_head(out, bytes));
  };
  EXPECT_EQ(written(1), "1\r\n");
  EXPECT_EQ(written(15), "f\r\n");
  EXPECT_EQ(written(16), "10\r\n");
  EXPECT_EQ(written(0xabcdef), "abcdef\r\n");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff\r\n");
}

TEST(chunked, what_is_written_is_read_again) {
  std::string body;
  std::string data;
  for (const std::size_t bytes : {1U, 9U, 10U, 255U, 256U, 4097U}) {
    char head[chunk_head_bytes_max];
    body.append(head, write_chunk_head(head, bytes));
    body.append(bytes, 'd').append(chunk_end);
    data.append(bytes, 'd');
  }
  body += last_chunk;
  const decoded got = decode(body, 7, 13);
  EXPECT_EQ(got.state, chunk_state::done);
  EXPECT_EQ(got.data, data);
}

}  // namespace
