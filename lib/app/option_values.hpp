#pragma once
// How the values of options are read and shown.

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule {

/// A whole decimal number from `least` to `most`.
template <class T>
std::optional<T> whole_number(std::string_view text, T least, T most) noexcept {
  T value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

template <class T, class U>
std::string set_number(U& target, std::string_view text, T least, T most, const char* wrong) {
  const auto value = whole_number<T>(text, least, most);
  if (!value) return wrong;
  target = static_cast<U>(*value);
  return {};
}

/// Of any unit, in durations.
inline constexpr std::uint32_t duration_count_max = 1'000'000;

/// "10s", "500ms", "2m", "20us", "5ns"; a bare number counts seconds.
inline std::optional<std::chrono::nanoseconds> duration(std::string_view text) noexcept {
  constexpr std::uint32_t most = duration_count_max;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = whole_number<std::uint32_t>(text.substr(0, digits), 0, most);
  const std::string_view unit = text.substr(digits);
  if (!count) return std::nullopt;
  if (unit == "ms") return std::chrono::milliseconds(*count);
  if (unit == "s" || unit.empty()) return std::chrono::seconds(*count);
  if (unit == "m") return std::chrono::minutes(*count);
  if (unit == "us") return std::chrono::microseconds(*count);
  if (unit == "ns") return std::chrono::nanoseconds(*count);
  return std::nullopt;
}

/// Sets a duration of at least `least`; returns what is wrong with the text.
inline std::string set_duration(std::chrono::nanoseconds& target, std::string_view text,
                                std::chrono::milliseconds least = std::chrono::milliseconds(0)) {
  const auto value = duration(text);
  if (!value || *value < least) {
    return fmt::format("must be a duration from {}ms to {}m, such as 10s, 500ms or 2m",
                       least.count(), duration_count_max);
  }
  target = *value;
  return {};
}

/// In the largest of these units of which it is a whole number.
inline std::string duration_text(std::chrono::nanoseconds value) {
  auto count = value.count();
  std::string_view unit = "ns";
  for (const std::string_view larger : {"us", "ms", "s"}) {
    if (count % 1000 != 0) break;
    count /= 1000;
    unit = larger;
  }
  return fmt::format("{}{}", count, unit);
}

}  // namespace ferrule
