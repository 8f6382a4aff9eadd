#pragma once
/// @file
/// JSON strings: quoted, escaped, always valid. Bodies, log lines and problem documents share it.
///
/// ```cpp
/// inline void log_line(ferrule::buffer& out, std::string_view message) {
///   out.append("{\"message\":");
///   ferrule::append_json_string(out, message);
///   out.append('}');
/// }
/// ```
///
/// Source: RFC 8259 section 7.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "ferrule/core/buffer.hpp"

namespace ferrule {

namespace detail {

/// Whether no byte needs a closer look: none below 0x20, no quote, no backslash, only ASCII.
/// (A borrow can flag a plain byte only above one that is flagged rightly.)
inline bool is_plain(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  const std::uint64_t quote = bytes ^ (each * '"');
  const std::uint64_t backslash = bytes ^ (each * '\\');
  const std::uint64_t flags = bytes | (bytes - each * 0x20) | (quote - each) | (backslash - each);
  return (flags & (each * 0x80)) == 0;
}

template <class Word>
bool copy_if_plain(char* to, const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  constexpr std::uint64_t filler = sizeof word == 8 ? 0 : 0x3030303000000000;
  return is_plain(word | filler);
}

/// Copies text of at most 15 bytes by two words that may overlap.
inline bool copy_short_if_plain(char* to, const char* from, std::size_t size) noexcept {
  if (size >= 8) {
    return copy_if_plain<std::uint64_t>(to, from) &&
           copy_if_plain<std::uint64_t>(to + size - 8, from + size - 8);
  }
  if (size >= 4) {
    return copy_if_plain<std::uint32_t>(to, from) &&
           copy_if_plain<std::uint32_t>(to + size - 4, from + size - 4);
  }
  std::uint64_t bytes = 0x3030303030303030;
  for (std::size_t i = 0; i != size; ++i) {
    to[i] = from[i];
    bytes = bytes << 8 | static_cast<unsigned char>(from[i]);
  }
  return is_plain(bytes);
}

/// Copies 16 bytes and returns how many of them are plain before the first that is not.
inline std::size_t copy_block(char* to, const char* from) noexcept {
#ifdef __SSE2__
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  // Signed: bytes of 0x80 and more count as below 0x20, too.
  const __m128i special = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special)) | 0x10000U;
  return static_cast<std::size_t>(std::countr_zero(mask));
#else
  if (!copy_if_plain<std::uint64_t>(to, from)) return 0;
  return copy_if_plain<std::uint64_t>(to + 8, from + 8) ? 16 : 8;
#endif
}

/// Copies from the start of `text` to `to`, which has room for all of it, and returns how many
/// bytes are settled: no special byte is among them, and unless it is the whole text, one follows
/// within the next 16.
inline std::size_t copy_plain(char* to, std::string_view text) noexcept {
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size < 16) return copy_short_if_plain(to, from, size) ? size : 0;
  for (std::size_t i = 0; i + 16 <= size; i += 16) {
    const std::size_t plain = copy_block(to + i, from + i);
    if (plain != 16) return i + plain;
  }
  const std::size_t last = size - 16;  // overlaps bytes already known to be plain
  return last + copy_block(to + last, from + last);
}

/// What stands at the start of a text: a character in UTF-8, or the longest piece that could have
/// started one.
struct utf8_sequence {
  std::size_t size;
  bool valid;
};

/// The sequence at the start of `text`, which is not empty. Source: Unicode 15 table 3-7 and
/// "substitution of maximal subparts".
utf8_sequence leading_utf8(std::string_view text) noexcept;

/// Whether text is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

/// Appends what is left of a string from a place near a special byte, and the closing quote.
void append_escaped(buffer& out, std::string_view text);

}  // namespace detail

/// Appends `prefix` as it is, then `text` as a JSON string with its quotes. Control characters,
/// the quote and the backslash are escaped; each ill-formed piece of UTF-8 becomes U+FFFD, so that
/// the result is valid whatever the bytes are.
[[gnu::always_inline]] inline void append_json_string(buffer& out, std::string_view prefix,
                                                      std::string_view text) {
  char* const start = out.prepare(prefix.size() + text.size() + 2);
  std::memcpy(start, prefix.data(), prefix.size());
  char* const to = start + prefix.size() + 1;
  to[-1] = '"';
  const std::size_t plain = detail::copy_plain(to, text);
  if (plain == text.size()) [[likely]] {
    to[plain] = '"';
    out.commit(prefix.size() + plain + 2);
  } else {
    out.commit(prefix.size() + plain + 1);
    detail::append_escaped(out, text.substr(plain));
  }
}

/// Appends `text` as a JSON string with its quotes.
inline void append_json_string(buffer& out, std::string_view text) {
  append_json_string(out, "", text);
}

}  // namespace ferrule
