#include "ferrule/api/request_log.hpp"

#include <fmt/format.h>

#include <iterator>

#include "ferrule/http/propagation.hpp"

namespace ferrule::detail {
namespace {

/// Whether text can stand by itself without being taken for something else.
bool is_log_word(std::string_view text) noexcept {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

}  // namespace

void append_log_text(std::string& line, std::string_view name, std::string_view value) {
  line.append(1, ' ').append(name).append(1, '=');
  if (is_log_word(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

void append_log_duration(std::string& line, std::string_view name,
                         std::chrono::nanoseconds value) {
  const double ms = std::chrono::duration<double, std::milli>(value).count();
  append_log_text(line, name, fmt::format("{}ms", ms));
}

void log_line(const request& about, log_level level, std::string line) {
  append_log_text(line, "method", to_string(about.verb));
  append_log_text(line, "path", about.path);
  const auto trace = about.has_trusted_peer
                         ? http::decode_trace(about.header(http::trace_field))
                         : std::nullopt;
  if (trace) {
    line += " trace=";
    for (const std::uint8_t byte : trace->trace_id) {
      fmt::format_to(std::back_inserter(line), "{:02x}", byte);
    }
  }
  log(level, line);
}

}  // namespace ferrule::detail
