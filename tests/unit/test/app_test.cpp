#include "ferrule/test/app.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ferrule/ferrule.hpp"

namespace ferrule {
namespace {

using test::app;

struct visits {
  static constexpr bool thread_safe = true;
  int count = 0;
  int refreshed = 0;
};

response log_in() { return response{.status = 204}.field("Set-Cookie", "sid=7; Path=/; HttpOnly"); }
response log_out() {
  return response{.status = 204}.field("Set-Cookie", "sid=; Path=/; Max-Age=0");
}
std::string who(cookie<"sid"> sid, visits& v) {
  return std::string(sid.value_or("nobody")) + std::to_string(++v.count);
}
task<std::string> slow(visits& v) {
  co_await sleep(1h);
  co_return std::to_string(++v.count);
}
response_stream parts() {
  for (int i = 0; i != 3; ++i) {
    co_yield std::to_string(i);
    co_await sleep(1s);
  }
}
task<std::string> date() {
  const auto at = (co_await now()).wall;
  co_return std::to_string(std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}
constexpr auto routes = route_table(
    route<"POST /login">(log_in), route<"POST /logout">(log_out), route<"GET /me">(who),
    route<"GET /slow">(slow, with(handler_timeout_ms<0>)), route<"GET /parts">(parts),
    route<"POST /cookies">([](body b) {
      return response{.status = 204}.field("Set-Cookie", std::string(*b));
    }),
    route<"GET /date">(date), route<"POST /echo">([](body b) { return std::string(*b); }));

TEST(app, keeps_cookies_from_request_to_request) {
  app<routes> shop(per_reactor([] { return visits(); }));
  EXPECT_EQ(shop.call("GET /me").body, "nobody1");
  EXPECT_EQ(shop.call("POST /login").status, 204);
  EXPECT_EQ(shop.cookies().at("sid"), "7");
  EXPECT_EQ(shop.call("GET /me").body, "72");
  EXPECT_EQ(shop.call({.line = "GET /me", .fields = {{"Cookie", "sid=8"}}}).body, "83");
  EXPECT_EQ(shop.call("POST /logout").status, 204);
  EXPECT_EQ(shop.call("GET /me").body, "nobody4");
}

// As browsers read them (RFC 6265 section 5).
TEST(app, loses_the_cookies_that_are_taken_back) {
  for (const char* attribute :
       {"Max-Age=0", "max-age=0", "Max-Age=-1", "expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Max-Age=00; Expires=Fri, 01 Jan 2100 00:00:00 GMT"}) {
    app<routes> shop(per_reactor([] { return visits(); }));
    shop.call({.line = "POST /cookies", .body = "sid=1"});
    shop.call({.line = "POST /cookies", .body = std::string("sid=2; Path=/;  ") + attribute});
    EXPECT_EQ(shop.cookies().count("sid"), 0U) << attribute;
  }
  for (const char* cookie :
       {"sid=2; Max-Age=05", "sid=2; Expires=Fri, 01 Jan 2100 00:00:00 GMT", " sid = 2 ; Path=/",
        "sid=2; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "sid=2; Expires=never"}) {
    app<routes> shop(per_reactor([] { return visits(); }));
    shop.call({.line = "POST /cookies", .body = cookie});
    EXPECT_EQ(shop.cookies()["sid"], "2") << cookie;
  }
  app<routes> shop(per_reactor([] { return visits(); }));
  shop.call({.line = "POST /cookies", .body = "note=Max-Age=0"});
  shop.call({.line = "POST /cookies", .body = "=nameless"});
  EXPECT_EQ(shop.cookies(), (std::map<std::string, std::string, std::less<>>{
                                {"note", "Max-Age=0"}}));
}

TEST(app, answers_several_at_once) {
  visits kept;
  app<routes> shop(kept);
  const auto answers = shop.call_all({{.line = "GET /slow"}, {.line = "GET /me"},
                                      {.line = "GET /slow"}});
  EXPECT_EQ(answers[1].body, "nobody1");
  EXPECT_TRUE((answers[0].body == "2" && answers[2].body == "3") ||
              (answers[0].body == "3" && answers[2].body == "2"));
  EXPECT_GE(answers[2].took, 1h);
  EXPECT_LT(answers[1].took, 1min);
  EXPECT_EQ(kept.count, 3);
}

TEST(app, has_streams_and_bodies) {
  visits kept;
  app<routes> shop(kept);
  const auto streamed = shop.call("GET /parts");
  EXPECT_EQ(streamed.body, "012");
  EXPECT_EQ(streamed.parts, 3U);
  EXPECT_TRUE(streamed.is_complete);
  EXPECT_EQ(shop.call({.line = "POST /echo", .body = std::string(100'000, 'x')}).body.size(),
            100'000U);
  EXPECT_EQ(shop.call({.line = "POST /echo", .body = std::string(2'000'000, 'x')}).status, 413);
}

TEST(app, has_a_date_and_clients_that_go_away) {
  visits kept;
  app<routes> shop(kept);
  const auto day = std::chrono::sys_days(std::chrono::year(2030) / 5 / 17);
  EXPECT_EQ(shop.call({.line = "GET /date", .date = day + 12h}).body,
            std::to_string(day.time_since_epoch().count()));
  EXPECT_EQ(shop.call({.line = "GET /slow", .deadline = 1s}).status, 0);
  shop.run_for(2h);  // whoever goes on without its client is not told by a FIN
}

TEST(app, runs_background_work) {
  visits kept;
  app<routes> shop(kept, background("refresh", every(1min), [](visits& v) { ++v.refreshed; }));
  shop.run_for(150s);
  EXPECT_EQ(kept.refreshed, 3);
}

TEST(app, does_not_start_without_what_it_opens) {
  const auto fails = []() -> result<std::unique_ptr<visits>, std::string> {
    return fail("no disk");
  };
  EXPECT_THROW(app<routes>(opened(fails)), std::runtime_error);
}

}  // namespace
}  // namespace ferrule
