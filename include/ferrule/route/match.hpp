#pragma once
/// @file
/// Finding the route of a path. At each segment a literal is preferred to a placeholder and a
/// placeholder to a tail; what leads nowhere, or to no route for the method, is taken back.
///
/// ```cpp
/// int allowed_methods(const ferrule::detail::trie_view& tree, std::string_view path) {
///   ferrule::http::path_params params;
///   return ferrule::detail::find_route(tree, path, ferrule::method::unknown, params).methods;
/// }
/// ```
///
/// Every node of the tree lies at one depth, so a search visits none twice.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/http/exchange.hpp"
#include "ferrule/route/trie.hpp"

namespace ferrule::detail {

/// What a path leads to.
struct found_route {
  std::int16_t route = -1;   ///< -1: none for this method
  std::uint8_t methods = 0;  ///< when there is none: those that the path has routes for
};

/// Looks for the route of `verb` and a raw `path`, and writes the raw parameters to `params`. HEAD
/// is answered by a GET route unless it has its own; the first match in order of preference that
/// has the method wins, so `PUT /users/{id}` serves `/users/me` beside `GET /users/me`.
found_route find_route(const trie_view& tree, std::string_view path, method verb,
                       http::path_params& params) noexcept;

/// What a request without a route gets, as numbers that follow those of the routes.
enum class no_route : std::uint8_t { unknown_path, method_not_allowed, options, unknown_method };

/// Routes a request: the number of its route, or `routes` plus a `no_route`. Fills in the
/// parameters, and in `extra` the allowed methods where it has no route.
std::size_t choose_route(const trie_view& tree, std::size_t routes, http::exchange& ex) noexcept;

/// The value of an Allow field.
class allow_field {
 public:
  /// `methods` are those with routes; HEAD comes with GET, and OPTIONS with all.
  explicit allow_field(std::uint8_t methods) noexcept;
  std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 48> text_;  // "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" takes 44
  std::size_t size_ = 0;
};

}  // namespace ferrule::detail
