#include "ferrule/json/text_pattern.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace ferrule::json {

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i != text.size(); ++i) {
    const char c = text[i];
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_digit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (is_dash ? c != '-' : !is_digit) return false;
  }
  return true;
}

bool is_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto number = [&](std::size_t begin, std::size_t digits) {
    unsigned value = 0;
    for (const char c : text.substr(begin, digits)) {
      if (c < '0' || c > '9') return 1'000'000U;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
  };
  const unsigned year = number(0, 4);
  const unsigned month = number(5, 2);
  const unsigned day = number(8, 2);
  if (year > 9999 || month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<unsigned, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

namespace {

constexpr bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A part of a host's name (RFC 1034 section 3.5).
bool is_label(std::string_view text) noexcept {
  constexpr std::size_t label_chars_max = 63;
  return !text.empty() && text.size() <= label_chars_max && text.front() != '-' &&
         text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

}  // namespace

bool is_email(std::string_view text) noexcept {
  constexpr std::string_view marks = ".!#$%&'*+/=?^_`{|}~-";
  const std::size_t at = text.find('@');
  if (at == 0 || at == text.npos) return false;
  const bool has_name = std::ranges::all_of(text.substr(0, at), [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != marks.npos;
  });
  if (!has_name) return false;
  std::string_view host = text.substr(at + 1);
  for (std::size_t dot = 0; (dot = host.find('.')) != host.npos; host.remove_prefix(dot + 1)) {
    if (!is_label(host.substr(0, dot))) return false;
  }
  return is_label(host);
}

namespace detail {
namespace {

/// The characters of a text: 0x80 stands for all that are not ASCII.
std::vector<unsigned char> characters_of(std::string_view text) {
  std::vector<unsigned char> characters;
  characters.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80) continue;  // goes on with a character
    characters.push_back(byte < 0x80 ? byte : 0x80);
  }
  return characters;
}

bool may_stand(const pattern_atom& atom, unsigned char c) noexcept {
  if (c >= 0x80) return atom.others;
  return (atom.ascii[c / 64] >> (c % 64U) & 1U) != 0;
}

}  // namespace

// Keeps the set of places that the atoms so far can end at. An atom leads from each place to all
// that lie `min` to `max` characters on, as far as all between are its own.
bool matches(std::span<const pattern_atom> atoms, std::string_view text) {
  const std::vector<unsigned char> characters = characters_of(text);
  const std::size_t size = characters.size();
  std::vector<char> reached(size + 1, 0);
  std::vector<std::size_t> run(size + 1, 0);  // how many characters from here on are the atom's
  std::vector<std::ptrdiff_t> change(size + 2, 0);
  reached[0] = 1;
  for (const pattern_atom& atom : atoms) {
    for (std::size_t i = size; i-- != 0;) {
      run[i] = may_stand(atom, characters[i]) ? run[i + 1] + 1 : 0;
    }
    std::ranges::fill(change, 0);
    for (std::size_t i = 0; i <= size; ++i) {
      if (reached[i] == 0 || run[i] < atom.min) continue;
      ++change[i + atom.min];
      --change[i + std::min<std::size_t>(run[i], atom.max) + 1];
    }
    std::ptrdiff_t ways = 0;
    for (std::size_t i = 0; i <= size; ++i) {
      ways += change[i];
      reached[i] = ways > 0 ? 1 : 0;
    }
  }
  return reached[size] != 0;
}

}  // namespace detail
}  // namespace ferrule::json
