#pragma once
/// @file
/// State for `serve` that calls another service: connections, an upstream and a typed client in one
/// object, so that a handler takes the client and nobody writes a class around it.
///
/// ```cpp
/// #include "ferrule/ferrule.hpp"
/// namespace users {
/// struct user { std::uint64_t id = 0; std::string name; };
/// inline constexpr ferrule::endpoint<"GET /users/{id}", user(std::uint64_t id)> get_user{};
/// inline constexpr ferrule::contract api(get_user);
/// }  // namespace users
///
/// inline ferrule::task<std::string> greet(std::uint64_t id,
///                                         const ferrule::client<users::api>& users) {
///   auto found = co_await users(users::get_user, id);
///   co_return found ? "Hello, " + found->name : ferrule::to_string(found.error());
/// }
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /greetings/{id}">(greet),
///     ferrule::route<"GET /resilience">([](const ferrule::client<users::api>& users) {
///       return users.report();
///     }));
///
/// int run(int argc, char** argv) {
///   const std::vector<ferrule::origin> where{*ferrule::origin::parse("http://10.0.0.1:8001")};
///   return ferrule::serve<routes>(argc, argv, ferrule::upstream_of<users::api>("users", where));
/// }
/// ```

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/api/state.hpp"
#include "ferrule/client/client.hpp"
#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/upstream.hpp"

namespace ferrule {
namespace detail {

/// What a client stands on, made before it.
struct upstream_parts {
  template <class Endpoints>
  upstream_parts(const std::string& name, const Endpoints& endpoints, reactor& loop,
                 const upstream_settings& settings, const client_pool_settings& connections)
      : pool(connections), service(name, pool, endpoints, loop, settings) {}

  client_pool pool;
  upstream service;
};

}  // namespace detail

/// A typed client with all that it needs. A handler takes it as `const client<Contract, Retry...>&`
/// or, where it wants the upstream, as this type. It neither moves nor dies while calls run.
/// Thread rule: belongs to the reactor's thread; `upstream_of` makes one for each reactor.
template <auto Contract, class... Retry>
class upstream_client final : private detail::upstream_parts, public client<Contract, Retry...> {
 public:
  /// `endpoints` as an `upstream` takes them, or addresses.
  template <class Endpoints>
  upstream_client(const std::string& name, const Endpoints& endpoints, reactor& loop,
                  const upstream_settings& settings = {},
                  const client_pool_settings& connections = {})
      : upstream_parts(name, endpoints, loop, settings, connections),
        client<Contract, Retry...>(this->service) {}
  upstream_client(const upstream_client&) = delete;
  upstream_client& operator=(const upstream_client&) = delete;

  /// To give it other endpoints, or to force its breaker.
  ferrule::upstream& upstream() noexcept { return this->service; }
  client_pool_counts connections() const noexcept { return this->pool.counts(); }
};

/// State of each reactor that calls the service `name` by its contract. `endpoints` are a vector of
/// `origin` or `upstream_endpoint`, or a function that returns one: it is called on each reactor's
/// thread, after the options were read. `Retry` are as those of `client`. Numbers and rates in the
/// settings are one reactor's.
template <auto Contract, class... Retry, class Endpoints>
auto upstream_of(std::string name, Endpoints endpoints, const upstream_settings& settings = {},
                 const client_pool_settings& connections = {}) {
  return per_reactor([name = std::move(name), endpoints = std::move(endpoints), settings,
                      connections](reactor& loop) {
    if constexpr (std::invocable<const Endpoints&>) {
      return upstream_client<Contract, Retry...>(name, endpoints(), loop, settings, connections);
    } else {
      return upstream_client<Contract, Retry...>(name, endpoints, loop, settings, connections);
    }
  });
}

}  // namespace ferrule
