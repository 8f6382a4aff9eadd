// Paths and queries: what is checked can be decoded, decoding is the inverse of escaping, encoding
// keeps the meaning, and no dot segment gets past the check.

#include <string>

#include "check.hpp"
#include "ferrule/http/uri.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', "0123456789abcdef"[byte / 16], "0123456789ABCDEF"[byte % 16]};
  }
  return out;
}

void check_decoding(std::string_view raw) {
  std::string room(raw.size(), '\0');
  const auto segment = decode_segment(raw, room.data());
  FUZZ_CHECK(segment.has_value() == check_query(raw).has_value());
  FUZZ_CHECK(segment.has_value() || !check_escapes(raw).has_value());
  if (segment) {
    FUZZ_CHECK(segment->size() <= raw.size());
    FUZZ_CHECK(needs_decoding(raw) || *segment == raw);
  }
  std::string in_place(raw);
  const auto query = decode_query(in_place, in_place.data());
  FUZZ_CHECK(query.has_value() == segment.has_value());
  if (query) FUZZ_CHECK(query->size() == segment->size());
}

/// Encoding changes nothing of what a target means, is done once, and leaves what RFC 3986 has.
void check_encoding(std::string_view raw) {
  if (raw.find('\0') != std::string_view::npos) return;  // the parser lets none through
  const std::string encoded = encode_target(raw);
  FUZZ_CHECK(encode_target(encoded) == encoded && check_path(encoded) == check_path(raw));
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%";
  FUZZ_CHECK(encoded.find_first_not_of(allowed) == std::string::npos);
  std::string room(raw);
  std::string encoded_room(encoded);
  const auto meant = decode_segment(raw, room.data());
  const auto kept = decode_segment(encoded, encoded_room.data());
  FUZZ_CHECK(meant.has_value() == kept.has_value());
  if (meant) FUZZ_CHECK(*meant == *kept);
}

/// The same path to who decodes it and then takes both slashes for separators.
void check_dot_segments(std::string_view path) {
  if (!check_path(path)) return;
  std::string room(path);
  const auto decoded = decode_segment(room, room.data());
  FUZZ_CHECK(decoded.has_value());
  for (std::string_view rest = *decoded;;) {
    const std::size_t slash = rest.find_first_of("/\\");
    const std::string_view segment = rest.substr(0, slash);
    FUZZ_CHECK(segment != "." && segment != "..");
    if (slash == std::string_view::npos) return;
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  check_decoding(text);
  check_encoding(text);
  check_dot_segments(text);
  if (text.find('\0') == std::string_view::npos) {
    std::string room = escaped(text);
    const auto back = decode_segment(room, room.data());
    FUZZ_CHECK(back && *back == text);
  }
  std::size_t bytes = 0;
  for (const auto [key, value] : query_view(text)) {
    FUZZ_CHECK(fuzz::lies_in(key, text) && fuzz::lies_in(value, text));
    FUZZ_CHECK(key.find('&') == std::string_view::npos && key.find('=') == std::string_view::npos);
    bytes += key.size() + value.size();
  }
  FUZZ_CHECK(bytes <= size);
  return 0;
}
