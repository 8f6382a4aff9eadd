// Problems in a service's own format, whoever tells them, and exceptions as problems.
#include "ferrule/route/problem_form.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "ferrule/core/sleep.hpp"
#include "ferrule/observe/log.hpp"
#include "ferrule/route/combine.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/test/call.hpp"
#include "support/engine_conversation.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct failure {
  std::string message;
  std::string code;
  int status = 0;
  std::string route;
};
failure tell(const problem& what, const problem_origin& source) {
  const json::raw* const code = what.member("code");
  return {what.detail.value_or(std::string(what.title)), std::string(code ? code->text() : ""),
          what.status, std::string(source.route)};
}

struct sold_out : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct is_broken {};
problem explain(const sold_out& e) {
  return problem{.status = 409, .title = "Sold out", .detail = e.what()}.with("code", 7);
}
problem explain_any(const std::exception&) { return {.status = 503, .retry_after = 5s}; }
problem explain_badly(const is_broken&) { throw std::runtime_error("again"); }

enum class error : std::uint8_t { missing };
problem to_problem(error) { return problem{.status = 404}.with("code", "missing"); }

struct staff_only {
  std::optional<problem> before() const { return problem{.status = 403, .title = "Staff only"}; }
};
struct marks {
  void after(answer& a) const { a.add_field("X-Mark", "yes"); }
};
struct draft {
  int pages = 0;
};
result<int, error> find() { return fail(error::missing); }
task<result<int, error>> find_later() {
  co_await sleep(1ms);
  co_return fail(error::missing);
}
void sell() { throw sold_out("no more"); }
task<> sell_later() {
  co_await sleep(1ms);
  throw sold_out("no more now");
}
task<> never() { co_await sleep(1h); }

constexpr auto routes = route_table(
    with(on_problem<tell>, on_exception<explain, explain_badly>, marks{}, handler_timeout_ms<1000>),
    route<"GET /error">(find), route<"GET /later">(find_later), route<"POST /sale">(sell),
    route<"GET /past">([] { return problem{.status = 503, .retry_after = -5s}; }),
    route<"POST /sale/later">(sell_later), route<"GET /never">(never),
    route<"GET /staff">([] {}, with(staff_only{})), route<"GET /n/{n}">([](int) {}),
    route<"POST /drafts">([](json_body<draft>) {}, with(body_bytes_max<100>)),
    route<"GET /broken">([] { throw is_broken(); }),
    route<"GET /unknown">([] { throw std::runtime_error("odd"); }),
    route<"GET /outer">([] { throw std::runtime_error("busy"); }, with(on_exception<explain_any>)),
    route<"GET /bad">([] { return response{.status = 999}; }));

int logged = 0;
struct problem_form : testing::Test {
  problem_form() {
    logged = 0;
    set_exception_log([](const escaped_exception&) noexcept { ++logged; });
    set_log_level(log_level::off);
  }
  ~problem_form() override {
    set_exception_log(nullptr);
    set_log_level(log_level::info);
  }
};

TEST_F(problem_form, is_that_of_errors_layers_parameters_and_exceptions) {
  struct {
    std::string_view line;
    int status;
    std::string_view body;
  } const cases[] = {
      {"GET /error", 404,
       R"({"message":"Not Found","code":"\"missing\"","status":404,"route":"GET /error"})"},
      {"GET /later", 404,
       R"({"message":"Not Found","code":"\"missing\"","status":404,"route":"GET /later"})"},
      {"GET /staff", 403,
       R"({"message":"Staff only","code":"","status":403,"route":"GET /staff"})"},
      {"GET /n/x", 400,
       R"({"message":"path parameter 'n' must be an integer of 32 bits","code":"","status":400,)"
       R"("route":"GET /n/{n}"})"},
      {"POST /drafts", 415,
       R"({"message":"the body must be application/json","code":"","status":415,)"
       R"("route":"POST /drafts"})"},
      {"POST /sale", 409, R"({"message":"no more","code":"7","status":409,"route":"POST /sale"})"},
      {"POST /sale/later", 409,
       R"({"message":"no more now","code":"7","status":409,"route":"POST /sale/later"})"},
      {"GET /nowhere", 404,
       R"-({"message":"Not Found","code":"","status":404,"route":"(no such path)"})-"},
      {"GET /sale", 405,
       R"-({"message":"Method Not Allowed","code":"","status":405,)-"
       R"-("route":"(method not allowed)"})-"},
  };
  for (const auto& each : cases) {
    const auto answer = call<routes>({.line = std::string(each.line)});
    EXPECT_EQ(answer.status, each.status) << each.line;
    EXPECT_EQ(answer.content_type, "application/json") << each.line;
    EXPECT_EQ(answer.body, each.body);
    EXPECT_EQ(answer.field("X-Mark"), "yes") << each.line;
  }
  EXPECT_EQ(logged, 0);
  EXPECT_EQ(call<routes>("GET /sale").field("Allow"), "POST, OPTIONS");
}

TEST_F(problem_form, of_an_exception_that_nobody_knows_is_500) {
  EXPECT_EQ(call<routes>("GET /unknown").body,
            R"({"message":"Internal Server Error","code":"","status":500,"route":"GET /unknown"})");
  EXPECT_EQ(logged, 1);
  EXPECT_EQ(call<routes>("GET /broken").status, 500);  // explaining it failed
  EXPECT_EQ(logged, 3);
}

TEST_F(problem_form, of_a_server_s_fault_is_logged) {
  const auto answer = call<routes>("GET /outer");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "5");
  EXPECT_EQ(logged, 1);
}

TEST_F(problem_form, has_no_time_before_now) {
  EXPECT_EQ(call<routes>("GET /past").field("Retry-After"), "0");
}

// What tells problems may fail itself.

problem wrong() { return {.status = 422, .title = "Wrong"}; }
std::string throws(const problem&) { throw std::runtime_error("in on_problem"); }
response bad_field(const problem&) { return {.body = "x", .fields = {{"X-A", "a\r\nX-B: b"}}}; }
response says_status(const problem& p) {
  return {.status = 200, .content_type = "text/html", .body = "<p>" + std::string(p.title)};
}
response with_retry(const problem&) {
  return response{.content_type = "text/plain"}.field("Retry-After", "9");
}
std::string_view by_language(const problem&, const request& asked) {
  return asked.header("Accept-Language") == "de" ? "Nein" : "No";
}
task<problem> wrong_later() {
  co_await sleep(1ms);
  co_return problem{.status = 422};
}
problem challenge() {
  return problem{.status = 401}.field("Retry-After", "1").field("WWW-Authenticate", "Bearer");
}
constexpr auto failing = route_table(
    route<"GET /throws">(wrong, with(on_problem<throws>)),
    route<"GET /field">(wrong, with(on_problem<bad_field>)),
    route<"GET /status">(wrong, with(on_problem<says_status>)),
    route<"GET /challenged">(challenge, with(on_problem<with_retry>)),
    route<"GET /retry">([] { return problem{.status = 503, .retry_after = 1s}; },
                        with(on_problem<with_retry>)),
    route<"GET /language">(wrong_later, with(on_problem<by_language>)),
    route<"GET /lambda">(wrong, with(on_problem<[](const problem& p) { return p.status; }>)));

TEST_F(problem_form, that_fails_gives_way_to_the_usual_one) {
  for (const char* const line : {"GET /throws", "GET /field"}) {
    const auto answer = call<failing>(line);
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_NE(answer.body.find(R"("title":"Wrong")"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(logged, 2);
}

TEST_F(problem_form, keeps_the_status_of_the_problem) {
  const auto answer = call<failing>("GET /status");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.content_type, "text/html");
  EXPECT_EQ(answer.body, "<p>Wrong");
  EXPECT_EQ(call<failing>("HEAD /status").body, "");
  EXPECT_EQ(call<failing>("GET /lambda").body, "422");
}

TEST_F(problem_form, may_say_when_to_come_back) {
  EXPECT_EQ(call<failing>("GET /retry").fields,
            (response_fields{{"Retry-After", "9"}}));
}

TEST_F(problem_form, comes_with_the_fields_of_the_problem_that_it_does_not_say_itself) {
  EXPECT_EQ(call<failing>("GET /challenged").fields,
            (response_fields{{"Retry-After", "9"}, {"WWW-Authenticate", "Bearer"}}));
}

TEST_F(problem_form, sees_the_request_after_a_wait) {
  EXPECT_EQ(call<failing>({.line = "GET /language", .fields = {{"Accept-Language", "de"}}}).body,
            "Nein");
}

// Tables that are joined.

std::string_view first(const problem&) { return "first"; }
std::string_view second(const problem&) { return "second"; }
std::string_view outer(const problem&) { return "outer"; }
constexpr auto one = route_table(with(on_problem<first>), route<"GET /">(wrong));
constexpr auto two = route_table(with(on_problem<second>), route<"GET /">(wrong));
constexpr auto plain = route_table(route<"GET /">(wrong));
constexpr auto joined = merge(with(on_problem<outer>), nest<"/one">(one), nest<"/two">(two),
                              nest<"/plain">(plain));

TEST_F(problem_form, is_that_of_the_innermost_table) {
  EXPECT_EQ(call<joined>("GET /one").body, "first");
  EXPECT_EQ(call<joined>("GET /two").body, "second");
  EXPECT_EQ(call<joined>("GET /plain").body, "outer");
  EXPECT_EQ(call<joined>("GET /one/more").body, "outer");
}

// On an engine, which answers much by itself.

struct conversation : http::engine_conversation<dispatcher<routes>> {
  conversation() : engine_conversation({.body_bytes_max = 1000}) {}
};

void expect_told(const std::string& answer, std::string_view status, std::string_view body) {
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status) + " ")) << answer;
  EXPECT_NE(answer.find("Content-Type: application/json\r\n"), answer.npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + std::string(body))) << answer;
}

TEST_F(problem_form, is_that_of_what_the_server_says_by_itself) {
  conversation unreadable;
  expect_told(unreadable.ask("GET / HTTP/1.1\r\n\r\n"), "400",
              R"({"message":"no Host field","code":"","status":400,"route":""})");
  conversation large;
  expect_told(
      large.ask("POST /drafts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                "Content-Length: 101\r\n\r\n"),
      "413",
      R"({"message":"the body is too large","code":"","status":413,"route":"POST /drafts"})");
  conversation late;
  late.ask("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  late.engine.stop_late_handler();
  late.loop.drain();
  const std::string stopped = late.answer();
  EXPECT_TRUE(stopped.starts_with("HTTP/1.1 503 ")) << stopped;
  EXPECT_NE(stopped.find("\r\nRetry-After: 1\r\n"), stopped.npos) << stopped;
  EXPECT_NE(stopped.find("\r\nX-Mark: yes\r\n"), stopped.npos) << stopped;
  EXPECT_NE(stopped.find(R"("status":503,"route":"GET /never"})"), stopped.npos) << stopped;
  conversation invalid;
  EXPECT_NE(invalid.ask("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n").find(R"("status":500)"),
            std::string::npos);
  conversation head;
  const std::string none = head.ask("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(none.starts_with("HTTP/1.1 404 ")) << none;
  EXPECT_NE(none.find("Content-Length: 71\r\n"), none.npos) << none;
  EXPECT_TRUE(none.ends_with("\r\n\r\n")) << none;
}

}  // namespace
}  // namespace ferrule
