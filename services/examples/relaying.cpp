// Relaying: what another service answers goes through to the client part by part, and what the
// client sends goes on to that service, so that memory holds a part, and the slowest side sets the
// pace. Here the service behind is this one itself.
//
//   $ relaying --store http://127.0.0.1:8000 --port 8000
//
//   $ curl -s 'http://127.0.0.1:8000/relayed/numbers?count=100000' | tail -n 1
//   100000
//   $ seq 300000 | curl -s -T - http://127.0.0.1:8000/relayed/size
//   {"bytes":1988895}
//   $ curl -s 'http://127.0.0.1:8000/relayed/numbers?count=0'
//   {"type":"about:blank","title":"Bad Request","status":400,"detail":"there is nothing to count",\
//       "trace_id":"..."}
#include <ferrule/client/client_pool.hpp>
#include <ferrule/client/upstream.hpp>
#include <ferrule/ferrule.hpp>
using namespace ferrule;

struct how_many {
  std::uint64_t count = 10;
};
struct size {
  std::uint64_t bytes = 0;
};

// The service behind.

response_stream count_to(std::uint64_t last) {
  co_yield stream_head{.content_type = "text/plain"};
  for (std::uint64_t i = 1; i <= last; ++i) co_yield fmt::format("{}\n", i);
}
result<response_stream, problem> numbers(query<how_many> asked) {
  if (asked->count == 0) return fail(problem{.status = 400, .detail = "there is nothing to count"});
  return count_to(asked->count);
}

task<size> measure(body_stream sent) {
  size all;
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) co_return all;
    all.bytes += part.size();
  }
}

// The one in front: its connections and what it knows of the other, for each reactor.

struct store {
  store(reactor& loop, const std::string& url)
      : service("store", pool, std::vector{origin::parse(url).value()}, loop) {}
  client_pool pool;
  upstream service;
};

// What breaks off behind breaks off in front as well: an exception leaves the response without its
// end, so that nobody takes it for whole. A client that goes away closes both connections.
response_stream hand_on(call_stream answer) {
  co_yield stream_head{.status = answer.status(), .content_type = answer.header("Content-Type")};
  while (auto part = co_await answer.read()) co_yield *part;
  if (answer.failure() != nullptr) throw std::runtime_error(to_string(*answer.failure()));
}

task<result<response_stream, problem>> relay_numbers(query<how_many> asked, store& behind) {
  const std::string target = fmt::format("/numbers?count={}", asked->count);
  auto answer = co_await behind.service.open({.request = {.target = target}});
  if (!answer) co_return fail(to_problem(answer.error()));  // tried again until then: 502, 503, 504
  co_return hand_on(std::move(*answer));
}

task<result<response_stream, problem>> relay_upload(body_stream sent, store& behind) {
  auto answer = co_await behind.service.open(
      {.request = {.verb = "PUT", .target = "/size", .streamed = http::streamed_body{}}});
  bool is_taken = answer.has_value();
  while (is_taken) {
    const std::string_view part = co_await sent.read();
    is_taken =
        (part.empty() ? co_await answer->finish() : co_await answer->write(part)).has_value();
    if (part.empty()) break;
  }
  if (!answer) co_return fail(to_problem(answer.error()));
  const auto head = co_await answer->head();  // also of a service that wanted no more, and says why
  if (!head) co_return fail(to_problem(head.error()));
  co_return hand_on(std::move(*answer));
}

constexpr auto large = with(body_bytes_max<std::uint64_t{1} << 30>);
constexpr auto routes = route_table(
    route<"GET /numbers">(numbers), route<"PUT /size">(measure, large),
    route<"GET /relayed/numbers">(relay_numbers), route<"PUT /relayed/size">(relay_upload, large));

struct settings {
  std::string store = "http://127.0.0.1:8000";
};
constexpr option options[] = {value_option<&settings::store>("store", "URL", "the service behind")};

int main(int argc, char** argv) {
  settings given;
  return serve<routes>({.port = 8000}, argc, argv, {options, &given},
                       per_reactor([&](reactor& loop) { return store(loop, given.store); }));
}
