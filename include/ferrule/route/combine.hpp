#pragma once
/// @file
/// Tables of routes made from others: below a prefix, and several as one.
///
/// ```cpp
/// constexpr auto users = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "all"; }),
///     ferrule::route<"GET /{id}">([](std::uint64_t id) { return std::to_string(id); }));
/// constexpr auto pages = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Welcome"; }));
/// constexpr auto routes = ferrule::merge(pages, ferrule::nest<"/v1/users">(users));
/// static_assert(routes.size == 3);  // GET /, GET /v1/users, GET /v1/users/{id}
/// ```
///
/// Two routes that match the same requests are refused as in one table, with their whole paths.
/// Layers and limits stay with the routes they were given to, a table's outside of its routes' own.
/// What belongs to a whole table belongs to the outermost: requests without a route are seen by the
/// layers of `merge(with(layer...), a, b)`, and a layer with a `refused` and a `fallback` are given
/// there. Problems of a route are told as the `on_problem` of its own table says, those of no route
/// as the outermost says. `nest` alone gives a table that keeps its layers as they are.
///
/// The same for contracts is in api/contract.hpp, for their documents:
/// `openapi(merge(shop::api, nest<"/v1">(users::api)), info)`.

#include <cstddef>
#include <type_traits>
#include <utility>

#include "ferrule/api/contract.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {
namespace detail {

template <class>
inline constexpr bool is_layer_list = false;
template <class... L>
inline constexpr bool is_layer_list<layer_list<L...>> = true;

template <class>
inline constexpr bool is_table = false;
template <class... L, class... Entry>
inline constexpr bool is_table<table<layer_list<L...>, Entry...>> = true;

/// A route below a prefix.
template <fixed_string Prefix, class Entry>
struct nested_entry;
template <fixed_string Prefix, fixed_string Text, class Handler, class... L>
struct nested_entry<Prefix, route_entry<Text, Handler, L...>> {
  using type = route_entry<nested_text<Prefix, Text>, Handler, L...>;
};

/// A route with the layers of its table around its own.
template <class Layers, class Entry>
struct layered_entry;
template <class... L, fixed_string Text, class Handler, class... M>
struct layered_entry<layer_list<L...>, route_entry<Text, Handler, M...>> {
  static_assert(!(has_refused<L> || ...),
                "ferrule: a layer with a refused belongs to the outermost table: give it to "
                "merge(with(layer), a, b) instead of one of the tables, for what it hears of need "
                "not have a route");
  static_assert(!(is_fallback<L> || ...),
                "ferrule: a fallback belongs to the outermost table: give it to "
                "merge(with(fallback<f>), a, b) instead of one of the tables, for what it answers "
                "has no route");
  using type = route_entry<Text, Handler, L..., M...>;
};

template <class Table>
struct table_parts;
template <class... L, class... Entry>
struct table_parts<table<layer_list<L...>, Entry...>> {
  using given = table<layer_list<L...>, Entry...>;
  using indices = std::index_sequence_for<Entry...>;

  template <std::size_t I, class E>
  static consteval auto handler(const given& routes) {
    return static_cast<const table_slot<I, E>&>(routes).handler;
  }
  template <fixed_string Prefix, std::size_t... I>
  static consteval auto nest(const given& routes, std::index_sequence<I...>) {
    return table<layer_list<L...>, typename nested_entry<Prefix, Entry>::type...>(
        typename nested_entry<Prefix, Entry>::type{handler<I, Entry>(routes)}...);
  }
  /// The same routes with other layers of the table; its own go to the routes.
  template <class... Outer, std::size_t... I>
  static consteval auto layer(const given& routes, layer_list<Outer...>,
                              std::index_sequence<I...>) {
    using own = layer_list<L...>;
    return table<layer_list<Outer...>, typename layered_entry<own, Entry>::type...>(
        typename layered_entry<own, Entry>::type{handler<I, Entry>(routes)}...);
  }
};

/// The routes of two tables without layers of their own.
template <class... A, class... B, std::size_t... I, std::size_t... J>
consteval auto join(const table<layer_list<>, A...>& first, const table<layer_list<>, B...>& second,
                    std::index_sequence<I...>, std::index_sequence<J...>) {
  return table<layer_list<>, A..., B...>(
      A{static_cast<const table_slot<I, A>&>(first).handler}...,
      B{static_cast<const table_slot<J, B>&>(second).handler}...);
}

template <class Table>
consteval auto without_layers(const Table& routes) {
  using parts = table_parts<Table>;
  return parts::layer(routes, layer_list<>{}, typename parts::indices());
}

template <class First>
consteval auto join_all(const First& first) {
  return first;
}
template <class First, class Second, class... More>
consteval auto join_all(const First& first, const Second& second, const More&... more) {
  return join_all(join(first, without_layers(second), typename table_parts<First>::indices(),
                       typename table_parts<Second>::indices()),
                  more...);
}

}  // namespace detail

/// The routes of a table, or the endpoints of a contract, below `Prefix`: literal segments such as
/// "/v1". `GET /` becomes `GET /v1`, and `GET /users` becomes `GET /v1/users`.
template <fixed_string Prefix, class Table>
  requires(!detail::is_contract<Table>)
consteval auto nest(const Table& routes) {
  static_assert(detail::is_table<Table>,
                "ferrule: nest takes a table of routes, or a contract: nest<\"/v1\">(routes)");
  static_assert(detail::prefix_check<Prefix>::passed);
  using parts = detail::table_parts<Table>;
  const auto made = parts::template nest<Prefix>(routes, typename parts::indices());
  static_assert(detail::unique_routes<std::remove_const_t<decltype(made)>>::passed);
  return made;
}

/// The routes of several tables as one table, which has the layers that are given first.
template <class... L, class First, class... More>
  requires(!detail::is_contract<First>)
consteval auto merge(layer_list<L...> layers, const First& first, const More&... more) {
  static_assert(detail::is_table<First> && (detail::is_table<More> && ...),
                "ferrule: merge takes tables of routes, after an optional with(layer...), or "
                "contracts: merge(a, b)");
  const auto joined = detail::join_all(detail::without_layers(first), more...);
  using parts = detail::table_parts<std::remove_const_t<decltype(joined)>>;
  const auto made = parts::layer(joined, layers, typename parts::indices());
  static_assert(detail::unique_routes<std::remove_const_t<decltype(made)>>::passed);
  return made;
}
template <class First, class... More>
  requires(!detail::is_contract<First> && !detail::is_layer_list<First>)
consteval auto merge(const First& first, const More&... more) {
  return merge(layer_list<>{}, first, more...);
}

}  // namespace ferrule
