// What the client makes of any bytes a server could send, in any pieces and with any end. On the
// simulated network, where each piece arrives on its own.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;
using response_result = result<client_response, client_error>;

enum class ending : std::uint8_t { none, fin, reset };

/// What a server sends when it has read the beginning of a request.
struct script {
  std::vector<std::string> pieces;
  ending end = ending::none;
};

task<std::string> serve(reactor& loop, io::handle socket, tcp_stream& stream, const script* all) {
  std::string request(2000, '\0');
  const auto got = co_await stream.read(io::suite::writable(request));
  request.resize(got.value_or(0));
  for (const std::string& piece : all->pieces) {
    co_await sleep(10ms);
    EXPECT_TRUE((co_await stream.write(piece)).has_value());
  }
  co_await sleep(10ms);
  if (all->end == ending::fin) stream.shutdown_send();
  if (all->end == ending::reset) {
    loop.io().option(socket, SOL_SOCKET, SO_LINGER, 0);
    co_await stream.close();
  }
  co_return request;
}

struct outcome {
  response_result response = fail(client_error::no_response);
  bool reusable = false;
  bool timed_out = false;
  std::string request;  // what arrived of it first
};

/// One connection to a scripted server for each question.
class client_connection_framing_test : public testing::Test {
 protected:
  void SetUp() override {
    const io::handle listener{loop_.io().listen(address::loopback_v4(0), {})};
    ASSERT_EQ(loop_.io().local(listener, at_), 0);
    loop_.io().accept_start(accepting_, listener);
  }

  outcome ask(const script& answer, const client_request& what = {.host = "a"},
              const client_limits& limits = {}) {
    return *sync_wait(loop_, exchange(*this, answer, what, limits));
  }
  outcome ask(const std::string& answer, ending end = ending::none) {
    return ask(script{{answer}, end});
  }
  client_error error_of(const std::string& answer, const client_limits& limits = {}) {
    const outcome asked = ask(script{{answer}, ending::fin}, {.host = "a"}, limits);
    EXPECT_FALSE(asked.response.has_value()) << answer;
    EXPECT_FALSE(asked.reusable) << answer;
    return asked.response ? client_error::invalid_request : asked.response.error();
  }

  static task<outcome> exchange(client_connection_framing_test& test, const script& answer,
                                client_request what, client_limits limits) {
    auto connected = co_await tcp_stream::connect(test.at_);
    client_connection client(std::move(*connected), limits);
    while (test.accepting_.accepted.empty()) co_await sleep(1ms);
    const io::handle socket = test.accepting_.accepted.back();
    test.accepting_.accepted.clear();
    tcp_stream server(test.loop_, socket);
    auto [request, response] =
        co_await when_all(serve(test.loop_, socket, server, &answer), wait_for(client, what));
    outcome seen{.reusable = client.reusable(), .request = std::move(request)};
    seen.timed_out = !response.has_value();
    if (response) seen.response = std::move(*response);
    co_return seen;
  }
  static task<result<response_result, deadline_exceeded>> wait_for(client_connection& client,
                                                                   client_request what) {
    co_return co_await with_deadline(10min, client.request(what));
  }

  io::suite::simulated_world world_;
  io::suite::acceptor accepting_;
  reactor loop_{world_.make(), 1};
  address at_;
};

const std::string interim_and_chunked =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 201 Created\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: t\r\n\r\n";

void expect_hello(const outcome& seen) {
  ASSERT_TRUE(seen.response.has_value()) << to_string(seen.response.error());
  EXPECT_EQ(seen.response->status(), 201);
  EXPECT_EQ(seen.response->header("x-id"), "7");
  EXPECT_EQ(seen.response->body(), "hello!");
  EXPECT_TRUE(seen.reusable);
}

TEST_F(client_connection_framing_test, a_response_may_be_cut_anywhere) {
  for (std::size_t cut = 1; cut < interim_and_chunked.size(); ++cut) {
    SCOPED_TRACE(cut);
    expect_hello(
        ask(script{{interim_and_chunked.substr(0, cut), interim_and_chunked.substr(cut)}}));
  }
}

TEST_F(client_connection_framing_test, a_response_may_come_byte_by_byte) {
  script bytes;
  for (const char c : interim_and_chunked) bytes.pieces.emplace_back(1, c);
  expect_hello(ask(bytes));
}

TEST_F(client_connection_framing_test, a_response_that_ends_anywhere_too_soon_is_an_error) {
  for (std::size_t cut = 0; cut < interim_and_chunked.size(); ++cut) {
    for (const ending end : {ending::fin, ending::reset}) {
      SCOPED_TRACE(cut);
      const outcome seen = ask(interim_and_chunked.substr(0, cut), end);
      ASSERT_FALSE(seen.response.has_value());
      EXPECT_EQ(seen.response.error(),
                cut == 0 ? client_error::no_response : client_error::closed_early);
      EXPECT_FALSE(seen.reusable);
    }
  }
}

TEST_F(client_connection_framing_test, without_a_length_the_body_ends_with_the_connection) {
  const std::string text = "HTTP/1.1 200 OK\r\n\r\nall of it";
  const outcome whole = ask(text, ending::fin);
  ASSERT_TRUE(whole.response.has_value());
  EXPECT_EQ(whole.response->body(), "all of it");
  EXPECT_FALSE(whole.reusable);
  EXPECT_EQ(ask(text, ending::reset).response.error(), client_error::closed_early);
}

TEST_F(client_connection_framing_test, a_connection_is_kept_when_both_sides_keep_it) {
  EXPECT_TRUE(ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").reusable);
  EXPECT_TRUE(ask("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n").reusable);
  EXPECT_TRUE(
      ask("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").reusable);
  EXPECT_FALSE(ask("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").reusable);
  EXPECT_FALSE(ask("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").reusable);
  const client_request last{.host = "a", .close = true};
  EXPECT_FALSE(ask(script{{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}, last).reusable);
}

TEST_F(client_connection_framing_test, bytes_after_a_response_spoil_the_connection) {
  const outcome seen = ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK");
  ASSERT_TRUE(seen.response.has_value());
  EXPECT_EQ(seen.response->body(), "ok");
  EXPECT_FALSE(seen.reusable);
}

TEST_F(client_connection_framing_test, what_is_ambiguous_or_broken_is_malformed) {
  for (const std::string text : {
           "nonsense\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/1.1 999 No\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx",
           "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
       }) {
    EXPECT_EQ(error_of(text), client_error::malformed) << text;
  }
}

TEST_F(client_connection_framing_test, heads_and_chunks_have_limits) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(100, 'x') + "\r\n\r\n";
  EXPECT_EQ(error_of(head, {.head = {.header_bytes_max = 50}}), client_error::malformed);
  EXPECT_EQ(error_of(head, {.head = {.header_count_max = 0}}), client_error::malformed);
  const std::string chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;abcdef\r\n";
  EXPECT_EQ(error_of(chunk, {.chunk = {.extension_bytes_max = 3}}), client_error::malformed);
  const std::string once = "HTTP/1.1 102 Processing\r\n\r\n";
  const std::string final = "HTTP/1.1 204 No Content\r\n\r\n";
  const client_limits limits{.interim_count_max = 2};
  EXPECT_TRUE(ask(script{{once + once + final}}, {.host = "a"}, limits).response.has_value());
  EXPECT_EQ(error_of(once + once + once + final, limits), client_error::malformed);
}

TEST_F(client_connection_framing_test, bodies_have_a_limit_however_they_are_framed) {
  const std::string status = "HTTP/1.1 200 OK\r\n";
  for (const std::string framing : {
           "Content-Length: 6\r\n\r\nabcdef",
           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
           "\r\nabcdef",
       }) {
    EXPECT_EQ(error_of(status + framing, {.body_bytes_max = 5}), client_error::too_large);
    const outcome fits =
        ask(script{{status + framing}, ending::fin}, {.host = "a"}, {.body_bytes_max = 6});
    ASSERT_TRUE(fits.response.has_value());
    EXPECT_EQ(fits.response->body(), "abcdef");
  }
}

TEST_F(client_connection_framing_test, an_answer_that_stops_can_be_given_up) {
  const outcome seen = ask("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome");
  EXPECT_TRUE(seen.timed_out);
  EXPECT_FALSE(seen.reusable);
}

TEST_F(client_connection_framing_test, a_request_head_says_how_long_its_body_is) {
  const script no_content{{"HTTP/1.1 204 No Content\r\n\r\n"}};
  const header_field field{"X-Id", "7"};
  EXPECT_EQ(ask(no_content, {.target = "/x", .host = "a:1", .fields = {&field, 1}}).request,
            "GET /x HTTP/1.1\r\nHost: a:1\r\nX-Id: 7\r\n\r\n");
  EXPECT_EQ(ask(no_content, {.verb = "POST", .host = "a"}).request,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const client_request last{.verb = "DELETE", .host = "a", .body = "x", .close = true};
  EXPECT_TRUE(ask(no_content, last)
                  .request.starts_with("DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                       "Connection: close\r\n\r\n"));
}

TEST_F(client_connection_framing_test, a_response_owns_its_bytes) {
  outcome seen = ask(interim_and_chunked);
  ASSERT_TRUE(seen.response.has_value());
  const client_response moved = std::move(*seen.response);
  seen = {};
  EXPECT_EQ(moved.head().reason, "Created");
  EXPECT_EQ(moved.header("x-id"), "7");
  EXPECT_EQ(moved.body(), "hello!");
}

TEST(client_error, each_has_a_text_of_its_own) {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(client_error::no_resources); ++i) {
    texts.emplace_back(to_string(static_cast<client_error>(i)));
    EXPECT_FALSE(texts.back().empty());
    for (int other = 0; other < i; ++other) {
      EXPECT_NE(texts[static_cast<std::size_t>(other)], texts.back());
    }
  }
}

}  // namespace
}  // namespace ferrule::http
