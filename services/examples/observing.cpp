// What a service did: an observer hears of each request that has ended, whether its handler, the
// server or nobody answered it. Here it counts, and a route shows the sum over all reactors.
//
//   $ observing --port 8000 --threads 2
//
//   $ for i in 1 2 3 4 5; do curl -s http://127.0.0.1:8000/users/$i; done
//   no such user
//   user 2
//   no such user
//   user 4
//   no such user
//   $ curl -s -o /dev/null http://127.0.0.1:8000/nowhere
//   $ curl -s -d 'this is too long' -o /dev/null http://127.0.0.1:8000/words
//   $ curl -s http://127.0.0.1:8000/metrics
//   requests_total{route="(no such path)",status="404"} 1
//   requests_total{route="GET /users/{id}",status="200"} 2
//   requests_total{route="GET /users/{id}",status="404"} 3
//   requests_total{route="POST /words",status="413"} 1
#include <ferrule/ferrule.hpp>
#include <ferrule/io/gather.hpp>
#include <map>
using namespace ferrule;

// A plain state of each reactor, found as its observer by its base: no lock, no atomic. Routes are
// patterns and there are few statuses, so that nobody outside can make the map grow.
struct request_counts : observer {
  using by_route = std::map<std::pair<std::string_view, int>, std::uint64_t>;

  void request_ended(const request_record& ended) noexcept override {
    try {
      ++count[{ended.route, ended.status}];  // took, bytes_out, reason and more are there as well
    } catch (const std::bad_alloc&) {        // one that is not counted is no reason to end
    }
  }
  by_route count;
};

task<std::string> metrics(request_counts& mine) {
  request_counts::by_route sum;
  const auto all = co_await gather(mine, [](request_counts& one) { return one.count; });
  for (const auto& each : all) {
    if (!each) continue;  // of a reactor that has ended
    for (const auto& [what, count] : *each) sum[what] += count;
  }
  std::string text;
  for (const auto& [what, count] : sum) {
    text += fmt::format("requests_total{{route=\"{}\",status=\"{}\"}} {}\n", what.first,
                        what.second, count);
  }
  co_return text;
}

constexpr auto routes =
    route_table(route<"GET /users/{id}">([](std::uint64_t id) -> response {
                  if (id % 2 == 0) return {.body = fmt::format("user {}\n", id)};
                  return {.status = 404, .body = "no such user\n"};
                }),
                route<"POST /words">([](body words) { return std::string(words.bytes); },
                                     with(body_bytes_max<10>)),
                route<"GET /metrics">(metrics));

int main(int argc, char** argv) {
  return serve<routes>({.port = 8000}, argc, argv, per_reactor([] { return request_counts(); }));
}
