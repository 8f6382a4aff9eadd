// The whole path of a request through user space: parser, routing, handler, JSON, head, engine.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "ferrule/observe/observer.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/sim.hpp"
#include "http/server_engine.hpp"

namespace {

using namespace ferrule;

struct user {
  std::string id, name, email;
};
user find(std::uint64_t id) {
  const std::string digits = std::to_string(id);
  return {digits, "User " + digits, "user" + digits + "@example.com"};
}
task<user> find_later(std::uint64_t id) { co_return find(id); }

constexpr auto routes = route_table(route<"GET /plaintext">([] { return "Hello, World!"; }),
                                    route<"GET /users/{id}">(find),
                                    route<"GET /async/users/{id}">(find_later));

struct silent_owner : net::protocol_owner {
  void protocol_changed() noexcept override {}
};

struct status_counts : observer {
  void request_ended(const request_record& ended) noexcept override { ++count[ended.status / 100]; }
  std::uint64_t count[6]{};
};

/// Feeds `count` requests at once and takes their answers.
void answer(benchmark::State& state, std::string_view path, int count, observer* hears = nullptr) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  loop.set_observer(hears);
  dispatcher<routes> service;
  http::server_context context(service, loop, {});
  silent_owner owner;
  http::server_engine engine(context, owner);
  std::string requests;
  for (int i = 0; i < count; ++i) {
    requests += "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  }
  buffer out;
  const auto exchange = [&] {
    engine.feed(requests);
    engine.take_outgoing(out);
    benchmark::DoNotOptimize(out.data());
    context.take_back(out);
    engine.outgoing_sent();
  };
  for (int i = 0; i < 100; ++i) exchange();
  for (auto _ : state) exchange();
  state.SetItemsProcessed(state.iterations() * count);
}

void answer_plaintext(benchmark::State& state) { answer(state, "/plaintext", 1); }
BENCHMARK(answer_plaintext);
void answer_plaintext_observed(benchmark::State& state) {
  status_counts counts;
  answer(state, "/plaintext", 1, &counts);
}
BENCHMARK(answer_plaintext_observed);
void answer_user(benchmark::State& state) { answer(state, "/users/42", 1); }
BENCHMARK(answer_user);
void answer_user_by_coroutine(benchmark::State& state) { answer(state, "/async/users/42", 1); }
BENCHMARK(answer_user_by_coroutine);
void answer_16_pipelined_users(benchmark::State& state) { answer(state, "/users/42", 16); }
BENCHMARK(answer_16_pipelined_users);
void answer_nobody(benchmark::State& state) { answer(state, "/nobody", 1); }
BENCHMARK(answer_nobody);

}  // namespace
