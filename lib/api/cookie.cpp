#include "ferrule/api/cookie.hpp"

#include <algorithm>

namespace ferrule {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view spaces = " \t";
  const std::size_t begin = text.find_first_not_of(spaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
}

std::string_view unquoted(std::string_view text) noexcept {
  const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::optional<cookie_pair> next_cookie(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    const std::size_t equals = piece.find('=');
    if (equals == piece.npos) continue;
    const std::string_view name = trimmed(piece.substr(0, equals));
    if (!name.empty()) return cookie_pair{name, unquoted(trimmed(piece.substr(equals + 1)))};
  }
  return std::nullopt;
}

bool is_cookie_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

}  // namespace ferrule
