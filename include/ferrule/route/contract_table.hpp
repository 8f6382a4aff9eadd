#pragma once
/// @file
/// A route table that keeps a contract: every endpoint is answered once, by a handler that takes
/// and returns what the endpoint says.
///
/// ```cpp
/// namespace counters {
/// inline constexpr ferrule::endpoint<"GET /counters/{name}", int(std::string_view)> get{};
/// inline constexpr ferrule::endpoint<"POST /counters/{name}", int(std::string_view)> add{};
/// inline constexpr ferrule::contract api(get, add);
/// }  // namespace counters
///
/// struct counter { int value = 0; };
/// inline int show(std::string_view, const counter& c) { return c.value; }
/// inline ferrule::task<int> count(std::string_view, counter& c) { co_return ++c.value; }
/// constexpr auto routes = ferrule::route_table<counters::api>(
///     ferrule::on<counters::get>(show),
///     ferrule::on<counters::add>(count),
///     ferrule::route<"GET /health">([] { return "ok"; }));  // beside the contract
/// ```
///
/// A handler takes the endpoint's parameters in their order, and wherever it likes beside them
/// `T&` for state, `const request&` and `deadline`. It returns the endpoint's result, or
/// `result<T, E>` with the endpoint's error, or a `task<>` of one of these. Any text serves for
/// text, and `void` for `no_content`. Layers are given as to `route`.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "ferrule/api/contract.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {
namespace detail {

template <class T>
concept empty_result = std::is_void_v<T> || std::same_as<T, no_content>;

/// Whether an answer of type `Given` is one of type `Wanted` to the client.
template <class Given, class Wanted>
inline constexpr bool is_same_answer =
    std::same_as<Given, Wanted> || (text_result<Given> && text_result<Wanted>) ||
    (empty_result<Given> && empty_result<Wanted>);

template <class Given, class Endpoint>
inline constexpr bool gives_result_of = is_same_answer<Given, typename Endpoint::result_type>;
template <class T, class E, class Endpoint>
inline constexpr bool gives_result_of<result<T, E>, Endpoint> =
    is_same_answer<T, typename Endpoint::result_type> &&
    std::same_as<E, typename Endpoint::error_type>;

/// Compares a handler's signature with its endpoint, whose text stands in the compiler's message.
template <fixed_string Text, class Endpoint, class Signature>
struct endpoint_handler_check {
  static_assert(std::same_as<sent_types<Signature>, sent_types<typename Endpoint::signature>>,
                "ferrule: this handler does not take what its endpoint says: take the endpoint's "
                "parameters, of the same types and in the same order; T& for state, const "
                "request& and deadline may stand beside them");
  static_assert(gives_result_of<eventual_result<typename Signature::result_type>, Endpoint>,
                "ferrule: this handler does not return what its endpoint says: return the "
                "endpoint's result, or result<T, E> with the endpoint's error, or a task<> of "
                "one of these");
  static constexpr bool passed = true;
};
/// For a handler without a signature, which `handler_check` refuses.
template <fixed_string Text, class Endpoint>
struct endpoint_handler_check<Text, Endpoint, void> {
  static constexpr bool passed = true;
};

/// A route that was made by `on`.
template <class Endpoint, class Route>
struct endpoint_route {
  Route route;
};

template <class Endpoint, class Entry>
inline constexpr bool answers = false;
template <class Endpoint, class Route>
inline constexpr bool answers<Endpoint, endpoint_route<Endpoint, Route>> = true;

/// Stands in the compiler's message with the endpoint.
template <fixed_string Endpoint, std::size_t Handlers>
struct endpoint_answered {
  static_assert(Handlers != 0,
                "ferrule: this endpoint of the contract is left out of the route table: add "
                "on<endpoint>(handler) for it");
  static_assert(Handlers < 2,
                "ferrule: this endpoint of the contract is given twice in the route table: keep "
                "one on<endpoint>(handler)");
  static constexpr bool passed = true;
};
template <fixed_string Endpoint, bool IsOfContract>
struct endpoint_belongs {
  static_assert(IsOfContract,
                "ferrule: this endpoint is none of the route table's contract: add it to the "
                "contract, or answer it by route<\"METHOD /path\">(handler)");
  static constexpr bool passed = true;
};

template <class Entry, class... Endpoint>
inline constexpr bool entry_belongs = true;
template <class Given, class Route, class... Endpoint>
inline constexpr bool entry_belongs<endpoint_route<Given, Route>, Endpoint...> =
    endpoint_belongs<Given::text, (std::same_as<Given, Endpoint> || ...)>::passed;

template <class Endpoint, class... Entry>
inline constexpr bool answered_once =
    endpoint_answered<Endpoint::text,
                      (std::size_t{0} + ... + std::size_t{answers<Endpoint, Entry>})>::passed;

template <class Contract, class... Entry>
struct contract_check {
  static_assert(sizeof(Contract) == 0,
                "ferrule: route_table<...> takes a contract: contract(get_user, create_user)");
  static constexpr bool passed = true;
};
template <class... Endpoint, class... Entry>
struct contract_check<contract<Endpoint...>, Entry...> {
  static constexpr bool passed =
      (entry_belongs<Entry, Endpoint...> && ...) && (answered_once<Endpoint, Entry...> && ...);
};

template <class Entry>
constexpr Entry plain_route(Entry entry) {
  return entry;
}
template <class Endpoint, class Route>
constexpr Route plain_route(endpoint_route<Endpoint, Route> entry) {
  return entry.route;
}

}  // namespace detail

/// Answers requests to `Endpoint` by calling `handler`, in the route table of a contract.
template <auto Endpoint, class Handler, class... L>
consteval auto on(Handler handler, layer_list<L...> layers = layer_list<>{}) {
  using described = std::remove_const_t<decltype(Endpoint)>;
  static_assert(detail::is_endpoint<described>,
                "ferrule: on<...> takes an endpoint: on<users::get_user>(handler)");
  static_assert(detail::endpoint_handler_check<described::text, described,
                                               detail::signature_of<Handler>>::passed);
  const auto made = route<described::text>(handler, layers);
  return detail::endpoint_route<described, std::remove_const_t<decltype(made)>>{made};
}

/// A table of routes in which each endpoint of `Contract` has its handler by `on`. Other routes
/// stand beside them.
template <auto Contract, class... L, class... Entry>
consteval auto route_table(layer_list<L...> layers, Entry... routes) {
  using checked = std::remove_const_t<decltype(Contract)>;
  static_assert(detail::contract_check<checked, Entry...>::passed);
  return route_table(layers, detail::plain_route(routes)...);
}
template <auto Contract, class... Entry>
consteval auto route_table(Entry... routes) {
  return route_table<Contract>(layer_list<>{}, routes...);
}

}  // namespace ferrule
