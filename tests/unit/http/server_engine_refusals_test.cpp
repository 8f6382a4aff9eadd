// What an engine answers by itself: told of, with the trace id that the client gets.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/sleep.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/observe/log.hpp"
#include "support/captured_log.hpp"
#include "support/engine_conversation.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

/// Routes by path, and notes what it hears of.
class noting_service final : public service {
 public:
  std::vector<std::string> heard;
  std::string trace_id;

  void match(exchange& ex) noexcept override {
    static constexpr route_traits plain{.pattern = "GET /plain"};
    static constexpr route_traits whole{
        .body = body_mode::whole, .body_bytes_max = 4, .pattern = "POST /whole"};
    static constexpr route_traits never{.suspends = true, .pattern = "GET /never"};
    const std::string_view path = ex.request().path;
    ex.match().traits = path == "/whole" ? &whole : path == "/never" ? &never : &plain;
  }
  void invoke(exchange& ex) noexcept override {
    const std::string_view path = ex.request().path;
    if (path == "/never") return ex.run<done>(wait());
    if (path == "/silent") return;
    const header_field evil{"X-Evil", "a\r\nSet-Cookie: b"};
    const header_field length{"Content-Length", "1"};
    if (path == "/evil") return ex.respond({.fields = {&evil, 1}}, "x");
    if (path == "/length") return ex.respond({.fields = {&length, 1}}, "x");
    ex.respond({.status = path == "/status" ? 999 : 200}, "x");
  }
  void refused(const refusal& why) noexcept override {
    heard.push_back(std::to_string(why.status) + " " + std::string(why.route) +
                    (why.asked != nullptr ? " asked" : ""));
    trace_id = why.trace_id;
  }

 private:
  static task<> wait() { co_await sleep(24h); }
  static void done(exchange&, task<>&) {}
};

struct server_engine_refusals : testing::Test, engine_conversation<noting_service> {
  server_engine_refusals()
      : engine_conversation({.head = {.request_line_bytes_max = 64, .header_bytes_max = 128}}) {
    set_log_level(log_level::off);
  }
  ~server_engine_refusals() override { set_log_level(log_level::info); }

  /// The answer has this status and the trace id that was told, and what was told is this.
  void expect(std::string_view status, const std::string& answer, const std::string& heard) const {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << answer;
    EXPECT_EQ(service.heard, std::vector<std::string>{heard});
    EXPECT_EQ(service.trace_id.size(), 32U);
    EXPECT_NE(answer.find("\"trace_id\":\"" + service.trace_id + "\"}"), answer.npos) << answer;
  }
};

const std::string host = "\r\nHost: a\r\n";

TEST_F(server_engine_refusals, of_a_malformed_head) {
  expect("400", ask("GET / HTTP/1.1\r\nHost a\r\n\r\n"), "400 ");
}
TEST_F(server_engine_refusals, of_a_long_request_line) {
  expect("414", ask("GET /" + std::string(100, 'x') + " HTTP/1.1" + host + "\r\n"), "414 ");
}
TEST_F(server_engine_refusals, of_many_header_bytes) {
  expect("431", ask("GET / HTTP/1.1" + host + "X: " + std::string(200, 'x') + "\r\n\r\n"), "431 ");
}
TEST_F(server_engine_refusals, of_another_version) {
  expect("505", ask("GET / HTTP/2.0" + host + "\r\n"), "505 ");
}
TEST_F(server_engine_refusals, of_an_unknown_transfer_coding) {
  expect("501", ask("POST /whole HTTP/1.1" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "501 ");
}
TEST_F(server_engine_refusals, of_a_head_that_does_not_arrive) {
  EXPECT_EQ(ask("GET / HT"), "");
  engine.time_out();
  expect("408", answer(), "408 ");
}
TEST_F(server_engine_refusals, of_one_connection_too_many) {
  engine.turn_away();
  expect("503", answer(), "503 ");
}
TEST_F(server_engine_refusals, of_a_body_too_large) {
  expect("413", ask("POST /whole HTTP/1.1" + host + "Content-Length: 5\r\n\r\n"),
         "413 POST /whole asked");
}
TEST_F(server_engine_refusals, of_chunks_too_large) {
  expect("413", ask("POST /whole HTTP/1.1" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\n"),
         "413 POST /whole asked");
}
TEST_F(server_engine_refusals, of_a_malformed_body) {
  expect("400", ask("POST /whole HTTP/1.1" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
         "400 POST /whole asked");
}
TEST_F(server_engine_refusals, of_a_body_that_does_not_arrive) {
  EXPECT_EQ(ask("POST /whole HTTP/1.1" + host + "Content-Length: 4\r\n\r\nab"), "");
  engine.time_out();
  expect("408", answer(), "408 POST /whole asked");
}
TEST_F(server_engine_refusals, of_a_late_handler) {
  EXPECT_EQ(ask("GET /never HTTP/1.1" + host + "\r\n"), "");
  engine.stop_late_handler();
  loop.drain();
  expect("503", answer(), "503 GET /never asked");
}
TEST_F(server_engine_refusals, of_what_nobody_waits_for) {
  expect("504", ask("GET /never HTTP/1.1" + host + "Request-Timeout-Ms: 0\r\n\r\n"),
         "504 GET /never asked");
}
TEST_F(server_engine_refusals, of_a_handler_without_an_answer) {
  expect("500", ask("GET /silent HTTP/1.1" + host + "\r\n"), "500 GET /plain asked");
}

TEST_F(server_engine_refusals, say_the_id_of_the_request_where_it_has_one) {
  const std::string id = "0af7651916cd43dd8448eb211c80319c";
  ask("POST /whole HTTP/1.1" + host + "Content-Length: 5\r\ntraceparent: 00-" + id +
      "-b7ad6b7169203331-01\r\n\r\n");
  EXPECT_EQ(service.trace_id, id);
}

/// What `work` logs at this level and above.
template <class Work>
std::string logged(log_level least, Work work) {
  captured_log log;
  set_log_level(least);
  work();
  set_log_level(log_level::off);
  return log.take();
}

TEST_F(server_engine_refusals, are_logged_for_who_looks_closely) {
  const auto refuse = [&] { ask("GET / HTTP/1.1\r\nHost a\r\n\r\n"); };
  const std::string line = logged(log_level::debug, refuse);
  EXPECT_TRUE(line.starts_with("debug: answered 400: ")) << line;
  EXPECT_TRUE(line.ends_with("(no peer, trace " + service.trace_id + ")\n")) << line;
}

TEST_F(server_engine_refusals, of_an_answer_that_http_cannot_carry_are_errors_with_their_route) {
  for (const auto& [path, fault] :
       {std::pair("/evil", "field 'X-Evil'"), std::pair("/length", "field 'Content-Length'"),
        std::pair("/status", "status 999")}) {
    service.heard.clear();
    std::string got;
    const std::string line = logged(log_level::info, [&] {
      got = ask("GET " + std::string(path) + " HTTP/1.1" + host + "\r\n");
    });
    expect("500", got, "500 GET /plain asked");
    EXPECT_EQ(line, "error: GET /plain: the response is not valid HTTP (trace " + service.trace_id +
                        "): " + fault + "\n");
  }
}

}  // namespace
}  // namespace ferrule::http
