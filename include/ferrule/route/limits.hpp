#pragma once
/// @file
/// Limits of a table or of one route, given where layers are; those of a route win.
///
/// ```cpp
/// inline std::string size_of(ferrule::body b) { return std::to_string(b.bytes.size()); }
/// constexpr auto routes = ferrule::route_table(
///     ferrule::with(ferrule::body_bytes_max<4096>),
///     ferrule::route<"POST /notes">(size_of),
///     ferrule::route<"POST /photos">(size_of, ferrule::with(ferrule::body_bytes_max<10 << 20>,
///                                                           ferrule::handler_timeout_ms<5000>)));
/// ```
///
/// What is not said here is as the server's limits say, see http/server_limits.hpp.

#include <cstdint>
#include <type_traits>

#include "ferrule/route/table.hpp"

namespace ferrule {
namespace detail {

template <std::uint64_t Bytes>
struct body_limit {
  static_assert(Bytes != 0, "ferrule: body_bytes_max is 1 or more");
};
template <std::uint32_t Ms>
struct handler_limit {};

template <std::uint64_t Bytes>
inline constexpr bool is_setting<body_limit<Bytes>> = true;
template <std::uint32_t Ms>
inline constexpr bool is_setting<handler_limit<Ms>> = true;

/// The limits of a route in the terms of its traits.
struct route_limits {
  std::uint64_t body_bytes_max = 0;
  std::int64_t handler_timeout_ms = -1;

  template <std::uint64_t Bytes>
  constexpr void take(body_limit<Bytes>) {
    body_bytes_max = Bytes;
  }
  template <std::uint32_t Ms>
  constexpr void take(handler_limit<Ms>) {
    handler_timeout_ms = Ms;
  }
  constexpr void take(...) {}
};

/// The last of a kind, which is the innermost, counts.
template <class Layers>
inline constexpr route_limits limits_of{};
template <class... L>
inline constexpr route_limits limits_of<layer_list<L...>> = [] {
  route_limits limits;
  (limits.take(L{}), ...);
  return limits;
}();

}  // namespace detail

/// The body of a request in bytes, without its framing. More: 413.
template <std::uint64_t Bytes>
inline constexpr detail::body_limit<Bytes> body_bytes_max{};

/// From a complete request to the beginning of a coroutine's answer, in milliseconds; 0: no limit.
/// Then the handler is stopped: 503. A handler that takes a `deadline` sees it.
template <std::uint32_t Ms>
inline constexpr detail::handler_limit<Ms> handler_timeout_ms{};

}  // namespace ferrule
