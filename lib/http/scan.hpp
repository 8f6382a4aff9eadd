#pragma once
// Passing over runs of harmless bytes, 16 at a time where SSE2 is there, and one at a time at the
// end of what is too short for that and elsewhere. Each function returns the first byte that does
// not belong.

#include "http/characters.hpp"

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#include <cstdint>
#include <cstring>
#endif

namespace ferrule::http {

#ifdef __SSE2__
namespace detail {

// Bytes from `first` on, `count` of them: one subtraction and one unsigned comparison, which SSE2
// spells min(x, last) == x.
inline __m128i in_range(__m128i bytes, unsigned char first, unsigned char count) noexcept {
  const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8(static_cast<char>(first)));
  const __m128i last = _mm_set1_epi8(static_cast<char>(count - 1));
  return _mm_cmpeq_epi8(_mm_min_epu8(shifted, last), shifted);
}

inline unsigned outside(__m128i inside) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(inside, _mm_setzero_si128())));
}

// Each of these has a bit for every byte that is not common, which is left to the table.

// Letters and '-' are all that most field names have.
inline unsigned uncommon_in_names(__m128i bytes) noexcept {
  const __m128i letters = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
  const __m128i dashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
  return outside(_mm_or_si128(letters, dashes));
}

// Letters, digits and '/'. Not '.' and '%', which ask for a closer look.
inline unsigned uncommon_in_paths(__m128i bytes) noexcept {
  const __m128i letters = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
  const __m128i others = in_range(bytes, '/', 11);
  return outside(_mm_or_si128(letters, others));
}

// Letters, digits, '-' and '.' are all that names and addresses of hosts have, but for IPv6.
inline unsigned uncommon_in_hosts(__m128i bytes) noexcept {
  const __m128i letters = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
  const __m128i digits = in_range(bytes, '0', 10);
  const __m128i others = in_range(bytes, '-', 2);
  return outside(_mm_or_si128(_mm_or_si128(letters, digits), others));
}

// All but control bytes. The tab is rare.
inline unsigned uncommon_in_text(__m128i bytes) noexcept {
  const __m128i control = in_range(bytes, 0, 0x20);
  const __m128i rubout = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, rubout)));
}

}  // namespace detail
#endif

inline const char* skip_class(char_class wanted, const char* at, const char* end) noexcept {
  while (at != end && is(wanted, *at)) ++at;
  return at;
}

#ifdef __SSE2__
namespace detail {

template <class Word>
Word load(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Stops at the first byte that is not common, or where less than 4 bytes are left. What is too
// short for a vector is taken as two words, of which the second may overlap the first.
template <unsigned (*Uncommon)(__m128i) noexcept>
const char* skip_common(const char* at, const char* end) noexcept {
  for (; end - at >= 16; at += 16) {
    const unsigned found = Uncommon(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    if (found != 0) return at + std::countr_zero(found);
  }
  if (end - at >= 8) {
    const __m128i both = _mm_set_epi64x(load<std::int64_t>(end - 8), load<std::int64_t>(at));
    const int common = std::countr_zero(Uncommon(both) | 0x10000U);
    return common < 8 ? at + common : end - 16 + common;
  }
  if (end - at >= 4) {
    const __m128i both = _mm_set_epi32(0, 0, load<std::int32_t>(end - 4), load<std::int32_t>(at));
    const int common = std::countr_zero(Uncommon(both) | 0x100U);
    return common < 4 ? at + common : end - 8 + common;
  }
  return at;
}

}  // namespace detail
#endif

inline const char* skip_name(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  at = detail::skip_common<detail::uncommon_in_names>(at, end);
#endif
  return skip_class(token_char, at, end);
}

inline const char* skip_host(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  at = detail::skip_common<detail::uncommon_in_hosts>(at, end);
#endif
  return skip_class(name_char, at, end);
}

inline const char* skip_text(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  at = detail::skip_common<detail::uncommon_in_text>(at, end);
  while (at != end && *at == '\t') at = detail::skip_common<detail::uncommon_in_text>(at + 1, end);
#endif
  return skip_class(text_char, at, end);
}

// Only bytes that need no closer look: the first other one may well belong to the path.
inline const char* skip_common_path(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  at = detail::skip_common<detail::uncommon_in_paths>(at, end);
#endif
  return skip_class(plain_target_char, at, end);
}

}  // namespace ferrule::http
