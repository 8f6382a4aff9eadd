// What a request costs in memory, through the same engine and dispatcher that `serve` runs.
#include "ferrule/route/dispatcher.hpp"

#include <gtest/gtest.h>

#include <string>

#include "../core/manual_loop.hpp"
#include "allocations/counted.hpp"
#include "ferrule/http/server_engine.hpp"

namespace ferrule {
namespace {

struct user {
  std::uint64_t id;
  std::string name;  // short enough to need no memory of its own
};

user show(std::uint64_t id) { return {id, "Ada"}; }
task<user> show_later(std::uint64_t id) { co_return user{id, "Ada"}; }
std::string_view echo(body received) { return *received; }

constexpr auto routes =
    route_table(route<"GET /">([] { return "Hello, World!"; }), route<"GET /users/{id}">(show),
                route<"GET /later/{id}">(show_later), route<"POST /echo">(echo));

struct quiet_owner : http::engine_owner {
  void engine_changed() noexcept override {}
};

/// What one request costs once everything is warm.
struct cost {
  std::size_t from_heap;
  std::uint64_t pooled;  // frames and blocks out of the frame pool
};

cost cost_of(std::string_view request, std::string_view end_of_answer) {
  manual_loop loop;
  dispatcher<routes> service;
  http::server_context context(service, loop, {});
  quiet_owner owner;
  http::server_engine engine(context, owner, nullptr);
  buffer out;
  constexpr std::size_t rounds = 100;
  const auto ask = [&] {
    engine.feed(request);
    engine.take_outgoing(out);
    EXPECT_TRUE(out.view().ends_with(end_of_answer)) << out.view();
    context.take_back(out);
  };
  for (std::size_t i = 0; i < rounds; ++i) ask();
  const std::size_t before = allocations();
  const std::uint64_t pooled_before = frame_pool::stats().allocated;
  for (std::size_t i = 0; i < rounds; ++i) ask();
  return {(allocations() - before) / rounds,
          (frame_pool::stats().allocated - pooled_before) / rounds};
}

TEST(memory_of_a_request, is_none_for_plain_handlers) {
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /users/7?a=b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"}) {
    const cost each = cost_of(request, "");
    EXPECT_EQ(each.from_heap, 0U) << request;
    EXPECT_EQ(each.pooled, 0U) << request;
  }
}

TEST(memory_of_a_request, is_pooled_for_coroutines) {
  const cost each = cost_of("GET /later/7 HTTP/1.1\r\nHost: a\r\n\r\n", R"({"id":7,"name":"Ada"})");
  EXPECT_EQ(each.pooled, 2U) << "the handler's frame, and the block that keeps its request";
#if !__has_feature(address_sanitizer)  // under which the pool hands out heap blocks
  EXPECT_EQ(each.from_heap, 0U);
#endif
}

}  // namespace
}  // namespace ferrule
