#pragma once
/// @file
/// Calls a route table without a socket: one request in, its answer out. Time is virtual, so a
/// handler that sleeps for an hour answers at once.
///
/// ```cpp
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /users/{id}">([](std::uint64_t id) { return std::to_string(id); }),
///     ferrule::route<"POST /echo">([](ferrule::body b) { return b.bytes; }));
/// inline bool works() {
///   return ferrule::test::call<routes>("GET /users/7").body == "7" &&
///          ferrule::test::call<routes>({.line = "POST /echo", .body = "hi"}).body == "hi" &&
///          ferrule::test::call<routes>("GET /users/x").status == 400;
/// }
/// ```

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/core/environment.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/route/dispatcher.hpp"

namespace ferrule::test {

/// A request to be made. With an Upgrade field it offers those protocols, and `body` is what is
/// sent in them.
struct call_request {
  std::string line;  ///< method and target: "GET /users/7?full=true"
  /// Header fields. Host, unless it is among them, and Content-Length are added.
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string body{};
  std::size_t part_bytes = 16384;  ///< a `body_stream` gets parts of this size
  bool slow_client = false;        ///< each part of a streamed answer waits for room
  /// When the handler is stopped, counted from the beginning; it sees it as its deadline.
  std::optional<std::chrono::nanoseconds> deadline{};
  const trace_context* trace = nullptr;
  /// The date at the beginning; else the first day of 2026.
  std::optional<wall_time> date{};
};

/// An interim response.
struct call_interim {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// What came back.
struct call_answer {
  int status = 0;  ///< 0: there was none
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> fields;  ///< without Content-Type
  std::string body;                                         ///< empty for HEAD
  std::vector<std::pair<std::string, std::string>> trailers;  ///< of a streamed response
  std::vector<call_interim> interim;                          ///< that came before
  std::optional<std::uint64_t> content_length;              ///< that a stream promised
  std::size_t parts = 0;                                    ///< of a streamed body
  bool is_complete = false;                                 ///< false: it was reset, or never ended
  bool stopped = false;              ///< the handler was stopped: by its deadline, or after a day
  std::chrono::nanoseconds took{0};  ///< virtual time

  /// The value of the first field of that name; empty without one.
  std::string_view field(std::string_view name) const noexcept;
};

/// Has `service` answer a request. What a server answers by itself is answered so: a request that
/// the parser refuses (400, 414, 431, 501 ...), one whose body is larger than the route takes
/// (413), and a deadline that passes (503). A head without an end is 408.
call_answer call(http::service& service, const call_request& r);

/// Has the routes of `Table` answer a request. `states` are what `serve` would be given.
template <const auto& Table, class... State>
call_answer call(const call_request& r, State&... states) {
  dispatcher<Table, State...> service(states...);
  return call(service, r);
}
template <const auto& Table, class... State>
call_answer call(const char* line, State&... states) {
  return call<Table>(call_request{.line = line}, states...);
}

}  // namespace ferrule::test
