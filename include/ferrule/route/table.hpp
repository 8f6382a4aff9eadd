#pragma once
/// @file
/// The routes of a service as one constant, checked by the compiler.
///
/// ```cpp
/// inline std::string greet(std::string_view name) { return "Hello, " + std::string(name) + "!"; }
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Hello, World!"; }),
///     ferrule::route<"GET /hello/{name}">(greet));
/// static_assert(routes.size == 2);
/// ```
///
/// Patterns are explained in api/pattern.hpp, parameters in api/extractors.hpp, results in
/// api/results.hpp, layers in route/layers.hpp. Two routes of one method and shape are refused
/// (`GET /users/{id}` and `GET /users/{name}`); a literal beside a placeholder is not.

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "ferrule/api/check.hpp"
#include "ferrule/route/trie.hpp"

namespace ferrule {

/// Layers as types, outermost first; made by `with`.
template <class... L>
struct layer_list {};

namespace detail {
template <class L>
concept has_refused = requires { &L::refused; };

/// Whether a hook can be called on a layer, of which there is one for all requests.
template <class Hook>
inline constexpr bool is_const_hook = true;
template <class R, class L, class... A>
inline constexpr bool is_const_hook<R (L::*)(A...)> = false;
template <class R, class L, class... A>
inline constexpr bool is_const_hook<R (L::*)(A...) noexcept> = false;

/// Whether a layer has a hook that is not const.
template <class L>
concept has_mutable_hook = requires { requires !is_const_hook<decltype(&L::before)>; } ||
                           requires { requires !is_const_hook<decltype(&L::after)>; } ||
                           requires { requires !is_const_hook<decltype(&L::refused)>; };

/// What stands among layers but has no hooks: limits, and how problems are told.
template <class L>
inline constexpr bool is_setting = false;

/// What answers for paths without a route, see route/fallback.hpp.
template <auto Function>
struct fallback_layer {};
template <class L>
inline constexpr bool is_fallback = false;
template <auto Function>
inline constexpr bool is_fallback<fallback_layer<Function>> = true;
template <auto Function>
inline constexpr bool is_setting<fallback_layer<Function>> = true;

/// What of `Rest` has hooks, behind `Hooks`.
template <class Hooks, class Rest>
struct without_settings {
  using type = Hooks;
};
template <class... H, class L, class... Rest>
struct without_settings<layer_list<H...>, layer_list<L, Rest...>>
    : without_settings<std::conditional_t<is_setting<L>, layer_list<H...>, layer_list<H..., L>>,
                       layer_list<Rest...>> {};
}  // namespace detail

/// Wraps a whole table, as the first argument of `route_table`, or one route, as the second one of
/// `route`, in layers: the first is outermost.
template <class... L>
consteval layer_list<L...> with(L...) {
  static_assert((std::is_empty_v<L> && ...),
                "ferrule: a layer has no members: give constants as template arguments, and take "
                "what changes as state (T&)");
  static_assert(!(detail::has_mutable_hook<L> || ...),
                "ferrule: a hook of a layer is const, for there is one layer for all requests: "
                "void before(...) const; what changes is its local, or state (T&)");
  return {};
}

namespace detail {

/// A pattern with its handler and the layers of its own.
template <fixed_string Text, class Handler, class... L>
struct route_entry {
  using handler_type = Handler;
  using layers = layer_list<L...>;
  static constexpr auto text = Text;
  static constexpr const pattern& shape = parsed_pattern<Text>;

  Handler handler;
};

/// Stands for a route that was refused, so that one mistake is one error.
struct refused_handler {
  void operator()() const noexcept {}
};
using refused_route = route_entry<"GET /refused-by-the-compiler", refused_handler>;

/// A route at its place in a table. The places are bases because a tuple of a thousand takes the
/// compiler too long.
template <std::size_t I, class Entry>
struct table_slot : Entry {
  constexpr explicit table_slot(Entry e) : Entry(e) {}
};
template <std::size_t I, class Entry>
std::type_identity<Entry> find_slot(const table_slot<I, Entry>*);

template <class Indices, class... Entry>
struct table_slots;
template <std::size_t... I, class... Entry>
struct table_slots<std::index_sequence<I...>, Entry...> : table_slot<I, Entry>... {
  constexpr explicit table_slots(Entry... e) : table_slot<I, Entry>(e)... {}
};

/// Stands in the compiler's message with both routes spelled out.
template <fixed_string First, fixed_string Second>
struct duplicate_routes {
  static_assert(sizeof(First) == 0,
                "ferrule: these two routes match the same requests: remove one of them, or change "
                "its method or a literal of its path");
  static constexpr bool passed = true;
};

template <class Layers, class... Entry>
struct table;
template <class... L, class... Entry>
struct table<layer_list<L...>, Entry...>
    : table_slots<std::index_sequence_for<Entry...>, Entry...> {
  using slots = table_slots<std::index_sequence_for<Entry...>, Entry...>;

  using layers = layer_list<L...>;

  static constexpr std::size_t size = sizeof...(Entry);
  static constexpr std::array<const pattern*, size> patterns{&Entry::shape...};
  static constexpr auto tree = build_trie<trie_size(patterns)>(patterns);

  constexpr explicit table(Entry... e) : slots(e...) {}
};

template <std::size_t I, class Table>
using entry_at = typename decltype(find_slot<I>(static_cast<const Table*>(nullptr)))::type;

template <class Table, bool HasDuplicates = (Table::tree.duplicate >= 0)>
struct unique_routes {
  static constexpr bool passed = true;
};
template <class Table>
struct unique_routes<Table, true>
    : duplicate_routes<entry_at<static_cast<std::size_t>(Table::tree.duplicate_of), Table>::text,
                       entry_at<static_cast<std::size_t>(Table::tree.duplicate), Table>::text> {};

template <class>
inline constexpr bool is_route_entry = false;
template <fixed_string Text, class Handler, class... L>
inline constexpr bool is_route_entry<route_entry<Text, Handler, L...>> = true;

}  // namespace detail

/// Answers requests that match `Pattern` by calling `handler`: a function or a lambda without
/// captures. The compiler refuses what cannot work, with a message that names the route.
template <fixed_string Pattern, class Handler, class... L>
consteval auto route([[maybe_unused]] Handler handler, layer_list<L...> = layer_list<>{}) {
  using check = detail::handler_check<Pattern, Handler>;
  static_assert(check::passed);
  static_assert(!(detail::has_refused<L> || ...),
                "ferrule: a layer with a refused belongs to the table, as the first argument of "
                "route_table: what it hears of need not have a route");
  static_assert(!(detail::is_fallback<L> || ...),
                "ferrule: a fallback belongs to the table, as the first argument of route_table: "
                "it answers what has no route");
  if constexpr (check::is_sound) {
    return detail::route_entry<Pattern, Handler, L...>{handler};
  } else {
    return detail::refused_route{{}};
  }
}

/// A table of routes, to be kept in a `constexpr` variable of static storage.
template <class... L, class... Entry>
consteval auto route_table(layer_list<L...>, Entry... routes) {
  // An array and no fold, for Clang stops at folds of more than 256 operands.
  constexpr std::array<bool, sizeof...(Entry) + 1> are_routes{true,
                                                              detail::is_route_entry<Entry>...};
  static_assert(std::ranges::count(are_routes, false) == 0,
                "ferrule: route_table takes what route<\"METHOD /path\">(handler) makes, after an "
                "optional with(layer...); name the contract for on<endpoint>(handler): "
                "route_table<contract>(...)");
  using made = detail::table<layer_list<L...>, Entry...>;
  static_assert(detail::unique_routes<made>::passed);
  return made(routes...);
}
template <class... Entry>
consteval auto route_table(Entry... routes) {
  return route_table(layer_list<>{}, routes...);
}

}  // namespace ferrule
