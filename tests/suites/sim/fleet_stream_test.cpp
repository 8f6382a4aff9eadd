// Streams through a fleet: responses in parts from several servers, of which one breaks them off,
// hangs, or is left by its clients.
#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"
#include "ferrule/test/sim_run.hpp"
#include "support/captured_log.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

struct streaming_server {
  bool breaks = false;  // in the middle
  int running = 0;
  std::uint64_t begun = 0;
  std::uint64_t received = 0;
};
struct counted_stream {
  explicit counted_stream(streaming_server& of) : all(of) { ++all.begun, ++all.running; }
  counted_stream(const counted_stream&) = delete;
  ~counted_stream() { --all.running; }
  streaming_server& all;
};

constexpr int parts = 20;
constexpr std::size_t part_bytes = 10'000;

response_stream send_parts(streaming_server& here) {
  const counted_stream running(here);
  const std::string part(part_bytes, 'x');
  for (int i = 0; i != parts; ++i) {
    if (here.breaks && i == parts / 2) throw std::runtime_error("broken");
    co_await sleep(10ms);
    co_yield part;
  }
}
task<std::string> receive_parts(body_stream sent, streaming_server& here) {
  const counted_stream running(here);
  std::uint64_t bytes = 0;
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) co_return std::to_string(bytes);
    bytes += part.size();
    here.received += part.size();
  }
}
constexpr auto stream_routes =
    route_table(route<"GET /">(send_parts),
                route<"PUT /">(receive_parts, with(body_bytes_max<std::uint64_t{1} << 30>)));

class streaming_fleet : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<origin> where;
    for (int i = 0; i != 3; ++i) {
      hosts_.emplace_back(world_, ip(i));
      where.push_back(*origin::parse("http://" + ip(i)));
    }
    service_.emplace("fleet", pool_, std::move(where), client_, upstream_settings{});
  }
  void TearDown() override {
    std::size_t drained = 0;
    for (host& each : hosts_) {
      each.listener.drain(
          1s, [](void* done) noexcept { ++*static_cast<std::size_t*>(done); }, &drained);
    }
    EXPECT_TRUE(world_.run_until([&] { return drained == hosts_.size(); }, 1min));
  }

  static std::string ip(int i) { return "10.0.0." + std::to_string(i + 1); }
  streaming_server& server(std::size_t i) { return hosts_[i].state; }

  /// How streams ended: "whole", or why not.
  struct outcomes {
    int whole = 0;
    std::vector<std::string> others;
  };
  static task<> read_one(upstream* service, int stop_after, outcomes* into) {
    auto answer = co_await service->open({.request = {.target = "/"}});
    std::size_t bytes = 0;
    while (answer) {
      const auto part = co_await answer->read();
      if (!part) break;
      bytes += part->size();
      if (stop_after != 0 && bytes >= static_cast<std::size_t>(stop_after) * part_bytes) co_return;
    }
    if (!answer) {
      into->others.push_back(to_string(answer.error()));
    } else if (answer->failure() != nullptr) {
      into->others.push_back(to_string(*answer->failure()));
    } else {
      into->whole += bytes == parts * part_bytes ? 1 : 0;
    }
  }
  static task<> read_many(scope& all, upstream* service, int count, int stop_after,
                          outcomes* into) {
    for (int i = 0; i != count; ++i) {
      all.spawn(read_one(service, stop_after, into));
      co_await sleep(20ms);
    }
  }
  static task<outcomes> read_all(upstream* service, int count, int stop_after) {
    outcomes all;
    co_await with_scope(&read_many, service, count, stop_after, &all);
    co_return all;
  }
  outcomes read(int count, int stop_after = 0) {
    return *sim_run(world_, client_, read_all(&*service_, count, stop_after));
  }
  template <class T>
  T run(task<T> work) {
    return *sim_run(world_, client_, std::move(work));
  }
  std::uint32_t running() {
    std::uint32_t all = 0;
    for (const auto& each : service_->snapshot().endpoints) all += each.balance.running;
    return all;
  }

  struct host {
    host(sim_world& world, const std::string& at)
        : service(state), listener(world.add_host(at), service) {
      listener.listen(*address::parse(at, 80), {});
    }
    streaming_server state;
    dispatcher<stream_routes, streaming_server> service;
    http::server listener;
  };

  sim_world world_{7};
  reactor& client_ = world_.add_host("10.0.1.1");
  std::deque<host> hosts_;
  client_pool pool_;
  std::optional<upstream> service_;
};

TEST_F(streaming_fleet, all_have_their_share) {
  const outcomes got = read(300);
  EXPECT_EQ(got.whole, 300);
  for (std::size_t i = 0; i != 3; ++i) EXPECT_NEAR(static_cast<double>(server(i).begun), 100, 30);
  EXPECT_EQ(running(), 0U);
  EXPECT_LE(pool_.counts().connections_made, 64U) << "they are used again";
}

TEST_F(streaming_fleet, one_that_breaks_its_streams_off_is_left_out) {
  EXPECT_EQ(read(100).whole, 100);
  server(1).breaks = true;
  captured_log log;  // each is an exception of a handler
  const outcomes got = read(300);
  EXPECT_GE(got.whole, 270);
  for (const std::string& why : got.others) {
    EXPECT_EQ(why, "the response broke off: the connection ended early (200)");
  }
  EXPECT_EQ(got.whole + static_cast<int>(got.others.size()), 300);
  EXPECT_GE(service_->snapshot().ejections.total(), 1U);
  EXPECT_EQ(service_->breaker()->state(), circuit_state::closed);
  EXPECT_EQ(running(), 0U);
}

TEST_F(streaming_fleet, one_that_hangs_in_the_middle_is_out_of_time) {
  const auto hang = [](scope& all, upstream* service, sim_world* world, outcomes* into) -> task<> {
    for (int i = 0; i != 30; ++i) all.spawn(read_one(service, 0, into));
    co_await sleep(100ms);
    world->between("10.0.1.1", "10.0.0.2").half_open = 1;
  };
  const auto all = [](decltype(hang) how, upstream* service, sim_world* world) -> task<outcomes> {
    outcomes got;
    co_await with_scope(how, service, world, &got);
    co_return got;
  };
  const mono_time begin = world_.now();
  const outcomes got = run(all(hang, &*service_, &world_));
  EXPECT_LT(world_.now() - begin, 11s);
  EXPECT_GE(got.whole, 10);
  EXPECT_GE(got.others.size(), 5U);
  for (const std::string& why : got.others) {
    EXPECT_EQ(why, "the response did not go on in time (200)");
  }
  EXPECT_EQ(running(), 0U);
  world_.between("10.0.1.1", "10.0.0.2") = sim_link{};
}

TEST_F(streaming_fleet, who_leaves_stops_the_servers_work_and_blames_nobody) {
  const outcomes got = read(100, 3);
  EXPECT_EQ(got.whole, 0);
  EXPECT_TRUE(got.others.empty());
  world_.run_for(1s);
  for (std::size_t i = 0; i != 3; ++i) EXPECT_EQ(server(i).running, 0);
  EXPECT_EQ(pool_.counts().connections_open, 0U);
  EXPECT_EQ(running(), 0U);
  EXPECT_EQ(service_->breaker()->snapshot(world_.now()).tally.calls, 0U);
  EXPECT_EQ(service_->snapshot().ejections.total(), 0U);
}

TEST_F(streaming_fleet, an_upload_arrives_once_and_whole) {
  const auto upload = [](upstream* service, int count) -> task<std::string> {
    auto answer = co_await service->open(
        {.request = {.verb = "PUT", .target = "/", .streamed = http::streamed_body{}}});
    const std::string part(part_bytes, 'y');
    for (int i = 0; answer && i != count; ++i) {
      const auto written = co_await answer->write(part);
      if (!written) co_return to_string(written.error());
    }
    const auto finished = co_await answer->finish();
    if (!finished) co_return to_string(finished.error());
    const auto whole = co_await answer->collect();
    co_return whole ? std::string(whole->body()) : to_string(whole.error());
  };
  EXPECT_EQ(run(upload(&*service_, 500)), std::to_string(500 * part_bytes));
  std::uint64_t received = 0;
  for (std::size_t i = 0; i != 3; ++i) received += server(i).received;
  EXPECT_EQ(received, 500 * part_bytes);
  EXPECT_EQ(running(), 0U);
}

}  // namespace
}  // namespace ferrule::test
