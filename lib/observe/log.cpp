#include "ferrule/observe/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace ferrule {
namespace {

constexpr std::array<std::string_view, 5> names{"debug", "info", "warn", "error", "off"};
constexpr std::size_t message_bytes_max = 4000;

constinit std::atomic<log_level> least_written{log_level::info};

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
  std::array<char, message_bytes_max + 16> line;
  char* at = line.data();
  const auto put = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put(names[static_cast<std::size_t>(level)]);
  put(": ");
  for (const char c : message.substr(0, message_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    *at++ = byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  put("\n");
  // A log that cannot be written has nobody to tell.
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(at - line.data()));
}

}  // namespace ferrule
