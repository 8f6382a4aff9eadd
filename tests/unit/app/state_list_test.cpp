// What a reactor knows of its states: observers, and where `gather` finds them.
#include "ferrule/app/state_list.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/ferrule.hpp"
#include "ferrule/io/gather.hpp"
#include "ferrule/test/app.hpp"

namespace ferrule {
namespace {

struct seen_requests : observer {
  void request_ended(const request_record& r) noexcept override {
    all.push_back(fmt::format("{} {} {}{}{}", r.route, r.method, r.status,
                              r.reason.empty() ? "" : " ", r.reason));
  }
  std::vector<std::string> all;
};
struct request_total : observer {
  void request_ended(const request_record&) noexcept override { ++count; }
  int count = 0;
};

constexpr auto observed_routes =
    route_table(route<"GET /users/{id}">([](std::uint64_t id) { return std::to_string(id); }),
                route<"GET /slow">([]() -> task<std::string_view> {
                                     co_await sleep(1h);
                                     co_return "never";
                                   },
                                   with(handler_timeout_ms<1000>)),
                route<"POST /small">([](body sent) { return std::string(*sent); },
                                     with(body_bytes_max<3>)),
                route<"GET /throws">([]() -> std::string { throw 1; }),
                route<"GET /total">([](request_total& mine) -> task<std::string> {
                  const auto all =
                      co_await gather(mine, [](request_total& one) { return one.count; });
                  co_return fmt::format("{} of {}", *all.at(0), all.size());
                }));

/// Logs nothing: the log has a thread, and TSan lets no test fork once there is one.
struct observers : testing::Test {
  observers() { set_exception_log([](const escaped_exception&) noexcept {}); }
  ~observers() override { set_exception_log(nullptr); }
};

TEST_F(observers, hear_of_every_request_whoever_answers) {
  seen_requests seen;
  test::app<observed_routes> shop(seen, per_reactor([] { return request_total(); }));
  shop.call("GET /users/7");
  shop.call("GET /users/ada");
  shop.call("HEAD /users/7");
  shop.call("GET /nowhere");
  shop.call("DELETE /slow");
  shop.call("OPTIONS /slow");
  shop.call({.line = "POST /small", .body = "long"});
  shop.call("GET /throws");
  shop.call("GET /slow");
  EXPECT_EQ(shop.call("GET /total").body, "9 of 1");
  const std::vector<std::string> wanted{
      "GET /users/{id} GET 200",
      "GET /users/{id} GET 400",
      "GET /users/{id} HEAD 200",
      "(no such path) GET 404",
      "(method not allowed) DELETE 405",
      "(options) OPTIONS 204",
      "POST /small POST 413 the body is too large",
      "GET /throws GET 500",
      "GET /slow GET 503 the deadline passed",
      "GET /total GET 200",
  };
  EXPECT_EQ(seen.all, wanted);
}

TEST_F(observers, one_hears_no_more_when_its_service_has_gone) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  seen_requests seen;
  request_total total;
  {
    detail::state_observers<std::tuple<seen_requests&, request_total&>> both(
        std::tie(seen, total), loop);
    loop.current_observer()->request_ended({.route = "GET /", .method = "GET", .status = 200});
  }
  EXPECT_EQ(seen.all, std::vector<std::string>{"GET / GET 200"});
  EXPECT_EQ(total.count, 1);
  EXPECT_EQ(loop.current_observer(), nullptr);
}

}  // namespace
}  // namespace ferrule
