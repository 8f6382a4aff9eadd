#pragma once
/// @file
/// Listeners: where a service is reached. Every service has one for the table of `serve`, at one or
/// more places; further ones serve tables of their own, as values that `serve` takes among the
/// states.
///
/// ```cpp
/// #include "ferrule/ferrule.hpp"
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Hello, World!"; }));
/// constexpr auto admin_routes = ferrule::route_table(
///     ferrule::route<"GET /status">([] { return "fine"; }));
/// inline auto admin() {
///   return ferrule::listener<admin_routes>("admin", "unix:/run/shop/admin.sock",
///                                          {.connections_max = 16});
/// }
/// // serve<routes>({.port = 8001}, argc, argv, admin());      --admin-listen 127.0.0.1:9001
/// ```
///
/// **Places** are written `IP:PORT`, `[::1]:8001`, `localhost:0` (any free port), `unix:PATH`,
/// `systemd`, `systemd:NAME` or `fd:N`, with commas between several.
///
/// - `[::]:8001` takes IPv4 as well. Each reactor listens at the port (SO_REUSEPORT).
/// - **A Unix socket's file** is made with the permissions of `--socket-mode`, 0660, and goes when
///   the service begins to end. One that a killed process left is replaced; where somebody listens,
///   or the file is none of a socket, the service does not start. Its directory has to be there.
///   Its clients have no address: limits for each address do not count them. A reset is none there:
///   a response that is cut off and that only the connection's end would end looks whole, and
///   `--write-timeout` runs until the kernel has room again, for it does not tell what was taken.
/// - **Inherited** descriptors are those of systemd's socket activation (LISTEN_FDS): the one or
///   several named NAME (FileDescriptorName=), or without a name all that nobody asks for by name;
///   or descriptor N, from whoever starts the service. They stay with whoever passed them: when the
///   service begins to end it closes its own copy at once, and what waits there, or comes, is the
///   next process's. So a restart refuses nobody, where otherwise whoever comes between one process
///   and the next finds nobody at the port or path.
///
/// On several reactors, the first accepts what comes to a Unix socket or an inherited descriptor
/// and hands it to whichever has the fewest connections.

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/app/options.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/http/server_limits.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule {

/// One place to listen at.
struct listen_place {
  address at;             ///< unless it is inherited
  std::string inherited;  ///< "systemd", "systemd:NAME" or "fd:N"; empty: `at`

  /// Reads one, as the head of this file says. The error: what it must be, "must be …".
  static result<listen_place, std::string> parse(std::string_view text);
  /// The same of several with commas between them. None, for an empty text, is an error as well.
  static result<std::vector<listen_place>, std::string> parse_list(std::string_view text);
  std::string text() const;
};

/// What a listener has of its own.
struct listener_limits {
  /// So many connections are kept for it, if it listens anywhere, out of the process's
  /// `--connections-max`: it can be reached however many the others have, and has no more. 0: it
  /// shares with the others.
  std::uint32_t connections_max = 0;
  /// In the place of the service's; their `connections_max` does not count.
  std::optional<http::server_limits> limits{};
};

/// A listener besides the first, apart from its routes.
struct listener_settings {
  std::string name;    ///< of lower-case letters, digits and "-"; it begins the options' names
  std::string places;  ///< as they are written above; "none": it does not listen
  listener_limits own{};
};

/// All listeners of a program besides the first, with their options. Thread rule: one at a time.
class further_listeners {
 public:
  explicit further_listeners(std::vector<listener_settings> all);
  further_listeners(const further_listeners&) = delete;
  further_listeners& operator=(const further_listeners&) = delete;

  /// Why they cannot be, a line for the user, or empty.
  const std::string& error() const noexcept { return error_; }
  std::span<const listener_settings> all() const noexcept { return all_; }
  /// `--NAME-listen` and `--NAME-connections-max` of each.
  std::span<const option_group> options() const noexcept { return groups_; }

 private:
  std::vector<listener_settings> all_;
  std::list<std::string> names_;
  std::vector<std::array<option, 2>> options_;
  std::vector<option_group> groups_;
  std::string error_;
};

namespace detail {

/// A listener as `serve` takes it.
template <const auto& Table>
struct table_listener {
  listener_settings settings;
};

template <class>
inline constexpr bool is_listener = false;
template <const auto& Table>
inline constexpr bool is_listener<table_listener<Table>> = true;

}  // namespace detail

/// A further listener of a service: it serves the routes of `Table`, a `constexpr` route table of
/// static storage, at `places`, with any states that `serve` is given. `--NAME-listen` says
/// otherwise where, or `none`, and `--NAME-connections-max` how many connections are kept for it. A
/// name or places that are not valid keep the program from starting, with a line that says so.
template <const auto& Table>
detail::table_listener<Table> listener(std::string name, std::string places,
                                       listener_limits own = {}) {
  return {{std::move(name), std::move(places), std::move(own)}};
}

}  // namespace ferrule
