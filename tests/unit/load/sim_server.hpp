#pragma once
// A server in a simulated world whose capacity and faults are known, and a load on it.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "ferrule/core/now.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"
#include "ferrule/test/sim.hpp"
#include "load/driver.hpp"

namespace ferrule::load {

using namespace std::chrono_literals;

/// One queue that serves one request after the other.
struct single_queue {
  nanoseconds service_time = 1ms;
  mono_time busy_until{};
  mono_time stalled_until{};  ///< nothing is begun before

  /// When a request that came at `now` is done.
  mono_time enter(mono_time now) {
    busy_until = std::max({busy_until, now, stalled_until}) + service_time;
    return busy_until;
  }
};

inline task<std::string> queued(single_queue& queue) {
  const mono_time done = queue.enter((co_await now()).mono);
  co_await sleep_until(done);
  co_return "done";
}

inline constexpr auto sim_routes =
    route_table(route<"GET /queued">(queued), route<"GET /never">([]() -> task<std::string> {
                  co_await sleep(std::chrono::hours(1));
                  co_return "late";
                }),
                route<"GET /users/{id}">([](std::uint64_t id) { return std::to_string(id); }));

/// The server's host, its queue, and a client's host to load it from.
class sim_fixture {
 public:
  explicit sim_fixture(std::uint64_t seed = 1) : world(seed) {
    world.everywhere().jitter = 0ns;
    EXPECT_EQ(server.listen(server_address, {}), 0);
  }
  ~sim_fixture() {
    bool drained = false;
    server.drain(0s, [](void* d) noexcept { *static_cast<bool*>(d) = true; }, &drained);
    EXPECT_TRUE(world.run_until([&] { return drained; }));
  }

  drive_settings settings_for(const request_set& requests, unsigned connections) const {
    return {
        .connection = {.to = server_address}, .requests = &requests, .connections = connections};
  }

  const address server_address = *address::parse("10.0.0.1", 80);
  test::sim_world world;
  reactor& server_loop = world.add_host("10.0.0.1");
  reactor& client = world.add_host("10.0.0.2");
  single_queue queue;
  dispatcher<sim_routes, single_queue> handlers{queue};
  http::server server{server_loop, handlers};
};

inline request_set requests_for(const std::string& target) {
  auto made = request_set::prepare({{.target = target}}, "10.0.0.1", true);
  EXPECT_TRUE(made);
  return std::move(*made);
}

struct sim_load {
  std::optional<rate_profile> rate;  ///< none: a closed loop
  nanoseconds duration = 10s;
  nanoseconds step = 40us;  ///< how often the driver is called
};

/// Runs a load to its end; `each_step(elapsed)` may meddle. Returns how long it took.
template <class EachStep>
nanoseconds run_in(sim_fixture& in, const drive_settings& settings, const sim_load& what,
                   recorder& books, EachStep&& each_step) {
  driver load(in.client, settings, books);
  load.connect();
  EXPECT_TRUE(in.world.run_until([&] { return load.has_connected(); }, 1min));
  const mono_time begin = in.world.now();
  books.set_window({begin, begin + what.duration});
  std::optional<schedule> arrivals;
  if (what.rate) {
    const double seconds = std::chrono::duration<double>(what.duration).count();
    arrivals.emplace(stretched_to(*what.rate, seconds, 0), arrival_kind::constant, 0, 1, 1);
  }
  load.start(begin, begin + what.duration, std::move(arrivals));
  while (!load.is_finished()) {
    load.advance(in.world.now());
    in.world.run_for(what.step);
    each_step(load, in.world.now() - begin);
    if (in.world.now() - begin > 10min) {
      ADD_FAILURE() << "the load does not end";
      load.stop(in.world.now());
    }
  }
  return in.world.now() - begin;
}

inline nanoseconds run_in(sim_fixture& in, const drive_settings& settings, const sim_load& what,
                          recorder& books) {
  return run_in(in, settings, what, books, [](driver&, nanoseconds) {});
}

}  // namespace ferrule::load
