#pragma once
// Whole numbers as JSON may spell them: 100, 1e2, 1.0e2, 1000e-1.

#include <cstdint>
#include <optional>
#include <string_view>

namespace ferrule::json::detail {

/// A whole number of any size.
struct integer {
  std::uint64_t magnitude = 0;
  bool is_negative = false;  // never of zero
  bool is_beyond = false;    // more than the magnitude can say

  static integer of(std::int64_t number) noexcept {
    const auto bits = static_cast<std::uint64_t>(number);
    return {number < 0 ? 0 - bits : bits, number < 0};
  }
  std::optional<std::int64_t> as_signed() const noexcept {
    constexpr std::uint64_t limit = std::uint64_t{1} << 63U;
    if (is_beyond || magnitude > limit || (magnitude == limit && !is_negative)) return {};
    return static_cast<std::int64_t>(is_negative ? 0 - magnitude : magnitude);
  }
};

/// The value of a number that is spelled by the grammar of RFC 8259 section 6, exactly; nothing if
/// it is not whole.
std::optional<integer> parse_integer(std::string_view number) noexcept;

}  // namespace ferrule::json::detail
