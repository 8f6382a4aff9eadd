// Rate limiting: so many requests a second for each client, in all reactors together, and so many
// expensive ones at a time. What is beyond is answered at once, and says when to come back.
//
//   $ rate_limiting --port 8000
//
//   $ for i in 1 2 3 4; do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8000/words; \
//       done
//   200 200 200 429
//   $ curl -s -H 'x-api-key: ada' http://127.0.0.1:8000/reports
//   done
#include <ferrule/ferrule.hpp>
#include <ferrule/route/resilience.hpp>
using namespace ferrule;

// Who counts as one client: a key if there is one, else the address. A real service has checked the
// key before, see authentication.cpp, lest a client make up a new one for each request. No key may
// look like an address: it would use up what another client has.
std::string by_key_or_address(const request& r) {
  const std::string_view key = r.header("X-Api-Key");
  return key.empty() ? std::string(by_peer(r)) : fmt::format("key {}", key);
}

struct report_slots : async_bulkhead {
  using async_bulkhead::async_bulkhead;
};

task<std::string_view> report() {
  co_await sleep(50ms);
  co_return "done\n";
}

constexpr auto routes =
    route_table(with(rate_limited<by_key_or_address>{}),  // 429
                route<"GET /words">([] { return "hello\n"; }),
                route<"GET /reports">(report, with(bulkheaded<report_slots>{})),  // 503
                route<"GET /resilience">(show_resilience<route_rate_limit, report_slots>));

int main(int argc, char** argv) {
  shared_rate_limiter rate({.per_second = 0.1, .burst = 3});
  return serve<routes>({.port = 8000}, argc, argv,
                       per_reactor([&](reactor& loop) { return route_rate_limit(rate, loop); }),
                       per_reactor([](reactor& loop) {
                         return report_slots({.running_max = loop.share_of(16), .waiting_max = 8},
                                             loop);
                       }));
}
