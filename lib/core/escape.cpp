#include "ferrule/core/escape.hpp"

#include <algorithm>

namespace ferrule::detail {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool in(char c, unsigned char low, unsigned char high) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

void append_control(buffer& out, char c) {
  switch (c) {
    case '\b':
      return out.append("\\b");
    case '\f':
      return out.append("\\f");
    case '\n':
      return out.append("\\n");
    case '\r':
      return out.append("\\r");
    case '\t':
      return out.append("\\t");
    default:
      break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
  out.append({escape, sizeof escape});
}

}  // namespace

utf8_sequence leading_utf8(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte bounds out overlong forms, surrogates and what is beyond U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < 2 || !in(text[1], low, high)) return {1, false};
  for (std::size_t i = 2; i != size; ++i) {
    if (text.size() <= i || !in(text[i], 0x80, 0xBF)) return {i, false};
  }
  return {size, true};
}

void append_escaped(buffer& out, std::string_view text) {
  while (!text.empty()) {
    const char c = text[0];
    std::size_t used = 1;
    if (c == '"' || c == '\\') {
      out.append('\\');
      out.append(c);
    } else if (in(c, 0, 0x1F)) {
      append_control(out, c);
    } else {
      const utf8_sequence next = leading_utf8(text);
      out.append(next.valid ? text.substr(0, next.size) : replacement);
      used = next.size;
    }
    text.remove_prefix(used);
    const std::size_t plain = copy_plain(out.prepare(text.size()), text);
    out.commit(plain);
    text.remove_prefix(plain);
  }
  out.append('"');
}

bool is_utf8(std::string_view text) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) std::memcpy(&word, text.data(), sizeof word);
    if (text.size() >= sizeof word && (word & high_bits) == 0) {
      text.remove_prefix(sizeof word);
      continue;
    }
    const utf8_sequence next = leading_utf8(text);
    if (!next.valid) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

}  // namespace ferrule::detail
