// Testing: handlers are plain functions, a table or a whole service is called without a socket, and
// time is virtual: a test of an hour takes none. Another service is a mock of its contract.
//
//   $ testing
//   5 tests passed
#include <ferrule/client/client.hpp>
#include <ferrule/ferrule.hpp>
#include <ferrule/test/app.hpp>
#include <ferrule/test/background.hpp>
#include <ferrule/test/call.hpp>
#include <ferrule/test/mock.hpp>

#include <cstdio>
using namespace ferrule;

namespace prices {  // another service's contract
struct price {
  std::uint64_t cents = 0;
};
enum class error : std::uint8_t { unknown };
constexpr problem to_problem(error) noexcept { return {.status = 404, .title = "Unknown"}; }
inline constexpr endpoint<"GET /prices/{id}", price(std::uint64_t id), error> get_price{};
inline constexpr contract api(get_price);
}  // namespace prices

// What is tested.
struct visits {
  int count = 0;
};
std::string greet(std::string_view name, visits& seen) {
  return fmt::format("Hello, {}! You are visitor {}.", name, ++seen.count);
}
task<std::string> nap() {
  co_await sleep(1h);
  co_return "awake";
}
task<std::string> quote(std::uint64_t id, const client<prices::api>& shop) {
  const auto found = co_await shop(prices::get_price, id);
  if (!found) co_return found.error().is(prices::error::unknown) ? "no price" : "ask again later";
  co_return fmt::format("{} cents", found->cents);
}
task<> forget(visits& seen) {
  seen.count = 0;
  co_return;
}
constexpr auto routes = route_table(route<"GET /greetings/{name}">(greet), route<"GET /nap">(nap));

// The tests. In a project of one's own they are GoogleTest's, or any other framework's.
bool greets_and_counts() {
  visits seen{.count = 6};
  const auto response = test::call<routes>("GET /greetings/Ada", seen);
  return response.status == 200 && response.body == "Hello, Ada! You are visitor 7." &&
         test::call<routes>({.line = "POST /greetings/Ada"}, seen).field("Allow") ==
             "GET, HEAD, OPTIONS";
}
bool remembers_visitors_of_a_whole_service() {
  test::app<routes> service(per_reactor([] { return visits(); }));
  service.call("GET /greetings/Ada");
  return service.call("GET /greetings/Bob").body == "Hello, Bob! You are visitor 2.";
}
bool sleeps_an_hour_at_once() {
  visits seen;
  const auto response = test::call<routes>("GET /nap", seen);
  return response.body == "awake" && response.took >= 1h;
}
bool quotes_what_the_other_service_says() {
  test::sim_world world(42);
  reactor& loop = world.add_host("10.0.0.1");
  test::mock<prices::api> shop;
  const client<prices::api> to_shop(shop);
  shop.on(prices::get_price, [](std::uint64_t id) -> result<prices::price, prices::error> {
    if (id == 0) return fail(prices::error::unknown);
    return prices::price{250};
  });
  const bool answers = test::sim_run(world, loop, quote(7, to_shop)) == "250 cents" &&
                       test::sim_run(world, loop, quote(0, to_shop)) == "no price";
  shop.delay(prices::get_price, 5s);  // longer than a call may take
  return answers && test::sim_run(world, loop, quote(7, to_shop)) == "ask again later";
}
bool forgets_every_day() {
  test::sim_world world(42);
  visits seen{.count = 6};
  test::run_background(world, world.add_host("10.0.0.1"), background("forget", every(24h), forget),
                       25h, seen);
  return seen.count == 0;
}

int main() {
  const bool passed = greets_and_counts() && remembers_visitors_of_a_whole_service() &&
                      sleeps_an_hour_at_once() && quotes_what_the_other_service_says() &&
                      forgets_every_day();
  std::puts(passed ? "5 tests passed" : "a test failed");
  return passed ? 0 : 1;
}
