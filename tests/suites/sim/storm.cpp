#include "storm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <list>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"
#include "ferrule/test/sim.hpp"
#include "storm_client.hpp"

namespace ferrule::test {

using namespace std::chrono_literals;

namespace {

unsigned handlers_alive = 0;

struct alive {
  alive() { ++handlers_alive; }
  alive(const alive&) = delete;
  ~alive() { --handlers_alive; }
};

task<std::string> answer_in_a_storm(std::uint64_t token) {
  const alive here;
  co_await sleep(std::chrono::milliseconds(token % 97));
  co_return std::to_string(token);
}

response_stream stream_back(body_stream in) {
  const alive here;
  for (;;) {
    const std::string_view part = co_await in.read();
    if (part.empty()) break;
    co_yield part;
  }
}

response_stream stream_much(std::uint64_t token) {
  const alive here;
  const std::string part = std::to_string(token);
  for (unsigned i = 0; i != storm_repetitions; ++i) co_yield part;
}

constexpr auto storm_routes = route_table(
    route<"GET /now/{token}">([](std::uint64_t token) { return std::to_string(token); }),
    route<"GET /later/{token}">(answer_in_a_storm), route<"GET /much/{token}">(stream_much),
    route<"POST /echo">([](body b) { return std::string(b.bytes); }),
    route<"POST /stream">(stream_back));

/// Nothing may be rescued by a timeout, and each buffer may be as small as the script wants.
http::server_limits limits_of(choices& script) {
  http::server_limits limits;
  limits.header_timeout = limits.body_timeout = limits.idle_timeout = limits.write_timeout = 3h;
  limits.handler_timeout = limits.linger_timeout = 3h;
  limits.body_bytes_per_second_min = 0;
  limits.input_bytes_max = std::size_t{1} << (8 + script.below(9));
  limits.output_bytes_max = std::size_t{1} << (4 + script.below(13));
  return limits;
}

/// Faults that delay and cut, but lose nothing.
void make_harmless_trouble(sim_link& link, choices& script) {
  const auto maybe = [&script](double most) {
    const unsigned chosen = script.below(8);
    return chosen < 4 ? 0 : most * (chosen - 3) / 4;
  };
  link.delay = maybe(0.2);
  link.stall = maybe(0.05);
  link.short_read = maybe(1);
  link.short_write = maybe(0.5);
  link.accept_emfile = maybe(0.5);
}

/// All connections of one client, one after the other.
task<> visit(sim_world& world, storm_client& client, address server) {
  const std::string here = client.host;
  for (storm_connection& each : client.connections) {
    sim_link& link = world.between(here, server.ip());
    const sim_link harmless = link;
    co_await converse(link, each, server);
    link = harmless;
  }
}

void add_up(storm_report& report, const storm_connection& connection) {
  ++report.connections;
  report.asked += static_cast<unsigned>(connection.wanted.size());
  report.answered += connection.answered;
  report.refused += connection.refused ? 1 : 0;
  report.undisturbed += connection.trouble == disturbance::none ? 1 : 0;
  if (report.wrong.empty()) report.wrong = connection.problem();
}

}  // namespace

storm_report run_storm(std::span<const std::uint8_t> bytes) {
  choices script(bytes);
  storm_report report;
  const std::uint64_t frames_before = frame_pool::stats().live;
  {
    sim_world world(1 + script.below(256));
    const address at = *address::parse("10.0.0.1", 80);
    reactor& loop = world.add_host(at.ip());
    make_harmless_trouble(world.everywhere(), script);
    dispatcher<storm_routes> service;
    http::server server(loop, service, limits_of(script));
    if (server.listen(at, {}) != 0) report.wrong = "cannot listen";

    stop_source never;
    std::list<storm_client> clients;
    std::list<environment> surroundings;
    std::list<scope> visits;
    const unsigned count = 1 + script.below(4);
    for (unsigned i = 0; i != count; ++i) {
      storm_client& client = clients.emplace_back(make_client(i, script));
      reactor& client_loop = world.add_host(client.host);
      surroundings.push_back({.loop = &client_loop, .stop = &never});
      visits.emplace_back(surroundings.back()).spawn(visit(world, client, at));
    }
    const bool left = world.run_until(
        [&] { return std::ranges::all_of(visits, [](const scope& v) { return v.empty(); }); }, 96h);
    bool drained = false;
    server.drain(10s, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &drained);
    const bool ended = world.run_until([&] { return drained; });

    for (const storm_client& client : clients) {
      for (const storm_connection& each : client.connections) add_up(report, each);
    }
    for (const scope& each : visits) {
      if (each.failure() != nullptr) report.wrong = "a client threw";
    }
    if (!left) report.wrong = "a client hangs";
    if (!ended) report.wrong = "the server does not drain";
    if (server.counters().connections_open != 0) report.wrong = "a connection is left";
    if (handlers_alive != 0) report.wrong = "a handler is left";
  }
  if (frame_pool::stats().live != frames_before) report.wrong = "a coroutine's frame is left";
  return report;
}

}  // namespace ferrule::test
