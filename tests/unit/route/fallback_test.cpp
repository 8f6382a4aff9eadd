#include "ferrule/route/fallback.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ferrule/core/sleep.hpp"
#include "ferrule/route/combine.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct guide {
  int lost = 0;
};
struct marks {
  void after(answer& a) const { a.add_field("X-Mark", "yes"); }
};
response not_found(const request& asked, guide& g) {
  ++g.lost;
  return {.status = 404, .content_type = "text/html", .body = "<h1>No " + std::string(asked.path)};
}
constexpr auto routes =
    route_table(with(fallback<not_found>, marks{}), route<"GET /">([] { return "Hello"; }),
                route<"POST /notes">([](body b) { return std::string(*b); }));

TEST(fallback, answers_for_paths_without_a_route) {
  guide g;
  const auto answer = call<routes>("GET /a/b", g);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "<h1>No /a/b");
  EXPECT_EQ(answer.field("X-Mark"), "yes");
  EXPECT_EQ(call<routes>("DELETE /a", g).status, 404);
  EXPECT_EQ(call<routes>("OPTIONS /a", g).status, 404);
  EXPECT_EQ(call<routes>("HEAD /a", g).body, "");
  EXPECT_EQ(g.lost, 4);
}

TEST(fallback, leaves_methods_of_known_paths_to_the_table) {
  guide g;
  const auto answer = call<routes>("GET /notes", g);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("Allow"), "POST, OPTIONS");
  EXPECT_EQ(call<routes>("OPTIONS /notes", g).status, 204);
  EXPECT_EQ(call<routes>("OPTIONS *", g).status, 204);
  EXPECT_EQ(call<routes>("HEAD /", g).status, 200);
  EXPECT_EQ(call<routes>("TRACE /nowhere", g).status, 501);
  EXPECT_EQ(g.lost, 0);
}

struct page {
  int number = 1;
};
task<result<std::string, problem>> later(query<page> asked, body sent) {
  co_await sleep(1ms);
  if (asked->number == 0) co_return fail(problem{.status = 410});
  co_return std::to_string(asked->number) + std::string(*sent);
}
constexpr auto patient =
    route_table(with(fallback<later>), route<"GET /">([] { return "Hello"; }));

TEST(fallback, is_a_handler_as_any_other) {
  EXPECT_EQ(call<patient>({.line = "POST /a?number=7", .body = " sent"}).body, "7 sent");
  EXPECT_EQ(call<patient>("GET /a?number=0").status, 410);
  EXPECT_EQ(call<patient>("GET /a?number=x").status, 400);
}

constexpr auto notes = route_table(route<"GET /">([] { return "all"; }));
constexpr auto joined =
    merge(with(fallback<[] { return "lost"; }>), notes, nest<"/v1">(notes));
constexpr auto nested = nest<"/v1">(route_table(with(fallback<[] { return "lost"; }>),
                                                route<"GET /">([] { return "all"; })));

TEST(fallback, is_that_of_the_outermost_table) {
  EXPECT_EQ(call<joined>("GET /v1").body, "all");
  EXPECT_EQ(call<joined>("GET /v1/x").body, "lost");
  EXPECT_EQ(call<nested>("GET /x").body, "lost");
  EXPECT_EQ(call<nested>("POST /v1").status, 405);
}

}  // namespace
}  // namespace ferrule
