// A call of another service, both sides of it and the simulated network between them included: what
// counts is by how much a change of the client makes it more.

#include <benchmark/benchmark.h>

#include <string_view>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/sim_run.hpp"

namespace {

using namespace ferrule;

constexpr auto routes = route_table(route<"GET /">([] { return "Hello, World!"; }));

/// A service, and who calls it.
struct neighbours {
  neighbours() { server.listen(*address::parse("10.0.0.2", 80), {}); }
  ~neighbours() {
    bool drained = false;
    server.drain(
        std::chrono::nanoseconds(0), [](void* done) noexcept { *static_cast<bool*>(done) = true; },
        &drained);
    world.run_until([&] { return drained; });
  }

  test::sim_world world{1};
  reactor& client = world.add_host("10.0.0.1");
  dispatcher<routes> service;
  http::server server{world.add_host("10.0.0.2"), service};
  const origin at = *origin::parse("http://10.0.0.2");
  client_pool pool;
  upstream hello{"hello", pool, std::vector<origin>{at}, client};
};

task<bool> send(neighbours* all) {
  const auto answered = co_await all->pool.send(all->at, {});
  co_return answered && answered->status() == 200;
}
task<bool> call(neighbours* all) {
  const auto answered = co_await all->hello.call({.request = {}});
  co_return answered && answered->status() == 200;
}

void exchange(benchmark::State& state, task<bool> (*ask)(neighbours*)) {
  neighbours all;
  const auto once = [&] {
    if (!test::sim_run(all.world, all.client, ask(&all)).value_or(false)) {
      state.SkipWithError("it was not answered");
    }
  };
  for (int i = 0; i < 100; ++i) once();
  for (auto _ : state) once();
}

void send_through_a_pool(benchmark::State& state) { exchange(state, send); }
BENCHMARK(send_through_a_pool);
void call_through_an_upstream(benchmark::State& state) { exchange(state, call); }
BENCHMARK(call_through_an_upstream);

}  // namespace
