#include "ferrule/http/uri.hpp"

#include "http/characters.hpp"

namespace ferrule::http {
namespace {

constexpr std::size_t escape_bytes = 3;

// The byte that the escape at the beginning of `text` stands for.
result<char, uri_error> decode_escape(std::string_view text) noexcept {
  if (text.size() < escape_bytes || !is(hex_char, text[1]) || !is(hex_char, text[2])) {
    return fail(uri_error::invalid_escape);
  }
  const char byte = static_cast<char>(hex_value(text[1]) << 4U | hex_value(text[2]));
  if (byte == '\0') return fail(uri_error::zero_byte);
  return byte;
}

template <bool PlusIsSpace>
result<std::string_view, uri_error> decode(std::string_view raw, char* out) noexcept {
  char* to = out;
  for (std::size_t i = 0; i != raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const auto byte = decode_escape(raw.substr(i));
      if (!byte) return fail(byte.error());
      c = *byte;
      i += escape_bytes - 1;
    } else if (PlusIsSpace && c == '+') {
      c = ' ';
    }
    *to++ = c;
  }
  return std::string_view(out, static_cast<std::size_t>(to - out));
}

// Whether a segment is one or two dots, each plain or escaped. Escapes are known to be valid.
bool is_dot_segment(std::string_view segment) noexcept {
  int dots = 0;
  while (!segment.empty()) {
    std::size_t taken = 1;
    if (segment.front() == '%') {
      if (segment[1] != '2' || (segment[2] | 0x20) != 'e') return false;
      taken = escape_bytes;
    } else if (segment.front() != '.') {
      return false;
    }
    if (++dots > 2) return false;
    segment.remove_prefix(taken);
  }
  return dots != 0;
}

}  // namespace

const char* to_string(uri_error error) noexcept {
  switch (error) {
    case uri_error::invalid_escape:
      return "invalid percent-encoding";
    case uri_error::zero_byte:
      return "%00 is refused";
    case uri_error::dot_segment:
      return "dot segments are refused";
  }
  return "";
}

result<std::string_view, uri_error> decode_segment(std::string_view raw, char* out) noexcept {
  return decode<false>(raw, out);
}

result<std::string_view, uri_error> decode_query(std::string_view raw, char* out) noexcept {
  return decode<true>(raw, out);
}

result<void, uri_error> check_escapes(std::string_view raw) noexcept {
  for (std::size_t at = raw.find('%'); at != std::string_view::npos;
       at = raw.find('%', at + escape_bytes)) {
    const auto byte = decode_escape(raw.substr(at));
    if (!byte) return fail(byte.error());
  }
  return {};
}

result<void, uri_error> check_path(std::string_view raw) noexcept {
  if (auto escapes = check_escapes(raw); !escapes) return escapes;
  while (!raw.empty()) {
    const std::size_t slash = raw.find('/');
    if (is_dot_segment(raw.substr(0, slash))) return fail(uri_error::dot_segment);
    raw.remove_prefix(slash == std::string_view::npos ? raw.size() : slash + 1);
  }
  return {};
}

}  // namespace ferrule::http
