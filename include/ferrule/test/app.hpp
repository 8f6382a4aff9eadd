#pragma once
/// @file
/// A whole service in a test: its routes and states on a reactor, its background work, and a client
/// that keeps cookies, over a virtual network with a virtual clock. No port, no sleep.
///
/// ```cpp
/// #include <ferrule/ferrule.hpp>
/// struct visits { int count = 0; };
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"POST /login">([] {
///       return ferrule::response{.status = 204}.field("Set-Cookie", "sid=7; Path=/");
///     }),
///     ferrule::route<"GET /me">([](ferrule::cookie<"sid"> sid, visits& v) {
///       return std::string(sid.value_or("nobody")) + std::to_string(++v.count);
///     }));
/// inline bool knows_who_it_is() {
///   ferrule::test::app<routes> shop(ferrule::per_reactor([] { return visits(); }));
///   shop.call("POST /login");
///   return shop.call("GET /me").body == "71" && shop.call("GET /me").body == "72";
/// }
/// ```
///
/// `test::call` is for one request to one route, without all that; what the server itself refuses
/// is the same in both.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/app/background.hpp"
#include "ferrule/app/run_service.hpp"
#include "ferrule/app/serve.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/test/call.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// What `app` is, whatever its routes are.
/// Thread rule: one thread.
class app_world {
 public:
  /// Throws std::runtime_error with what keeps the service from starting.
  explicit app_world(std::shared_ptr<service_factory> factory,
                     const http::server_limits& limits = {});
  app_world(const app_world&) = delete;
  app_world& operator=(const app_world&) = delete;
  /// Ends the service as `serve` does: what runs has 10 s of virtual time.
  ~app_world();

  /// Sends a request and waits, in virtual time, for the whole response. Of a `call_request` count
  /// the line, the fields, to which Host and the cookies are added unless they are there, the body,
  /// and as `deadline` how long the client waits, a day unless it says so: then it closes its
  /// connection, and the status is 0. It is 0 as well where no client could send the request; what
  /// a server says to such a one, `test::call` tells.
  call_answer call(const call_request& r);
  call_answer call(const char* line) { return call(call_request{.line = line}); }
  /// The same for several at the same time, each on a connection of its own. Cookies that they are
  /// given are kept in the order of the requests.
  std::vector<call_answer> call_all(const std::vector<call_request>& all);

  /// Lets time pass: timers, background work.
  void run_for(std::chrono::nanoseconds span) { world_.run_for(span); }
  /// The cookies that were set and not taken back, by a Max-Age or a date that is over when they
  /// come, by name. Paths and domains do not count, and none goes later.
  std::map<std::string, std::string, std::less<>>& cookies() noexcept { return cookies_; }
  /// The network and its clock.
  sim_world& world() noexcept { return world_; }
  /// The service's reactor.
  reactor& loop() noexcept { return host_; }

 private:
  void keep_cookies(const call_answer& answer);

  sim_world world_;
  reactor& host_;
  reactor& clients_;
  std::map<std::string, std::string, std::less<>> cookies_;
  std::shared_ptr<service_factory> factory_;
  std::unique_ptr<reactor_service> service_;
  std::optional<background_runner> background_;
  std::optional<http::server> server_;
};

namespace detail {

/// A state as `serve` takes it; any other object is one that the test keeps.
template <class State>
auto given_state(State&& state) {
  using given = std::remove_cvref_t<State>;
  if constexpr (ferrule::detail::is_state<given>) {
    return given(std::forward<State>(state));
  } else {
    static_assert(std::is_lvalue_reference_v<State>,
                  "ferrule: test::app takes states as serve does, or as objects that the test "
                  "keeps, by name");
    return shared_state<std::remove_reference_t<State>>{state};
  }
}
template <const auto& Table, class... State>
std::shared_ptr<service_factory> make_factory(State... states) {
  return std::make_shared<ferrule::detail::table_service_factory<Table, State...>>(
      std::move(states)...);
}

}  // namespace detail

/// A service with the routes of `Table`, until it is destroyed. `states` and background work are as
/// `serve` takes them; a state may also be an object of the test, which it can look into.
template <const auto& Table>
class app : public app_world {
 public:
  template <class... State>
  explicit app(State&&... states)
      : app_world(detail::make_factory<Table>(
            detail::given_state(std::forward<State>(states))...)) {}
  template <class... State>
  explicit app(const http::server_limits& limits, State&&... states)
      : app_world(
            detail::make_factory<Table>(detail::given_state(std::forward<State>(states))...),
            limits) {}
};

}  // namespace ferrule::test
