#include "ferrule/core/clean_text.hpp"

#include <cstring>

#include "ferrule/core/escape.hpp"

namespace ferrule::detail {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<unsigned char>(text[i]);
}

bool is_plain_byte(char c) noexcept { return c >= 0x20 && c < 0x7F; }

/// Whether a well-formed sequence of several bytes is a character that can be shown.
bool can_be_shown(std::string_view sequence) noexcept {
  const unsigned char second = byte_at(sequence, 1);
  if (sequence.size() == 2) return byte_at(sequence, 0) != 0xC2 || second >= 0xA0;  // C1
  if (sequence.size() != 3 || byte_at(sequence, 0) != 0xE2) return true;
  const unsigned char third = byte_at(sequence, 2);
  if (second == 0x80) return third < 0x8E || third > 0xAE || (third > 0x8F && third < 0xA8);
  return second != 0x81 || third < 0xA6 || third > 0xA9;
}

}  // namespace

std::size_t copy_clean(std::span<char> to, std::string_view text) noexcept {
  std::size_t written = 0;
  while (!text.empty()) {
    std::string_view shown = text.substr(0, 1);
    std::size_t used = 1;
    if (!is_plain_byte(text[0])) {
      const utf8_sequence next = leading_utf8(text);
      const bool is_good = next.size > 1 && next.valid && can_be_shown(text.substr(0, next.size));
      used = next.size;
      shown = is_good ? text.substr(0, used) : "?";
    }
    if (shown.size() > to.size() - written) break;
    std::memcpy(to.data() + written, shown.data(), shown.size());
    written += shown.size();
    text.remove_prefix(used);
  }
  return written;
}

}  // namespace ferrule::detail
