#pragma once
/// @file
/// How many retries a request and all the calls made on its behalf may still make. It travels with
/// the request, so that three layers with three tries each do not make 27 calls of one.
///
/// ```cpp
/// ferrule::retry_allowance mine = ferrule::decode_retry_allowance("5").value();
/// ferrule::retry_allowance lent = mine.lend();      // 2 go with the call, 3 stay here
/// ferrule::retry_allowance_text header = ferrule::encode_retry_allowance(lent);
/// mine.give_back(ferrule::decode_retry_allowance("1").value());  // as the answer says
/// ```
///
/// Each retry takes one; each try of a call lends half of what is left to the service it calls, and
/// the answer's field of the same name says how many of them were not used. Tokens are only ever
/// moved or spent, so the whole tree makes no more retries than its root was given. What was lent
/// to a try without an answer is lost: that service may still be spending it.
///
/// Source: Google's "Site Reliability Engineering", chapter 22, asks for retries at one layer only;
/// a count carried with the request is the same rule for callers who do not know the layers.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ferrule {

/// The field of requests (how many are lent) and of answers (how many are left).
inline constexpr std::string_view retry_allowance_field = "Retry-Allowance";

/// A number of retries from 0 to 99. Thread rule: as a plain value.
class retry_allowance {
 public:
  /// Enough for any tree that should be retried at all; the wire form has at most two digits.
  static constexpr std::uint8_t retries_max = 99;
  /// What a request without the field gets.
  static constexpr std::uint8_t retries_default = 3;

  /// More than `retries_max` is `retries_max`.
  explicit constexpr retry_allowance(std::uint32_t retries = retries_default) noexcept
      : left_(static_cast<std::uint8_t>(retries < retries_max ? retries : retries_max)) {}

  constexpr std::uint8_t left() const noexcept { return left_; }

  /// Takes one retry, if there is one.
  constexpr bool try_take() noexcept {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  /// Takes half of what is left, rounded down, for one try of a call.
  constexpr retry_allowance lend() noexcept {
    const retry_allowance lent(left_ / 2U);
    left_ = static_cast<std::uint8_t>(left_ - lent.left_);
    return lent;
  }
  /// Adds what a call did not use. The caller gives no more than it lent: see
  /// `settle_retry_allowance`.
  constexpr void give_back(retry_allowance unused) noexcept {
    *this = retry_allowance(std::uint32_t{left_} + unused.left_);
  }

  constexpr bool operator==(const retry_allowance&) const = default;

 private:
  std::uint8_t left_;
};

/// An allowance as a field's value.
struct retry_allowance_text {
  std::array<char, 2> digits{};
  std::uint8_t size = 0;

  constexpr std::string_view view() const noexcept { return {digits.data(), size}; }
};

/// Decimal digits without leading zeros.
constexpr retry_allowance_text encode_retry_allowance(retry_allowance allowance) noexcept {
  const auto digit = [](unsigned value) { return static_cast<char>('0' + value); };
  const unsigned left = allowance.left();
  if (left < 10) return {{digit(left)}, 1};
  return {{digit(left / 10), digit(left % 10)}, 2};
}

/// Reads exactly what `encode_retry_allowance` writes; empty for anything else. A server treats a
/// request whose field says nothing valid as one that may not be retried.
constexpr std::optional<retry_allowance> decode_retry_allowance(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 1 && is_digit(text[0])) {
    return retry_allowance(static_cast<unsigned>(text[0] - '0'));
  }
  if (text.size() == 2 && is_digit(text[0]) && is_digit(text[1]) && text[0] != '0') {
    return retry_allowance(static_cast<unsigned>((text[0] - '0') * 10 + (text[1] - '0')));
  }
  return std::nullopt;
}

/// What an answer's field gives back of what was `lent`: never more, whatever the peer says, and
/// nothing if it says nothing valid.
constexpr retry_allowance settle_retry_allowance(retry_allowance lent,
                                                 std::string_view answered) noexcept {
  const auto unused = decode_retry_allowance(answered);
  if (!unused) return retry_allowance(0);
  return unused->left() < lent.left() ? *unused : lent;
}

}  // namespace ferrule
