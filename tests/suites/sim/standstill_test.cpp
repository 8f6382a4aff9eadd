// A host that stands still for longer than its limits on time, as a stopped process or a stalled
// machine does, serves what came meanwhile before it finds anybody late.
#include <gtest/gtest.h>

#include <string>

#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"
#include "ferrule/test/sim.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

constexpr auto standstill_routes = route_table(
    route<"GET /">([] { return "plain"; }),
    route<"POST /echo">([](body b) { return std::string(*b); }));

struct conversation {
  io::suite::call connecting;
  io::suite::receiver receiving;
  std::unique_ptr<io::suite::sender> sending;
  io::handle socket{};
};

class standstill : public testing::Test {
 protected:
  standstill() { EXPECT_EQ(server_.listen(*address::parse("10.0.0.1", 80), {}), 0); }
  ~standstill() override {
    server_.drain(0ns, [](void* done) noexcept { *static_cast<bool*>(done) = true; }, &drained_);
    EXPECT_TRUE(world_.run_until([&] { return drained_; }));
  }

  void connect(conversation& c) {
    c.socket = io::handle{client_.io().open(AF_INET, SOCK_STREAM)};
    client_.io().connect(c.connecting, c.socket, *address::parse("10.0.0.1", 80));
    ASSERT_TRUE(world_.run_until([&] { return c.connecting.ended; }));
    client_.io().recv_start(c.receiving, c.socket);
  }
  void send(conversation& c, std::string text) {
    c.sending = std::make_unique<io::suite::sender>(std::move(text));
    c.sending->start(client_.io(), c.socket);
  }
  bool answered(conversation& c, std::string_view end) {
    const auto has_come = [&] { return c.receiving.bytes.ends_with(end); };
    return world_.run_until([&] { return c.receiving.ended || has_come(); }, 100s) && has_come();
  }

  sim_world world_{7};
  reactor& host_ = world_.add_host("10.0.0.1");
  reactor& client_ = world_.add_host("10.0.0.2");
  dispatcher<standstill_routes> service_;
  http::server server_{host_,
                       service_,
                       {.header_timeout = 5s, .body_timeout = 5s, .idle_timeout = 5s}};
  bool drained_ = false;
};

TEST_F(standstill, of_more_than_the_idle_time_loses_no_request_that_came_meanwhile) {
  conversation c;
  connect(c);
  send(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(answered(c, "plain"));
  world_.run_for(4s);
  world_.stand_still(host_, 60s);
  world_.run_for(30s);
  c.receiving.bytes.clear();
  send(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answered(c, "plain")) << c.receiving.bytes;
}

TEST_F(standstill, does_not_make_heads_and_bodies_late_that_came_meanwhile) {
  conversation head;
  conversation body;
  connect(head);
  connect(body);
  send(head, "GET / HT");
  send(body, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nbo");
  world_.run_for(1s);
  world_.stand_still(host_, 60s);
  send(head, "TP/1.1\r\nHost: a\r\n\r\n");
  send(body, "dies");
  EXPECT_TRUE(answered(head, "plain")) << head.receiving.bytes;
  EXPECT_TRUE(answered(body, "bodies")) << body.receiving.bytes;
}

}  // namespace
}  // namespace ferrule::test
