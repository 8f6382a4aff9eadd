#include "json/integer.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace ferrule::json::detail {

namespace {

/// The power of ten after 'e'. One too large to say is as good as the largest: texts are shorter.
std::int64_t exponent_of(std::string_view digits) noexcept {
  if (digits.empty()) return 0;
  if (digits.front() == '+') digits.remove_prefix(1);
  constexpr std::int64_t most = std::int64_t{1} << 40U;
  std::int64_t exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec == std::errc()) return std::clamp(exponent, -most, most);
  return digits.front() == '-' ? -most : most;
}

}  // namespace

std::optional<integer> parse_integer(std::string_view number) noexcept {
  integer value;
  value.is_negative = number.front() == '-';
  if (value.is_negative) number.remove_prefix(1);
  const std::size_t exponent_at = number.find_first_of("eE");
  std::string_view digits = number.substr(0, exponent_at);
  std::int64_t zeros =
      exponent_at == number.npos ? 0 : exponent_of(number.substr(exponent_at + 1));
  const std::size_t point = digits.find('.');
  if (point != digits.npos) zeros -= static_cast<std::int64_t>(digits.size() - point - 1);

  // What is left are the digits from the first to the last that is not zero, and how many zeros
  // follow them.
  const std::size_t last = digits.find_last_not_of(".0");
  if (last == digits.npos) return integer();
  const auto dropped = static_cast<std::int64_t>(digits.size() - last - 1);
  zeros += dropped - (point != digits.npos && point > last ? 1 : 0);
  digits = digits.substr(0, last + 1);
  if (zeros < 0) return std::nullopt;

  const auto append = [&](unsigned digit) {
    value.is_beyond |= __builtin_mul_overflow(value.magnitude, 10U, &value.magnitude) ||
                       __builtin_add_overflow(value.magnitude, digit, &value.magnitude);
  };
  for (const char c : digits) {
    if (c != '.') append(static_cast<unsigned>(c - '0'));
  }
  for (; zeros != 0 && !value.is_beyond; --zeros) append(0);
  return value;
}

}  // namespace ferrule::json::detail
