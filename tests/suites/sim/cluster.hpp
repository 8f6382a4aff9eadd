#pragma once
// A service of several servers and one client of it, all on one virtual clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule::test {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// What a server of the cluster does.
struct cluster_server {
  nanoseconds takes = 2ms;
  int status = 200;        // 200 after `takes`; all else at once
  bool says_when = false;  // Retry-After: 1
  std::uint64_t begun = 0;
};

inline task<response> serve_cluster(cluster_server& here) {
  ++here.begun;
  if (here.status != 200) {
    response answer{.status = here.status};
    if (here.says_when) co_return std::move(answer).field("Retry-After", "1");
    co_return answer;
  }
  co_await sleep(here.takes);
  co_return response{};
}
inline constexpr auto cluster_routes = route_table(route<"GET /">(serve_cluster));

/// How a call ended.
struct cluster_call {
  mono_time begun;
  nanoseconds took{};
  bool is_good = false;
  std::string what{};
  std::optional<call_failure> failed{};
};

/// What happens once while calls are made, so long after the first.
struct cluster_event {
  nanoseconds after{};
  std::function<void()> happens{};
};

class cluster {
 public:
  explicit cluster(std::size_t servers, std::uint64_t seed, const upstream_settings& settings = {},
                   const client_pool_settings& connections = {})
      : world_(seed), client_(world_.add_host(client_ip)), pool_(connections) {
    std::vector<origin> where;
    for (std::size_t i = 0; i != servers; ++i) {
      hosts_.emplace_back(world_, ip(i));
      where.push_back(*origin::parse("http://" + ip(i)));
    }
    service.emplace("cluster", pool_, std::move(where), client_, settings);
  }
  ~cluster() {
    for (std::size_t i = 0; i != hosts_.size(); ++i) link(i) = sim_link{};
    std::size_t drained = 0;
    for (host& each : hosts_) {
      each.listener.drain(1s, [](void* done) noexcept { ++*static_cast<std::size_t*>(done); },
                          &drained);
    }
    EXPECT_TRUE(world_.run_until([&] { return drained == hosts_.size(); }, 1min));
  }

  cluster_server& server(std::size_t i) { return hosts_[i].state; }
  sim_link& link(std::size_t i) { return world_.between(client_ip, ip(i)); }
  std::vector<std::uint64_t> begun() const {
    std::vector<std::uint64_t> all;
    for (const host& each : hosts_) all.push_back(each.state.begun);
    return all;
  }

  /// The client's endpoints are these servers from now on.
  void use(const std::vector<std::size_t>& servers) {
    std::vector<origin> where;
    for (const std::size_t i : servers) where.push_back(*origin::parse("http://" + ip(i)));
    EXPECT_TRUE(service->update(endpoints_at(where)));
  }

  /// Calls every `interval` for `span`, without waiting for answers; each call has `patience`.
  void load(nanoseconds span, nanoseconds interval = 20ms, nanoseconds patience = 10s,
            const cluster_event& event = {}) {
    calls.clear();
    const auto ended =
        sim_run(world_, client_, call_and_wait(this, span, interval, patience, &event),
                span + 20s);
    EXPECT_TRUE(ended.has_value()) << "something outlived its deadline";
  }
  std::size_t good() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls, [](const cluster_call& each) { return each.is_good; }));
  }
  void expect_all_good() const {
    for (const cluster_call& each : calls) {
      EXPECT_TRUE(each.is_good) << each.what << " after " << each.took / 1ms << " ms, begun at "
                                << each.begun.time_since_epoch() / 1ms;
    }
  }
  circuit_state breaker() { return service->breaker()->state(); }
  std::size_t ejected() {
    std::size_t count = 0;
    for (const auto& each : service->snapshot().endpoints) {
      count += each.ejection && each.ejection->is_ejected ? 1 : 0;
    }
    return count;
  }
  void wait(nanoseconds span) { world_.run_for(span); }

  std::vector<cluster_call> calls;
  std::optional<upstream> service;

 private:
  static constexpr const char* client_ip = "10.0.1.1";
  static std::string ip(std::size_t i) { return "10.0.0." + std::to_string(i + 1); }

  struct host {
    host(sim_world& world, const std::string& at)
        : service(state), listener(world.add_host(at), service) {
      listener.listen(*address::parse(at, 80), {});
    }
    cluster_server state;
    dispatcher<cluster_routes, cluster_server> service;
    http::server listener;
  };

  static task<> call(cluster* self, nanoseconds patience) {
    const environment& env = co_await current_environment();
    const mono_time begun = env.loop->now();
    const outgoing_call what{.request = {.target = "/"}};
    auto ended = co_await with_deadline(patience, self->service->call(what));
    cluster_call noted{.begun = begun, .took = env.loop->now() - begun};
    if (!ended) {
      noted.what = "not in time";
    } else if (!*ended) {
      noted.failed = ended->error();
      noted.what = to_string(ended->error());
    } else {
      noted.is_good = (*ended)->status() == 200;
      noted.what = std::to_string((*ended)->status());
    }
    self->calls.push_back(std::move(noted));
  }
  static task<> call_repeatedly(scope& all, cluster* self, nanoseconds span, nanoseconds interval,
                                nanoseconds patience, const cluster_event* event) {
    bool has_happened = event->happens == nullptr;
    for (nanoseconds past{0}; past < span; past += interval) {
      if (!has_happened && past >= event->after) {
        event->happens();
        has_happened = true;
      }
      all.spawn(call(self, patience));
      co_await sleep(interval);
    }
  }
  static task<> call_and_wait(cluster* self, nanoseconds span, nanoseconds interval,
                              nanoseconds patience, const cluster_event* event) {
    co_await with_scope(&call_repeatedly, self, span, interval, patience, event);
  }

  sim_world world_;
  std::deque<host> hosts_;
  reactor& client_;
  client_pool pool_;
};

}  // namespace ferrule::test
