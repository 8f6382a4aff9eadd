#include "answer_reader.hpp"

#include <gtest/gtest.h>

namespace ferrule::wire {
namespace {

constexpr const char* date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string head(const std::string& status, const std::string& fields) {
  return "HTTP/1.1 " + status + "\r\n" + date + fields + "\r\n";
}

answer whole(const std::string& bytes, const answer_context& context = {}) {
  const answer_reading read = read_answer(bytes + "next", context);
  EXPECT_EQ(read.fault, "") << bytes;
  EXPECT_EQ(read.consumed, bytes.size()) << bytes;
  return read.whole.value_or(answer{});
}

TEST(answer_reader, reads_every_framing) {
  EXPECT_EQ(whole(head("200 OK", "Content-Length: 5\r\n") + "hello").body, "hello");
  EXPECT_EQ(whole(head("200 ", "Content-Length: 0\r\n")).body, "");
  EXPECT_EQ(whole(head("200 OK", "Transfer-Encoding: chunked\r\n") +
                  "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n")
                .body,
            "hello0123456789");
  EXPECT_EQ(whole(head("200 OK", "Content-Length: 5\r\n"), {.to_head = true}).body, "");
  EXPECT_EQ(whole(head("204 No Content", "")).status, 204);
  EXPECT_EQ(whole(head("304 Not Modified", "Content-Length: 5\r\n")).body, "");
  EXPECT_EQ(whole("HTTP/1.1 100 Continue\r\n\r\n").status, 100);
}

TEST(answer_reader, reads_up_to_the_end_where_that_is_allowed) {
  const std::string bytes = head("200 OK", "") + "hello";
  EXPECT_NE(read_answer(bytes, {.ended = true}).fault, "");
  EXPECT_FALSE(read_answer(bytes, {.until_close_allowed = true}).whole);
  const answer_reading read = read_answer(bytes, {.until_close_allowed = true, .ended = true});
  ASSERT_TRUE(read.whole);
  EXPECT_EQ(read.whole->body, "hello");
  EXPECT_TRUE(read.whole->until_close);
}

TEST(answer_reader, waits_for_the_rest) {
  for (const std::string& bytes :
       {head("200 OK", "Content-Length: 5\r\n") + "hello",
        head("200 OK", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n"}) {
    for (std::size_t size = 0; size != bytes.size(); ++size) {
      const answer_reading read = read_answer(bytes.substr(0, size), {});
      EXPECT_FALSE(read.whole) << bytes.substr(0, size);
      EXPECT_EQ(read.fault, "") << bytes.substr(0, size);
    }
  }
}

TEST(answer_reader, refuses_what_two_clients_could_understand_in_two_ways) {
  const std::string none = "Content-Length: 0\r\n";
  for (const std::string& bytes : {
           std::string("hello"),
           std::string("HTTP/1.0 200 OK\r\n\r\n"),
           "HTTP/1.1 200\r\n" + (date + none) + "\r\n",
           "HTTP/1.1 200 OK\n" + (date + none) + "\r\n",
           "HTTP/1.1 200 OK\r\n" + none + "\r\n",
           "HTTP/1.1 200 OK\r\nDate: now\r\n" + none + "\r\n",
           head("600 What", none),
           head("200 O\x01K", none),
           head("200 OK", none + date),
           head("200 OK", none + none),
           head("200 OK", none + "X : y\r\n"),
           head("200 OK", none + "X: a\rb\r\n"),
           head("200 OK", none + "X: a\nb: c\r\n"),
           head("200 OK", none + " X: a\r\n"),
           head("200 OK", none + "Transfer-Encoding: chunked\r\n"),
           head("200 OK", "Content-Length: +5\r\n"),
           head("200 OK", "Content-Length: 5, 5\r\n"),
           head("200 OK", "Transfer-Encoding: gzip, chunked\r\n"),
           head("200 OK", "Transfer-Encoding: chunked\r\n") + "5;a=b\r\n",
           head("200 OK", "Transfer-Encoding: chunked\r\n") + "5\r\nhello!\r\n0\r\n\r\n",
           head("200 OK", "Transfer-Encoding: chunked\r\n") + "0\r\nX: y\r\n\r\n",
           head("200 OK", ""),
           head("204 No Content", none),
           head("205 Reset Content", "Content-Length: 1\r\n") + "x",
           head("405 Method Not Allowed", none),
           std::string("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"),
       }) {
    const answer_reading read = read_answer(bytes, {});
    EXPECT_FALSE(read.whole) << bytes;
    EXPECT_NE(read.fault, "") << bytes;
  }
}

TEST(answer, knows_the_members_of_lists) {
  const answer got = whole(head("204 No Content", "connection: x ,\tClose\r\n"));
  EXPECT_TRUE(got.lists("Connection", "close"));
  EXPECT_TRUE(got.lists("Connection", "x"));
  EXPECT_FALSE(got.lists("Connection", "clos"));
  EXPECT_FALSE(got.lists("Upgrade", "close"));
}

}  // namespace
}  // namespace ferrule::wire
