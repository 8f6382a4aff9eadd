#include "ferrule/route/dispatcher.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct user {
  std::uint64_t id;
  std::string name;
};

std::string read_file(std::string_view path) { return "file " + std::string(path); }
task<user> load_user(std::uint64_t id) {
  co_await sleep(1h);
  co_return user{id, "Ada"};
}

constexpr auto routes = route_table(
    route<"GET /">([] { return "Hello, World!"; }),
    route<"GET /users/{id}">([](std::uint64_t id) { return user{id, "User"}; }),
    route<"PUT /users/{id}">([](std::uint64_t) {}),
    route<"GET /users/me">([] { return std::string_view("me"); }),
    route<"GET /files/{path...}">(read_file), route<"GET /slow/{id}">(load_user),
    route<"HEAD /own">([] { return response{.status = 202}; }),
    route<"GET /own">([] { return "own"; }),
    route<"OPTIONS /own">([] { return "options of its own"; }),
    route<"POST /throw">([](const request&) -> int { throw std::runtime_error("secret"); }));

TEST(dispatcher, calls_plain_handlers) {
  const auto answer = call<routes>("GET /");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(answer.body, "Hello, World!");
  EXPECT_EQ(call<routes>("GET /users/7").body, R"({"id":7,"name":"User"})");
  EXPECT_EQ(call<routes>("GET /users/7").content_type, "application/json");
  EXPECT_EQ(call<routes>("PUT /users/7").status, 204);
}

TEST(dispatcher, runs_coroutines_on_virtual_time) {
  const auto answer = call<routes>("GET /slow/8");
  EXPECT_EQ(answer.body, R"({"id":8,"name":"Ada"})");
  EXPECT_GE(answer.took, 1h);
}

TEST(dispatcher, prefers_literals_to_placeholders_to_tails) {
  EXPECT_EQ(call<routes>("GET /users/me").body, "me");
  EXPECT_EQ(call<routes>("GET /files/a/b.txt").body, "file a/b.txt");
  EXPECT_EQ(call<routes>("GET /files/").body, "file ");
  EXPECT_EQ(call<routes>("GET /files").status, 404);
}

TEST(dispatcher, goes_on_to_a_less_literal_route_that_has_the_method) {
  EXPECT_EQ(call<routes>("PUT /users/me").status, 400);  // "me" is no number
}

TEST(dispatcher, answers_404_with_a_problem_and_a_trace_id) {
  const auto answer = call<routes>("GET /nowhere");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_TRUE(answer.body.starts_with(
      R"({"type":"about:blank","title":"Not Found","status":404,"trace_id":")"))
      << answer.body;
  EXPECT_EQ(call<routes>("GET /users/").status, 404);
  EXPECT_EQ(call<routes>("GET //").status, 404);
  EXPECT_EQ(call<routes>("GET /users/7/").status, 404);
}

TEST(dispatcher, uses_the_trace_id_of_the_request) {
  trace_context trace;
  trace.trace_id[0] = 0xab;
  const auto answer = call<routes>({.line = "GET /nowhere", .trace = &trace});
  EXPECT_NE(answer.body.find(R"("trace_id":"ab000000000000000000000000000000")"), std::string::npos)
      << answer.body;
}

TEST(dispatcher, answers_405_with_what_is_allowed_on_any_match_of_the_path) {
  const auto answer = call<routes>("DELETE /users/me");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("Allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(call<routes>("GET /throw").field("Allow"), "POST, OPTIONS");
}

TEST(dispatcher, answers_options_of_a_path_and_of_the_server) {
  const auto answer = call<routes>("OPTIONS /users/7");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.field("Allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(call<routes>("OPTIONS *").field("Allow"), "GET, HEAD, POST, PUT, OPTIONS");
  EXPECT_EQ(call<routes>("OPTIONS *").status, 204);
  EXPECT_EQ(call<routes>("OPTIONS /nowhere").status, 404);
  EXPECT_EQ(call<routes>("OPTIONS /own").body, "options of its own");
}

TEST(dispatcher, answers_head_by_get_unless_it_has_a_route) {
  const auto answer = call<routes>("HEAD /");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(call<routes>("HEAD /own").status, 202);
  EXPECT_EQ(call<routes>("GET /own").status, 200);
}

TEST(dispatcher, answers_501_to_methods_that_no_pattern_can_name) {
  EXPECT_EQ(call<routes>("BREW /").status, 501);
  EXPECT_EQ(call<routes>("TRACE /").status, 501);
  EXPECT_EQ(call<routes>("CONNECT example.com:443").status, 501);
}

std::vector<std::string> logged;

TEST(dispatcher, answers_500_for_an_exception_logs_it_and_keeps_its_text_to_itself) {
  logged.clear();
  set_exception_log([](const escaped_exception& e) noexcept {
    logged.push_back(std::string(e.route) + ": " + std::string(e.what));
    logged.emplace_back(e.trace_id);
  });
  const auto answer = call<routes>("POST /throw");
  set_exception_log(nullptr);
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  ASSERT_EQ(logged.size(), 2U);
  EXPECT_EQ(logged[0], "POST /throw: secret");
  EXPECT_NE(answer.body.find(logged[1]), std::string::npos);
}

TEST(dispatcher, tells_engines_what_a_route_needs) {
  static constexpr auto kinds = route_table(
      route<"GET /plain">([] { return ""; }),
      route<"GET /task">([]() -> task<int> { co_return 1; }), route<"POST /body">([](body) {}),
      route<"POST /stream">([](body_stream) -> task<> { co_return; }),
      route<"GET /bytes">([]() -> response_stream { co_return; }));
  using program = detail::program<kinds>;
  const auto& traits = program::routes.traits;
  EXPECT_FALSE(traits[0].suspends);
  EXPECT_EQ(traits[0].body, http::body_mode::none);
  EXPECT_EQ(traits[0].pattern, "GET /plain");
  EXPECT_TRUE(traits[1].suspends);
  EXPECT_EQ(traits[2].body, http::body_mode::whole);
  EXPECT_EQ(traits[3].body, http::body_mode::stream);
  EXPECT_TRUE(traits[4].suspends);
  EXPECT_EQ(traits[5].pattern, "(no such path)");
}

struct numbers {
  std::uint32_t first = 1;
  std::optional<std::uint64_t> second;
  std::vector<std::string> names;
};
struct text_among_numbers {
  std::uint32_t first = 1;
  std::string_view text;
};
struct view_of_text {
  std::string_view text;
};
bool parse_parameter(std::string_view text, view_of_text& out) {
  out.text = text;
  return true;
}
enum class color { red };
struct counter {};
struct layer {
  void before(const request&) const {}
};
task<> nothing() { co_return; }

TEST(dispatcher, says_whose_request_is_needed_while_they_wait) {
  static constexpr auto kinds = route_table(
      route<"GET /none">([]() -> task<> { co_return; }),
      route<"GET /{a}/{b}/{c}">([](int, std::string, color) -> task<> { co_return; }),
      route<"GET /name/{a}">([](path<"a", int>) -> task<> { co_return; }),
      route<"GET /state">([](deadline, counter&) -> task<> { co_return; }),
      route<"GET /numbers">([](query<numbers>) -> task<> { co_return; }),
      route<"POST /json">([](json_body<numbers>) -> task<> { co_return; }),
      route<"GET /bytes">([]() -> response_stream { co_return; }),
      route<"GET /text/{a}/{b}">([](int, std::string_view) -> task<> { co_return; }),
      route<"GET /text/name/{a}">([](path<"a", std::string_view>) -> task<> { co_return; }),
      route<"GET /text/own/{a}">([](view_of_text) -> task<> { co_return; }),
      route<"GET /text/query">([](query<text_among_numbers>) -> task<> { co_return; }),
      route<"GET /field">([](counter&, header<"X-Id">) -> task<> { co_return; }),
      route<"POST /body">([](body) -> task<> { co_return; }),
      route<"POST /stream">([](body_stream) -> task<> { co_return; }),
      route<"GET /all">([](const request&) -> task<> { co_return; }),
      route<"GET /layer">(nothing, with(layer{})));
  constexpr std::size_t those_that_own_what_they_take = 7;
  const auto& traits = detail::program<kinds, counter>::routes.traits;
  for (std::size_t i = 0; i != kinds.size; ++i) {
    EXPECT_EQ(traits[i].needs_request, i >= those_that_own_what_they_take) << traits[i].pattern;
  }
}

TEST(dispatcher, serves_a_table_without_routes) {
  static constexpr auto none = route_table();
  EXPECT_EQ(call<none>("GET /").status, 404);
  EXPECT_EQ(call<none>("OPTIONS *").status, 404);
}

}  // namespace
}  // namespace ferrule
