// Interim responses, trailers, and what a connection goes on in after an upgrade.
#include <gtest/gtest.h>

#include <string>

#include "scripted_conversation.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

std::string asks_for(std::string_view path, std::string_view protocols) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + std::string(protocols) +
         "\r\n\r\n";
}
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

TEST(server_engine_upgrade, hints_come_before_the_response) {
  conversation c;
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  EXPECT_EQ(c.ask("GET /hints HTTP/1.1\r\nHost: a\r\n\r\n"), hint);
  c.advance(1ms);
  EXPECT_EQ(c.answer(), hint + hint + ok("hinted"));
}

TEST(server_engine_upgrade, http_1_0_is_sent_no_hints) {
  conversation c;
  c.ask("GET /hints HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  c.advance(1ms);
  EXPECT_EQ(c.answer(), ok("hinted", "Connection: keep-alive\r\n"));
}

TEST(server_engine_upgrade, hints_do_not_pile_up_before_who_takes_none) {
  conversation c({.output_bytes_max = 10});
  c.takes_output = false;
  c.engine.feed("GET /hints HTTP/1.1\r\nHost: a\r\n\r\n");
  c.advance(1ms);
  c.takes_output = true;
  EXPECT_EQ(c.answer(),
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + ok("hinted"));
}

TEST(server_engine_upgrade, an_interim_response_must_be_one) {
  struct unused : sink {
    void respond(exchange&, const answer_head&, std::string_view) override {}
    void begin(exchange&, const answer_head&, std::optional<std::uint64_t>) override {}
    bool write(exchange&, std::string_view) override { return true; }
    void finish(exchange&, std::span<const header_field>) override {}
    void reset(exchange&, reset_reason) override {}
    std::optional<std::string_view> read(exchange&) override { return {}; }
    void refuse(exchange&, int, std::string_view) override {}
    void handler_ended(exchange&, bool) noexcept override {}
  } engine;
  routed_request asked;
  exchange ex(engine, {}, asked);
  const header_field evil{"Link", "a\r\nSet-Cookie: b"};
  for (const int status : {0, 99, 100, 101, 200, 404}) {
    EXPECT_THROW(ex.inform(status, {}), std::invalid_argument) << status;
  }
  EXPECT_THROW(ex.inform(103, {&evil, 1}), std::invalid_argument);
  EXPECT_THROW(ex.upgrade("echo"), std::invalid_argument) << "nobody offered it";
  ex.inform(199, {});
}

TEST(server_engine_upgrade, trailers_follow_a_chunked_body) {
  conversation c;
  const std::string answer = c.ask("GET /trailers HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n")) << answer;
  EXPECT_EQ(c.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"), ok("plain /plain"));
  conversation old;
  EXPECT_TRUE(old.ask("GET /trailers HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nbody"));
}

TEST(server_engine_upgrade, what_may_not_be_a_trailer_resets_the_response) {
  conversation c;
  const std::string answer = c.ask("GET /trailers/bad HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.find("\r\n0\r\n"), std::string::npos) << answer;
  EXPECT_NE(c.engine.state(), net::protocol_state::open);
}

TEST(server_engine_upgrade, trailers_of_a_request_are_those_that_may_be_there) {
  const std::string bytes =
      "POST /trailers/read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n0\r\nX-A: 1\r\nContent-Length: 7\r\nX-B:  two \r\nHost: evil\r\n\r\n";
  for (std::size_t split = 1; split != bytes.size(); ++split) {
    conversation c;
    c.ask(bytes.substr(0, split));
    c.ask(bytes.substr(split));
    c.advance(1ms);
    EXPECT_EQ(c.answer(), ok("X-A=1;X-B=two;")) << split;
  }
  conversation single;
  for (const char& byte : bytes) {
    single.ask({&byte, 1});
    single.advance(1ms);
  }
  EXPECT_EQ(single.answer(), ok("X-A=1;X-B=two;"));
  single.sent.clear();
  EXPECT_EQ(single.ask("POST /trailers/read HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"),
            ok(""));
}

TEST(server_engine_upgrade, trailers_are_read_once) {
  conversation c;
  EXPECT_EQ(c.ask("POST /trailers/read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "0\r\nHost: evil\r\n\r\n"),
            ok(""));
}

TEST(server_engine_upgrade, a_stream_in_both_directions_begins_with_what_was_read) {
  for (const std::string_view offered : {"echo", "other, Echo", "other,\techo , x/1"}) {
    conversation c;
    EXPECT_EQ(c.ask(asks_for("/upgrade", offered) + "GET / HT"),
              std::string(switching) + "GET / HT");
    c.ask("TP/1.1\r\n\r\n");
    c.advance(1ms);
    EXPECT_EQ(c.answer(), "TP/1.1\r\n\r\n");
    EXPECT_EQ(c.engine.state(), net::protocol_state::open);
    c.engine.feed_end();
    c.advance(1ms);
    EXPECT_EQ(c.engine.state(), net::protocol_state::ended);
    EXPECT_EQ(c.service.running, 0);
  }
}

TEST(server_engine_upgrade, a_client_that_waits_for_100_gets_it_first) {
  conversation c;
  EXPECT_EQ(c.ask("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"
                  "Expect: 100-continue\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n" + std::string(switching));
}

TEST(server_engine_upgrade, the_coding_of_a_body_ends_with_it) {
  const std::string asks = "POST /upgrade/coded/read HTTP/1.1\r\nHost: a\r\n"
                           "Connection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 3\r\n\r\n";
  conversation c;
  EXPECT_EQ(c.ask(asks + "abcbehind"), std::string(switching) + "behind");
  c.ask("more");
  c.advance(1ms);
  EXPECT_EQ(c.answer(), "more");
  c.engine.feed_end();
  c.advance(1ms);
  EXPECT_EQ(c.engine.state(), net::protocol_state::ended);
}

TEST(server_engine_upgrade, who_was_offered_it_may_go_on_when_the_service_ends) {
  conversation c;
  EXPECT_EQ(c.ask(asks_for("/upgrade/later", "echo") + "behind"), "");
  c.context.drain.request_stop();
  c.engine.drain();
  c.advance(1ms);
  EXPECT_EQ(c.answer(), std::string(switching) + "behind");
  conversation late;
  late.context.drain.request_stop();
  EXPECT_EQ(late.ask(asks_for("/upgrade", "echo")), ok("async /upgrade"));
}

TEST(server_engine_upgrade, fin_follows_the_end_of_the_handler) {
  conversation c;
  EXPECT_EQ(c.ask(asks_for("/upgrade/once", "echo") + "one"), std::string(switching) + "one");
  EXPECT_EQ(c.engine.state(), net::protocol_state::ended);
  EXPECT_EQ(c.ask("more"), "");
}

TEST(server_engine_upgrade, nobody_is_upgraded_who_did_not_ask) {
  const std::string answered = ok("async /upgrade");
  conversation c;
  EXPECT_EQ(c.ask(asks_for("/upgrade", "other")), answered);
  EXPECT_EQ(c.ask("GET /upgrade HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n"), answered)
      << "the connection's field does not name it";
  EXPECT_EQ(c.ask("GET /upgrade HTTP/1.0\r\nConnection: upgrade, keep-alive\r\n"
                  "Upgrade: echo\r\n\r\n"),
            ok("async /upgrade", "Connection: keep-alive\r\n"));
  EXPECT_EQ(c.ask("POST /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"
                  "Content-Length: 3\r\n\r\nab"),
            answered)
      << "its body is not there yet";
  conversation whole;
  EXPECT_EQ(whole.ask("POST /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                      "Upgrade: echo\r\nContent-Length: 3\r\n\r\nabc"),
            answered)
      << "nobody reads its body";
}

/// Says what it received before and after it began.
class noting_protocol final : public net::protocol {
 public:
  void start(net::protocol_owner&) noexcept override { out_.append("[began]"); }
  void feed(std::string_view bytes) noexcept override { out_.append(bytes); }
  void feed_end() noexcept override { state_ = net::protocol_state::ended; }
  bool has_outgoing() const noexcept override { return !out_.empty(); }
  void take_outgoing(buffer& into) noexcept override { std::swap(into, out_); }
  net::protocol_state state() const noexcept override { return state_; }
  void drain() noexcept override { state_ = net::protocol_state::ended; }
  void abort(stop_reason) noexcept override {}

 private:
  buffer out_;
  net::protocol_state state_ = net::protocol_state::open;
};

TEST(server_engine_upgrade, another_protocol_gets_the_bytes_behind_the_request) {
  conversation c;
  c.service.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<noting_protocol>();
  };
  EXPECT_EQ(c.ask(asks_for("/switch", "next") + "GET / HTTP/1.1\r\n"),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: next\r\n\r\n");
  EXPECT_EQ(c.engine.state(), net::protocol_state::switched);
  EXPECT_EQ(c.ask("\r\n"), "") << "nothing of it is a request any more";
  buffer unread;
  const std::unique_ptr<net::protocol> next = c.engine.successor(unread);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(unread.view(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(c.engine.busy());
  EXPECT_EQ(c.service.running, 0);
}

TEST(server_engine_upgrade, a_connection_may_be_lost_before_the_other_protocol_begins) {
  conversation c;
  c.service.make_next = []() -> std::unique_ptr<net::protocol> {
    return std::make_unique<noting_protocol>();
  };
  c.ask(asks_for("/switch", "next"));
  c.engine.abort(stop_reason::disconnect);
  EXPECT_FALSE(c.engine.busy());
}

TEST(server_engine_pieces, are_sent_from_where_they_lie) {
  conversation c;
  c.takes_output = false;
  c.engine.feed("GET /pieces/100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  buffer out;
  c.engine.take_outgoing(out);
  EXPECT_TRUE(out.view().ends_with("\r\n\r\n186a0\r\n")) << out.view();
  c.engine.take_back(out);
  c.engine.outgoing_sent();
  ASSERT_TRUE(c.engine.has_outgoing());
  c.engine.take_outgoing(out);
  EXPECT_EQ(out.data(), c.service.last_piece);
  EXPECT_EQ(out.size(), 100'000U);
  EXPECT_FALSE(c.engine.has_outgoing());
  c.engine.take_back(out);
  c.engine.outgoing_sent();
  c.advance(1ms);
  c.engine.take_outgoing(out);
  EXPECT_EQ(out.view(), "\r\n1\r\n|\r\n0\r\n\r\n");
  EXPECT_EQ(c.context.counters.bytes_held, 0U);
}

TEST(server_engine_pieces, are_not_overtaken_when_nobody_waits_for_them) {
  conversation c;
  c.takes_output = false;
  c.engine.feed("GET /pieces/left HTTP/1.0\r\n\r\n");
  c.advance(1ms);
  std::string all;
  while (c.engine.has_outgoing()) {
    buffer out;
    c.engine.take_outgoing(out);
    all += out.view();
    c.engine.take_back(out);
    c.engine.outgoing_sent();
    c.advance(1ms);
  }
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + std::string(100'000, 'p') + "|"));
}

TEST(server_engine_pieces, go_with_their_response) {
  conversation c;
  c.takes_output = false;
  c.engine.feed("GET /pieces/300000 HTTP/1.1\r\nHost: a\r\n\r\n");
  c.engine.stop_late_handler();
  c.advance(1ms);
  EXPECT_EQ(c.service.running, 0);
  EXPECT_EQ(c.engine.state(), net::protocol_state::ended);
  buffer out;
  c.engine.take_outgoing(out);
  EXPECT_TRUE(out.view().ends_with("186a0\r\n")) << "what is missing shows";
  EXPECT_FALSE(c.engine.has_outgoing());
}

}  // namespace
}  // namespace ferrule::http
