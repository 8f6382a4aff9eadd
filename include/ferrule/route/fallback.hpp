#pragma once
/// @file
/// What answers requests for paths that no route has, in the place of a 404.
///
/// ```cpp
/// inline ferrule::response not_found(const ferrule::request& asked) {
///   return {.status = 404, .content_type = "text/html",
///           .body = asked.path.starts_with("/blog/") ? "<h1>No such post" : "<h1>Not found"};
/// }
/// constexpr auto routes = ferrule::route_table(
///     ferrule::with(ferrule::fallback<not_found>),
///     ferrule::route<"GET /">([] { return "Hello"; }));
/// ```
///
/// It is a handler as any other, but for placeholders: it takes state, `query<T>`, `const
/// request&`, what the layers around it give, and may wait. All methods come to it, HEAD and
/// OPTIONS too, but for those that no pattern can name (501). Paths that have a route keep their
/// 405 with Allow and their answer to OPTIONS. It stands with the layers of the outermost table,
/// which are around it as they are around routes: `merge(with(fallback<not_found>), shop,
/// nest<"/v1">(api))`.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ferrule/api/check.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {
namespace detail {

/// Stands in for the route of requests that have none.
template <auto Function>
struct fallback_entry {
  using handler_type = std::remove_const_t<decltype(Function)>;
  using layers = layer_list<>;
  static constexpr fixed_string text = "(no such path)";
  static constexpr pattern shape{.text = text.view()};
  template <class>
  static constexpr const std::uint8_t* slots = nullptr;
};

template <auto Function, class Signature = signature_of<decltype(Function)>>
struct fallback_check {
  static constexpr auto bound = Signature::bind(pattern{});
  static constexpr bool passed = route_verdict<"(fallback)", Signature, bound.fault,
                                               signature_check<Signature>::passed>::passed;
};
template <auto Function>
struct fallback_check<Function, void> {
  static_assert(sizeof(fallback_layer<Function>) == 0,
                "ferrule: fallback<f> takes one function, or a lambda without captures and with "
                "types for its parameters instead of auto");
  static constexpr bool passed = true;
};

/// The fallback among layers, or else `None`.
template <class None, class... L>
struct fallback_finder {
  using type = None;
};
template <class None, class L, class... Rest>
struct fallback_finder<None, L, Rest...> : fallback_finder<None, Rest...> {};
template <class None, auto Function, class... Rest>
struct fallback_finder<None, fallback_layer<Function>, Rest...> {
  static_assert(!(is_fallback<Rest> || ...), "ferrule: a table has one fallback: keep one of them");
  static_assert(fallback_check<Function>::passed);
  using type = fallback_entry<Function>;
};

}  // namespace detail

/// Answers requests for paths that no route has by calling `Handler`, a function or a lambda
/// without captures. Given as a layer of a table.
template <auto Handler>
inline constexpr detail::fallback_layer<Handler> fallback{};

}  // namespace ferrule
