#include "ferrule/observe/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <span>

#include "ferrule/core/clean_text.hpp"
#include "standard_error.hpp"

namespace ferrule {
namespace {

constexpr std::array<std::string_view, 5> names{"debug", "info", "warn", "error", "off"};
constexpr std::size_t message_bytes_max = 4000;

constinit std::atomic<log_level> least_written{log_level::info};

/// Adds `text` to the first `size` bytes of `line`, and hands the line on.
void put(std::array<char, detail::line_bytes_max>& line, std::size_t size,
         std::string_view text) noexcept {
  size += detail::copy_clean(std::span(line).subspan(size, message_bytes_max), text);
  line[size++] = '\n';
  detail::put_line({line.data(), size});
}

}  // namespace

std::optional<log_level> parse_log_level(std::string_view name) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<log_level>(found - names.begin());
}

void set_log_level(log_level least) noexcept {
  least_written.store(least, std::memory_order_relaxed);
}

bool logs(log_level level) noexcept {
  return level != log_level::off && level >= least_written.load(std::memory_order_relaxed);
}

void log(log_level level, std::string_view message) noexcept {
  if (!logs(level)) return;
  std::array<char, detail::line_bytes_max> line;
  const std::string_view name = names[static_cast<std::size_t>(level)];
  std::memcpy(line.data(), name.data(), name.size());
  std::memcpy(line.data() + name.size(), ": ", 2);
  put(line, name.size() + 2, message);
}

void print_line(std::string_view text) noexcept {
  std::array<char, detail::line_bytes_max> line;
  put(line, 0, text);
}

bool flush_log(std::chrono::nanoseconds within) noexcept { return detail::flush_lines(within); }

std::uint64_t log_lines_dropped() noexcept { return detail::lines_dropped(); }

}  // namespace ferrule
