#pragma once
/// @file
/// What can be said to every service at start: where to listen, on how many threads, how to end.
///
/// ```cpp
/// const ferrule::serve_settings on_port_80{.port = 80};
/// ```

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "ferrule/app/options.hpp"
#include "ferrule/http/server_limits.hpp"
#include "ferrule/io/backend.hpp"
#include "ferrule/observe/log.hpp"

namespace ferrule {

/// The settings of `serve` with their defaults. A service may give others, `{.port = 8001}`;
/// the environment and the command line win over both.
struct serve_settings {
  address host = address::loopback_v4(0);    ///< --host; its port is not used. `::` takes IPv4, too
  std::uint16_t port = 0;                    ///< --port; 0: any free one
  /// --listen: places with commas between them, as app/listener.hpp has them, in the place of host
  /// and port.
  std::string listen{};
  unsigned threads = 0;                      ///< --threads; 0: as many as `usable_cores`
  io::backend_options backend{};             ///< --backend
  log_level least_logged = log_level::info;  ///< --log-level
  std::chrono::nanoseconds drain = std::chrono::seconds(10);  ///< --drain
  io::socket_options socket{};  ///< --nodelay, --linger, --backlog …
  http::server_limits limits{};  ///< --connections-max and so on, see http/server_limits.hpp
};

/// The options that set a `serve_settings`, which is their group's target.
std::span<const option> serve_options() noexcept;
/// Those that set its limits, for the same target.
std::span<const option> limit_options() noexcept;

}  // namespace ferrule
