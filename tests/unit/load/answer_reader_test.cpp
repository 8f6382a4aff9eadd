#include "load/answer_reader.hpp"

#include <gtest/gtest.h>

namespace ferrule::load {
namespace {

constexpr std::string_view two_answers =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

struct seen {
  std::vector<int> statuses;
  std::vector<bool> kept;
  std::vector<bool> texts;
};

seen read_in_pieces(std::size_t piece_bytes, std::string_view expected) {
  answer_reader reader;
  seen all;
  for (std::size_t at = 0; at < two_answers.size(); at += piece_bytes) {
    std::string_view piece = two_answers.substr(at, piece_bytes);
    while (!piece.empty()) {
      const answer got = reader.take(piece, method::get, expected);
      EXPECT_NE(got.state, answer::malformed) << got.reason;
      if (got.state != answer::complete) break;
      all.statuses.push_back(got.status);
      all.kept.push_back(got.keep_alive);
      all.texts.push_back(got.has_text);
    }
  }
  return all;
}

TEST(answer_reader, finds_answers_whatever_the_pieces) {
  for (std::size_t bytes = 1; bytes <= two_answers.size(); ++bytes) {
    const seen all = read_in_pieces(bytes, "cd");
    EXPECT_EQ(all.statuses, (std::vector<int>{200, 404})) << bytes;
    EXPECT_EQ(all.kept, (std::vector<bool>{true, false})) << bytes;
    EXPECT_EQ(all.texts, (std::vector<bool>{false, true})) << bytes;
  }
}

TEST(answer_reader, knows_that_head_has_no_body) {
  answer_reader reader;
  std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(reader.take(bytes, method::head, {}).state, answer::complete);
}

TEST(answer_reader, a_body_may_end_with_the_connection) {
  answer_reader reader;
  std::string_view bytes = "HTTP/1.1 200 OK\r\n\r\nto the end";
  EXPECT_EQ(reader.take(bytes, method::get, "end").state, answer::incomplete);
  const answer got = reader.finish("end");
  EXPECT_EQ(got.state, answer::complete);
  EXPECT_TRUE(got.has_text);
  EXPECT_FALSE(got.keep_alive);
}

TEST(answer_reader, an_end_within_an_answer_completes_nothing) {
  answer_reader reader;
  std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
  EXPECT_EQ(reader.take(bytes, method::get, {}).state, answer::incomplete);
  EXPECT_EQ(reader.finish({}).state, answer::incomplete);
}

TEST(answer_reader, refuses_what_is_not_http) {
  answer_reader reader;
  std::string_view bytes = "SSH-2.0-OpenSSH_9.2\r\n";
  EXPECT_EQ(reader.take(bytes, method::get, {}).state, answer::malformed);
}

}  // namespace
}  // namespace ferrule::load
