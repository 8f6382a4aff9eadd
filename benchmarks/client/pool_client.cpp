// Calls through a client_pool, so many at a time, each as soon as the one before is answered.

#include <vector>

#include "client/report.hpp"
#include "common/tool.hpp"
#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/sync_wait.hpp"

namespace {

using namespace ferrule;

task<> call(client_pool* pool, const origin* at, std::string_view path, mono_time end,
            bench::call_report* report) {
  const environment& env = co_await current_environment();
  while (env.loop->now() < end) {
    const auto answered = co_await pool->send(*at, {.target = path, .host = at->host()});
    if (!answered) bench::fail(to_string(answered.error().error));
    if (answered->status() != 200 || answered->body().empty()) bench::fail("not a 200");
    report->answered();
  }
}

task<> call_from_all_sides(std::vector<task<>> callers) { co_await when_all(std::move(callers)); }

}  // namespace

int main(int argc, char** argv) {
  bench::flags flags(argc, argv,
                     "--port P [--path /users/42] [--connections 64] [--duration S] "
                     "[--backend uring|epoll]");
  const auto at = origin::parse("http://127.0.0.1:" + flags.text("port", "8001"));
  const std::string path = flags.text("path", "/users/42");
  const auto connections = static_cast<std::uint32_t>(flags.number("connections", 64));
  const auto duration = std::chrono::seconds(flags.number("duration", 5));
  const bool epoll = flags.text("backend", "uring") == "epoll";
  flags.done();
  if (!at) bench::fail("no such port");

  io::made_backend made =
      io::make_backend({.kind = epoll ? io::backend_kind::epoll : io::backend_kind::uring});
  if (made.io == nullptr) bench::fail(made.why);
  reactor loop(std::move(made.io), 1);
  client_pool pool({.connections_per_origin_max = connections});
  bench::call_report report;
  std::vector<task<>> callers;
  for (std::uint32_t i = 0; i != connections; ++i) {
    callers.push_back(call(&pool, &*at, path, loop.now() + duration, &report));
  }
  sync_wait(loop, call_from_all_sides(std::move(callers)));
  report.print();
}
