#pragma once
/// @file
/// Log lines for people and collectors: one line, one write, on standard error. Time stamps are
/// left to what collects them (journald, a container runtime).
///
/// ```cpp
/// void on_start() { ferrule::log(ferrule::log_level::info, "listening on http://127.0.0.1:8001");
/// }
/// ```

#include <cstdint>
#include <optional>
#include <string_view>

namespace ferrule {

/// How much a line matters; a process writes lines of its level and above.
enum class log_level : std::uint8_t { debug, info, warn, error, off };

/// The level called "debug", "info", "warn", "error" or "off"; nothing for any other name.
std::optional<log_level> parse_log_level(std::string_view name) noexcept;

/// The level below which lines are not written; info until set. Any thread.
void set_log_level(log_level least) noexcept;
bool logs(log_level level) noexcept;

/// Writes "level: message" as one line, if the level is written at all. Control bytes in `message`
/// become '?', so that nobody can forge a line; beyond 4,000 bytes it is cut. Any thread.
void log(log_level level, std::string_view message) noexcept;

}  // namespace ferrule
