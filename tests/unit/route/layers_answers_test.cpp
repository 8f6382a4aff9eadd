// Whoever answers, the layers around the handler see the answer: on an engine, as clients meet it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/sleep.hpp"
#include "ferrule/observe/log.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/route/limits.hpp"
#include "support/engine_conversation.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

struct tally {
  int begun = 0;
  int ended = 0;
  std::vector<std::string> refused;
};

/// Lets browsers of other origins see the answer, and counts what is in flight.
struct open_to_all {
  void before(tally& t) const { ++t.begun; }
  void after(tally& t, answer& a) const {
    ++t.ended;
    a.add_field("Access-Control-Allow-Origin", "*");
  }
  void refused(const refusal& what, tally& t) const {
    t.refused.push_back(std::to_string(what.status) + " " + std::string(what.route));
  }
};
struct only_with_key {
  std::optional<problem> before(const request& r) const {
    if (!r.header("X-Key").empty()) return std::nullopt;
    return problem{.status = 401};
  }
};
struct slow_check {
  task<> before() const { co_await sleep(1h); }
};
struct fails_once {
  void after(tally& t) const {
    if (t.ended++ == 0) throw std::runtime_error("after");
  }
};

task<std::string> never() {
  co_await sleep(1h);
  co_return "";
}
task<std::string> fail_later() {
  co_await sleep(1ms);
  throw std::runtime_error("later");
}
task<std::size_t> read_all(body_stream sent) {
  std::size_t bytes = 0;
  for (std::string_view part = co_await sent.read(); !part.empty(); part = co_await sent.read()) {
    bytes += part.size();
  }
  co_return bytes;
}
response_stream bad_stream() {
  co_yield stream_head{.status = 999};
  co_yield "part";
}
std::string fail_now() { throw std::runtime_error("now"); }
response with_line_end() { return response{.fields = {{"X-A", "a\r\nX-B: b"}}}; }
response with_own_length() { return response{.fields = {{"Content-Length", "1"}}}; }

constexpr auto hello = [] { return "Hello"; };
constexpr auto routes = route_table(
    with(open_to_all{}, handler_timeout_ms<1000>), route<"GET /">(hello),
    route<"GET /number/{n}">([](int n) { return n; }), route<"GET /fail">(fail_now),
    route<"GET /fail/later">(fail_later), route<"GET /never">(never),
    route<"GET /checked">(hello, with(slow_check{})),
    route<"POST /text">([](body sent) { return std::string(*sent); }, with(body_bytes_max<4>)),
    route<"POST /stream">(read_all, with(body_bytes_max<4>)),
    route<"POST /secret">([](body) {}, with(body_bytes_max<4>, only_with_key{})),
    route<"POST /checked">([](body) {}, with(body_bytes_max<4>, slow_check{})),
    route<"GET /line-end">(with_line_end), route<"GET /own-length">(with_own_length),
    route<"GET /status">([] { return response{.status = 999}; }),
    route<"GET /bad-stream">(bad_stream));

struct with_tally {
  tally counts;
};
/// A client's conversation with an engine that serves `Table`.
template <const auto& Table>
struct conversation : with_tally, http::engine_conversation<dispatcher<Table, tally>> {
  conversation()
      : http::engine_conversation<dispatcher<Table, tally>>({.body_bytes_max = 1000}, counts) {}
};

std::string request_of(std::string_view line, std::string_view rest = "\r\n") {
  return std::string(line) + " HTTP/1.1\r\nHost: a\r\n" + std::string(rest);
}

struct layers_answers : testing::Test {
  layers_answers() {
    set_exception_log([](const escaped_exception&) noexcept {});
    set_log_level(log_level::off);
  }
  ~layers_answers() override {
    set_exception_log(nullptr);
    set_log_level(log_level::info);
  }

  /// The last answer was this, and the layers saw it, once.
  void expect(std::string_view status, const std::string& answer) const {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << answer;
    constexpr std::string_view field = "Access-Control-Allow-Origin: *\r\n";
    EXPECT_NE(answer.find(field), answer.npos) << answer;
    EXPECT_EQ(answer.find(field), answer.rfind(field)) << answer;
    EXPECT_EQ(client.counts.begun, 1);
    EXPECT_EQ(client.counts.ended, 1);
  }

  conversation<routes> client;
};
using list = std::vector<std::string>;

struct answered_at_once {
  std::string request;
  std::string_view status;
  list refused;
};

TEST(layers_answers_at_once, are_seen) {
  for (const answered_at_once& each : std::vector<answered_at_once>{
           {request_of("GET /"), "200", {}},
           {request_of("GET /number/x"), "400", {}},
           {request_of("GET /fail"), "500", {}},
           {request_of("GET /nowhere"), "404", {}},
           {request_of("DELETE /"), "405", {}},
           {request_of("OPTIONS /"), "204", {}},
           {request_of("TRACE /"), "501", {}},
           {request_of("GET /line-end"), "500", {}},
           {request_of("GET /own-length"), "500", {}},
           {request_of("GET /status"), "500", {}},
           {request_of("GET /bad-stream"), "500", {}},
           {request_of("GET /", "Request-Timeout-Ms: 0\r\n\r\n"), "200", {}},
           {request_of("GET /never", "Request-Timeout-Ms: 0\r\n\r\n"), "504", {"504 GET /never"}},
           {request_of("POST /text", "Content-Length: 5\r\n\r\n"), "413", {"413 POST /text"}},
           {request_of("POST /text", "Transfer-Encoding: chunked\r\n\r\n5\r\n"), "413",
            {"413 POST /text"}},
           {request_of("POST /text", "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "400",
            {"400 POST /text"}},
           {request_of("POST /stream", "Content-Length: 5\r\n\r\n"), "413", {"413 POST /stream"}},
           {request_of("POST /stream", "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "400",
            {"400 POST /stream"}},
           {request_of("POST /secret", "Content-Length: 5\r\n\r\n"), "401", {"413 POST /secret"}},
           {request_of("POST /checked", "Content-Length: 5\r\n\r\n"), "413",
            {"413 POST /checked"}}}) {
    set_exception_log([](const escaped_exception&) noexcept {});
    conversation<routes> client;
    const std::string answer = client.ask(each.request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(each.status))) << answer;
    EXPECT_NE(answer.find("Access-Control-Allow-Origin: *\r\n"), answer.npos) << answer;
    EXPECT_EQ(client.counts.begun, 1) << answer;
    EXPECT_EQ(client.counts.ended, 1) << answer;
    EXPECT_EQ(client.counts.refused, each.refused) << answer;
    set_exception_log(nullptr);
  }
}

TEST_F(layers_answers, to_an_exception_after_a_wait_are_seen) {
  EXPECT_EQ(client.ask(request_of("GET /fail/later")), "");
  client.loop.advance(1ms);
  expect("500", client.answer());
}

TEST_F(layers_answers, for_a_handler_that_is_late_are_seen) {
  EXPECT_EQ(client.ask(request_of("GET /never")), "");
  client.engine.stop_late_handler();
  client.loop.drain();
  const std::string answer = client.answer();
  expect("503", answer);
  EXPECT_NE(answer.find("Retry-After: 1\r\n"), answer.npos);
  EXPECT_EQ(client.counts.refused, list{"503 GET /never"});
}

TEST_F(layers_answers, for_a_handler_whose_caller_has_gone_on_are_seen) {
  EXPECT_EQ(client.ask(request_of("GET /never", "Request-Timeout-Ms: 5\r\n\r\n")), "");
  client.loop.advance(std::chrono::milliseconds(5));
  client.engine.stop_late_handler();
  client.loop.drain();
  expect("504", client.answer());
  EXPECT_EQ(client.counts.refused, list{"504 GET /never"});
}

TEST_F(layers_answers, for_a_layer_that_is_late_are_seen_by_those_around_it) {
  EXPECT_EQ(client.ask(request_of("GET /checked")), "");
  client.engine.stop_late_handler();
  client.loop.drain();
  expect("503", client.answer());
}

TEST_F(layers_answers, for_a_body_that_does_not_arrive_are_seen) {
  EXPECT_EQ(client.ask(request_of("POST /text", "Content-Length: 4\r\n\r\nab")), "");
  client.engine.time_out();
  expect("408", client.answer());
  EXPECT_EQ(client.counts.refused, list{"408 POST /text"});
}

TEST_F(layers_answers, for_a_stream_that_does_not_arrive_are_seen) {
  EXPECT_EQ(client.ask(request_of("POST /stream", "Content-Length: 4\r\n\r\nab")), "");
  client.engine.time_out();
  client.loop.drain();
  expect("408", client.answer());
}

TEST_F(layers_answers, of_which_there_is_none_are_not_seen) {
  EXPECT_EQ(client.ask(request_of("GET /never")), "");
  client.engine.abort(stop_reason::disconnect);
  client.loop.drain();
  EXPECT_EQ(client.counts.begun, 1);
  EXPECT_EQ(client.counts.ended, 0);
}

TEST_F(layers_answers, to_what_is_no_request_are_heard_of) {
  const std::string answer = client.ask("GET / HTTP/1.1\r\nHost a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_EQ(client.counts.begun, 0);
  EXPECT_EQ(client.counts.refused, list{"400 "});
}

TEST_F(layers_answers, that_a_hook_fails_at_run_each_hook_once) {
  static constexpr auto failing =
      route_table(with(fails_once{}, open_to_all{}), route<"GET /">(hello));
  conversation<failing> other;
  other.counts.ended = -1;  // so that the outer one is the one that fails
  const std::string answer = other.ask(request_of("GET /"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(other.counts.begun, 1);
  EXPECT_EQ(other.counts.ended, 1);
}

}  // namespace
}  // namespace ferrule
