#include "ferrule/route/respond.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace shop {
enum class error { sold_out };
constexpr ferrule::problem to_problem(error) noexcept {
  return {.status = 409, .title = "Sold out"};
}
}  // namespace shop

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct user {
  int id;
  std::string name;
};

result<user, shop::error> buy(std::string_view name) {
  if (name == "none") return fail(shop::error::sold_out);
  return user{1, std::string(name)};
}
result<void, problem> check(bool good) {
  if (!good) return fail(problem{.status = 418, .detail = "no"});
  return {};
}
task<result<user, shop::error>> buy_later(std::string name) {
  co_await sleep(1ms);
  co_return buy(name);
}
task<> nothing_later() { co_await sleep(1ms); }
struct measure {
  std::string name;
  std::vector<double> values;
};
task<measure> measure_later() {
  co_await sleep(1ms);
  co_return measure{"a", {std::numeric_limits<double>::infinity()}};
}
task<int> fail_later() {
  co_await sleep(1ms);
  throw std::runtime_error("late");
}

constexpr auto routes = route_table(
    route<"GET /string">([] { return std::string("text"); }), route<"GET /void">([] {}),
    route<"GET /none">([] { return no_content{}; }),
    route<"POST /users">([] { return created<user>{{7, "Ada"}, "/users/7"}; }),
    route<"POST /nowhere">([] { return created<std::string>{"made"}; }), route<"GET /response">([] {
      return response{.status = 303, .content_type = "text/html", .body = "<p>"}
          .field("Location", "/x")
          .field("X-Y", "z");
    }),
    route<"GET /json">([] { return json_response(user{1, "Ada"}, 202); }),
    route<"GET /problem">([] { return problem{.status = 410, .detail = "gone"}; }),
    route<"GET /busy">([] { return problem{.status = 429, .retry_after = 7s}; }),
    route<"GET /challenged">([] {
      return problem{.status = 401, .retry_after = 7s}
          .field("WWW-Authenticate", "Bearer")
          .field("WWW-Authenticate", "Basic")
          .field("Retry-After", "9");
    }),
    route<"GET /ill-challenged">([] {
      return problem{.status = 401}.field("WWW-Authenticate", "a\r\nb");
    }),
    route<"GET /worse-challenged">([] {
      return problem{.status = 401, .fields = {{"WWW-Authenticate", "a\r\nb"}}};
    }),
    route<"GET /maybe/{there}">(
        [](bool there) { return there ? std::optional<user>({1, "Ada"}) : std::nullopt; }),
    route<"GET /buy/{name}">(buy), route<"GET /check/{good}">(check),
    route<"GET /later/{name}">(buy_later), route<"GET /nothing">(nothing_later),
    route<"GET /fail">(fail_later), route<"GET /vector">([] { return std::vector<int>{1, 2}; }),
    route<"GET /map">([] { return std::map<std::string, int>{{"a", 1}}; }),
    route<"GET /true">([] { return true; }),
    route<"GET /nan">([] { return measure{"a", {1, std::numeric_limits<double>::quiet_NaN()}}; }),
    route<"GET /nan-later">(measure_later),
    route<"GET /no-text">([]() -> const char* { return nullptr; }));

TEST(respond, text_and_nothing) {
  EXPECT_EQ(call<routes>("GET /string").body, "text");
  EXPECT_EQ(call<routes>("GET /string").content_type, "text/plain; charset=utf-8");
  for (const char* line : {"GET /void", "GET /none", "GET /nothing", "GET /check/true"}) {
    const auto answer = call<routes>(line);
    EXPECT_EQ(answer.status, 204) << line;
    EXPECT_EQ(answer.content_type, "") << line;
  }
}

TEST(respond, created_tells_where) {
  const auto answer = call<routes>("POST /users");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.field("Location"), "/users/7");
  EXPECT_EQ(answer.body, R"({"id":7,"name":"Ada"})");
  EXPECT_TRUE(call<routes>("POST /nowhere").fields.empty());
  EXPECT_EQ(call<routes>("POST /nowhere").body, "made");
}

TEST(respond, responses_are_sent_as_they_are) {
  const auto answer = call<routes>("GET /response");
  EXPECT_EQ(answer.status, 303);
  EXPECT_EQ(answer.content_type, "text/html");
  EXPECT_EQ(answer.field("Location"), "/x");
  EXPECT_EQ(answer.field("X-Y"), "z");
  EXPECT_EQ(answer.body, "<p>");
  EXPECT_EQ(call<routes>("GET /json").status, 202);
  EXPECT_EQ(call<routes>("GET /json").content_type, "application/json");
}

with_status<user, 200, 201> put_user(int status) { return {status, {1, "Ada"}}; }
result<redirect<303>, shop::error> leave(bool good) {
  if (!good) return fail(shop::error::sold_out);
  return redirect<303>{303, "/left"};
}
task<with_status<user>> accept_later() {
  co_await sleep(1ms);
  co_return with_status(202, user{2, "Bob"}).field("X-A", "a");
}

constexpr auto status_routes = route_table(
    route<"GET /json">([] { return with_status(202, user{1, "Ada"}); }),
    route<"GET /text">([] { return with_status(410, "gone").field("X-A", "a"); }),
    route<"GET /nothing">([] { return with_status(202, no_content{}); }),
    route<"GET /later">(accept_later), route<"PUT /{status}">(put_user),
    route<"GET /leave/{good}">(leave),
    route<"GET /go/{status}">([](int status) { return redirect(status, "/x").field("X-A", "a"); }),
    route<"GET /to">([](const request& r) { return redirect(303, std::string(r.query)); }),
    route<"POST /at">([](body b) { return created<int>{1, std::string(*b)}; }),
    route<"POST /moved">([](body b) { return redirect(308, std::string(*b)); }));

TEST(respond, a_value_takes_the_status_it_is_given) {
  const auto json = call<status_routes>("GET /json");
  EXPECT_EQ(json.status, 202);
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_EQ(json.body, R"({"id":1,"name":"Ada"})");
  const auto text = call<status_routes>("GET /text");
  EXPECT_EQ(text.status, 410);
  EXPECT_EQ(text.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(text.field("X-A"), "a");
  const auto nothing = call<status_routes>("GET /nothing");
  EXPECT_EQ(nothing.status, 202);
  EXPECT_EQ(nothing.content_type + nothing.body, "");
  EXPECT_EQ(call<status_routes>("GET /later").field("X-A"), "a");
}

TEST(respond, a_status_that_the_type_does_not_name_is_answered_500) {
  set_exception_log([](const escaped_exception&) noexcept {});
  EXPECT_EQ(call<status_routes>("PUT /200").status, 200);
  EXPECT_EQ(call<status_routes>("PUT /201").status, 201);
  EXPECT_EQ(call<status_routes>("PUT /202").status, 500);
  set_exception_log(nullptr);
}

TEST(respond, redirects_say_where_to_go) {
  set_exception_log([](const escaped_exception&) noexcept {});
  for (const int status : {301, 302, 303, 307, 308}) {
    const auto answer = call<status_routes>(("GET /go/" + std::to_string(status)).c_str());
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.field("Location"), "/x");
    EXPECT_EQ(answer.field("X-A"), "a");
    EXPECT_EQ(answer.content_type + answer.body, "");
  }
  for (const char* line : {"GET /go/200", "GET /go/304", "GET /go/404", "GET /to"}) {
    EXPECT_EQ(call<status_routes>(line).status, 500) << line;
  }
  EXPECT_EQ(call<status_routes>("GET /leave/true").field("Location"), "/left");
  EXPECT_EQ(call<status_routes>("GET /leave/false").status, 409);
  set_exception_log(nullptr);
}

TEST(respond, a_location_is_encoded_so_that_it_stays_one) {
  for (const auto& [given, sent] : std::initializer_list<std::pair<std::string, const char*>>{
           {"/a\r\nSet-Cookie: sid=1", "/a%0D%0ASet-Cookie:%20sid=1"},
           {"/caf\xc3\xa9?q=a b#top", "/caf%C3%A9?q=a%20b#top"},
           {"https://[::1]:80/[x]", "https://[::1]:80/%5Bx%5D"},
           {"/\\evil.example", "/%5Cevil.example"},
           {"/100%", "/100%25"}}) {
    EXPECT_EQ(call<status_routes>({.line = "POST /at", .body = given}).field("Location"), sent);
    EXPECT_EQ(call<status_routes>({.line = "POST /moved", .body = given}).field("Location"), sent);
  }
}

TEST(respond, values_become_json) {
  EXPECT_EQ(call<routes>("GET /vector").body, "[1,2]");
  EXPECT_EQ(call<routes>("GET /map").body, R"({"a":1})");
  EXPECT_EQ(call<routes>("GET /true").body, "true");
}

TEST(respond, errors_become_problems) {
  EXPECT_EQ(call<routes>("GET /problem").status, 410);
  EXPECT_EQ(call<routes>("GET /problem").field("Retry-After"), "");
  EXPECT_EQ(call<routes>("GET /busy").field("Retry-After"), "7");
  const auto challenged = call<routes>("GET /challenged");
  EXPECT_EQ(challenged.status, 401);
  EXPECT_EQ(challenged.fields, (response_fields{{"WWW-Authenticate", "Bearer"},
                                                {"WWW-Authenticate", "Basic"},
                                                {"Retry-After", "9"}}));
  for (const char* line : {"GET /ill-challenged", "GET /worse-challenged"}) {
    EXPECT_EQ(call<routes>(line).status, 500) << line;
  }
  EXPECT_EQ(call<routes>("GET /maybe/true").body, R"({"id":1,"name":"Ada"})");
  EXPECT_EQ(call<routes>("GET /maybe/false").status, 404);
  EXPECT_EQ(call<routes>("GET /buy/hat").body, R"({"id":1,"name":"hat"})");
  const auto sold_out = call<routes>("GET /buy/none");
  EXPECT_EQ(sold_out.status, 409);
  EXPECT_EQ(sold_out.content_type, "application/problem+json");
  EXPECT_NE(sold_out.body.find(R"("title":"Sold out")"), std::string::npos);
  EXPECT_EQ(call<routes>("GET /check/false").status, 418);
  EXPECT_EQ(call<routes>("GET /later/hat").status, 200);
  EXPECT_EQ(call<routes>("GET /later/none").status, 409);
}

TEST(respond, a_task_that_throws_is_answered_500) {
  set_exception_log([](const escaped_exception&) noexcept {});
  EXPECT_EQ(call<routes>("GET /fail").status, 500);
  set_exception_log(nullptr);
}

TEST(respond, a_value_without_a_text_in_json_is_answered_500) {
  set_exception_log([](const escaped_exception&) noexcept {});
  for (const char* line : {"GET /nan", "GET /nan-later"}) {
    const auto answer = call<routes>(line);
    EXPECT_EQ(answer.status, 500) << line;
    EXPECT_EQ(answer.content_type, "application/problem+json") << line;
    EXPECT_EQ(answer.body.find("\"name\""), std::string::npos) << line;
  }
  set_exception_log(nullptr);
}

TEST(respond, text_that_points_nowhere_is_empty) {
  EXPECT_EQ(call<routes>("GET /no-text").status, 200);
  EXPECT_EQ(call<routes>("GET /no-text").body, "");
}

TEST(respond, a_stopped_task_is_not_answered) {
  const auto answer = call<routes>({.line = "GET /nothing", .deadline = 10us});
  EXPECT_EQ(answer.status, 0);
  EXPECT_TRUE(answer.stopped);
}

}  // namespace
}  // namespace ferrule
