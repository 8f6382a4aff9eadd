#include "ferrule/api/encode.hpp"

#include "ferrule/api/pattern.hpp"

namespace ferrule {
namespace {

constexpr bool is_unreserved(char c) noexcept {
  return detail::is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view text, char kept) {
  constexpr std::string_view hexadecimal = "0123456789ABCDEF";
  for (char c : text) {
    if (is_unreserved(c) || c == kept) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hexadecimal[byte >> 4U];
      out += hexadecimal[byte & 15U];
    }
  }
}

constexpr char none_kept = '-';  // which is unreserved anyway

}  // namespace

void append_path_text(std::string& out, std::string_view text) {
  append_encoded(out, text, none_kept);
}

void append_tail_text(std::string& out, std::string_view text) { append_encoded(out, text, '/'); }

void detail::append_query_pair(std::string& out, bool& is_first, std::string_view key,
                               std::string_view value) {
  out += is_first ? '?' : '&';
  is_first = false;
  append_encoded(out, key, none_kept);
  out += '=';
  append_encoded(out, value, none_kept);
}

}  // namespace ferrule
