// What a request costs in memory, through the same engine and dispatcher that `serve` runs.
#include "ferrule/route/dispatcher.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "ferrule/core/sleep.hpp"
#include "http/server_engine.hpp"
#include "support/counted.hpp"
#include "support/manual_loop.hpp"

namespace ferrule {
namespace {

struct user {
  std::uint64_t id;
  std::string name;  // short enough to need no memory of its own
};

user show(std::uint64_t id) { return {id, "Ada"}; }
task<user> show_later(std::uint64_t id) { co_return user{id, "Ada"}; }
std::string_view echo(body received) { return *received; }
struct document {
  std::string text;
};
task<std::size_t> take(json_body<document> d) {
  const std::size_t size = std::exchange(d->text, {}).size();
  co_await sleep(std::chrono::milliseconds(1));
  co_return size;
}
task<std::size_t> look_at(body received) {
  co_await sleep(std::chrono::milliseconds(1));
  co_return received->size();
}
task<> fail_later(std::uint64_t) {
  co_await sleep(std::chrono::milliseconds(1));
  throw std::runtime_error("late");
}

constexpr auto routes = route_table(
    route<"GET /">([] { return "Hello, World!"; }), route<"GET /users/{id}">(show),
    route<"GET /later/{id}">(show_later), route<"POST /echo">(echo), route<"POST /documents">(take),
    route<"POST /bodies">(look_at), route<"GET /fail/{id}">(fail_later));

struct quiet_owner : net::protocol_owner {
  void protocol_changed() noexcept override {}
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
  http::server_engine engine(context, owner);
  buffer out;
  constexpr std::size_t rounds = 100;
  const auto ask = [&] {
    engine.feed(request);
    engine.take_outgoing(out);
    EXPECT_TRUE(out.view().ends_with(end_of_answer)) << out.view();
    context.take_back_sent(out);
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
  EXPECT_EQ(each.pooled, 2U) << "the handler's frame, and the block that keeps its exchange";
#if !__has_feature(address_sanitizer)  // under which the pool hands out heap blocks
  EXPECT_EQ(each.from_heap, 0U);
#endif
}

/// What is held, beside what is there before it, while the answer to a request is waited for.
std::size_t held_while_waiting(std::string_view path, std::size_t body_bytes) {
  manual_loop loop;
  dispatcher<routes> service;
  http::server_context context(service, loop, {});
  quiet_owner owner;
  http::server_engine engine(context, owner);
  const std::string body = R"({"text":")" + std::string(body_bytes, 'x') + R"("})";
  const std::string asked = "POST " + std::string(path) +
                            " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                            "Content-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body;
  frame_pool::trim();
  const std::size_t before = allocated_bytes();
  engine.feed(asked);
  EXPECT_TRUE(engine.busy());
  const std::size_t held = allocated_bytes() - before;
  loop.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(engine.busy());
  return held;
}

TEST(memory_of_a_request, is_not_held_by_a_waiting_handler_that_owns_its_arguments) {
  constexpr std::size_t body_bytes = 100'000;
  EXPECT_GT(held_while_waiting("/bodies", body_bytes), body_bytes) << "a view has to stay valid";
  held_while_waiting("/documents", body_bytes);  // what reads JSON keeps memory for the next time
  EXPECT_LT(held_while_waiting("/documents", body_bytes), body_bytes / 10);
}

TEST(memory_of_a_request, may_be_gone_when_its_failure_is_logged) {
  static std::string logged;
  set_exception_log([](const escaped_exception& e) noexcept {
    logged = std::string(e.route) + " " + std::string(e.what) + " " + std::string(e.trace_id);
  });
  manual_loop loop;
  dispatcher<routes> service;
  http::server_context context(service, loop, {});
  quiet_owner owner;
  http::server_engine engine(context, owner);
  std::string asked =
      "GET /fail/7 HTTP/1.1\r\nHost: a\r\n"
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
  engine.feed(asked);
  asked.assign(asked.size(), '!');
  loop.advance(std::chrono::milliseconds(1));
  set_exception_log(nullptr);
  EXPECT_EQ(logged, "GET /fail/{id} late 0af7651916cd43dd8448eb211c80319c");
  buffer out;
  engine.take_outgoing(out);
  EXPECT_TRUE(out.view().starts_with("HTTP/1.1 500 ")) << out.view();
}

}  // namespace
}  // namespace ferrule
