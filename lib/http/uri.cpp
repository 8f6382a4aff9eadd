#include "ferrule/http/uri.hpp"

#include <algorithm>

#include "http/characters.hpp"

namespace ferrule::http {
namespace {

constexpr std::size_t escape_bytes = 3;

bool begins_with_escape(std::string_view text) noexcept {
  return text.size() >= escape_bytes && text[0] == '%' && is(hex_char, text[1]) &&
         is(hex_char, text[2]);
}

// A byte that text stands for, and how many bytes of the text say so.
struct unit {
  char c;
  std::size_t bytes;

  bool is_zero() const noexcept { return bytes == escape_bytes && c == '\0'; }
};

// The first of `text`, which is not empty. A '%' that begins no escape is itself.
unit first_unit(std::string_view text) noexcept {
  if (!begins_with_escape(text)) return {text.front(), 1};
  return {static_cast<char>(hex_value(text[1]) << 4U | hex_value(text[2])), escape_bytes};
}

template <bool PlusIsSpace>
result<std::string_view, uri_error> decode(std::string_view raw, char* out) noexcept {
  char* to = out;
  for (std::size_t i = 0; i != raw.size();) {
    const unit next = first_unit(raw.substr(i));
    if (next.is_zero()) return fail(uri_error::zero_byte);
    const bool is_space = PlusIsSpace && next.bytes == 1 && next.c == '+';
    i += next.bytes;
    *to++ = is_space ? ' ' : next.c;
  }
  return std::string_view(out, static_cast<std::size_t>(to - out));
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
    const std::string_view rest = raw.substr(at);
    if (!begins_with_escape(rest)) return fail(uri_error::invalid_escape);
    if (first_unit(rest).is_zero()) return fail(uri_error::zero_byte);
  }
  return {};
}

result<void, uri_error> check_query(std::string_view raw) noexcept {
  if (raw.find("%00") != std::string_view::npos) return fail(uri_error::zero_byte);
  return {};
}

result<void, uri_error> check_path(std::string_view raw) noexcept {
  std::size_t dots = 0;
  bool is_dots = true;  // nothing else is in the segment so far
  const auto ends_dot_segment = [&] { return is_dots && (dots == 1 || dots == 2); };
  while (!raw.empty()) {
    const unit next = first_unit(raw);
    raw.remove_prefix(next.bytes);
    if (next.is_zero()) return fail(uri_error::zero_byte);
    if (next.c == '/' || next.c == '\\') {
      if (ends_dot_segment()) return fail(uri_error::dot_segment);
      dots = 0;
      is_dots = true;
    } else if (next.c == '.') {
      ++dots;
    } else {
      is_dots = false;
    }
  }
  if (ends_dot_segment()) return fail(uri_error::dot_segment);
  return {};
}

std::size_t encode_target(std::string_view raw, char* out) noexcept {
  constexpr std::string_view hexadecimal = "0123456789ABCDEF";
  char* to = out;
  for (std::size_t i = 0; i != raw.size(); ++i) {
    const char c = raw[i];
    if (c == '%' ? begins_with_escape(raw.substr(i)) : is(target_char, c)) {
      *to++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *to++ = '%';
    *to++ = hexadecimal[byte >> 4U];
    *to++ = hexadecimal[byte & 15U];
  }
  return static_cast<std::size_t>(to - out);
}

std::string_view encode_reference(std::string_view raw, std::string& room) {
  if (all_are(target_char, raw) && !needs_decoding(raw)) return raw;
  const std::size_t slashes = raw.find("//");
  const bool has_authority =
      slashes != raw.npos && (slashes == 0 || raw.find_first_of(":/?#") + 1 == slashes);
  const std::size_t authority_end =
      has_authority ? std::min(raw.find_first_of("/?#\\", slashes + 2), raw.size()) : 0;
  const std::size_t fragment = std::min(raw.find('#', authority_end), raw.size());
  room.clear();
  for (std::size_t at = 0; at < authority_end; ++at) {
    const std::size_t bracket = std::min(raw.find_first_of("[]", at), authority_end);
    room += encode_target(raw.substr(at, bracket - at));
    if (bracket != authority_end) room += raw[bracket];
    at = bracket;
  }
  room += encode_target(raw.substr(authority_end, fragment - authority_end));
  if (fragment != raw.size()) room.append(1, '#').append(encode_target(raw.substr(fragment + 1)));
  return room;
}

std::string encode_target(std::string_view raw) {
  std::string out(raw.size() * escape_bytes, '\0');
  out.resize(encode_target(raw, out.data()));
  return out;
}

}  // namespace ferrule::http
