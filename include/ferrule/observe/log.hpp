#pragma once
/// @file
/// Log lines for people and collectors, on standard error. Time stamps are left to what collects
/// them (journald, a container runtime).
///
/// A log never holds up or ends the process. Lines are handed to a thread of their own, which is
/// started with the first and writes them whole and in order. What standard error does not take is
/// dropped beyond 64 KiB that wait: a pipe that nobody reads, a terminal that was stopped. How many
/// lines that were is counted, and said in a line as soon as it takes lines again. Of standard
/// error nothing is changed: other processes may share it.
///
/// ```cpp
/// void on_start() { ferrule::log(ferrule::log_level::info, "listening on http://127.0.0.1:8001");
/// }
/// ```

#include <chrono>
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

/// Writes "level: message" as one line, if the level is written at all. Control characters, other
/// marks that act on lines or terminals, and ill-formed UTF-8 become '?', so that nobody can forge
/// a line; beyond 4,000 bytes it is cut. Never blocks, allocates nothing. Any thread, but no signal
/// handler.
void log(log_level level, std::string_view message) noexcept;

/// Writes a line without a level, whatever the level is: for what a program says to who started it
/// before it ends. Otherwise like `log`.
void print_line(std::string_view text) noexcept;

/// Waits until the lines so far are written, or `within` is over; returns whether they are. The end
/// of the process (by exit, a failed assertion or std::terminate) waits a second at most, less what
/// others have waited in vain since anything was written. Blocks: not for a reactor's thread.
bool flush_log(std::chrono::nanoseconds within = std::chrono::seconds(1)) noexcept;

/// How many lines were dropped so far. Any thread.
std::uint64_t log_lines_dropped() noexcept;

}  // namespace ferrule
