#include "http/framing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>

#include "http/authority.hpp"
#include "http/characters.hpp"

namespace ferrule::http {
namespace {

// Whether `name` is `lower`, a name of the same length in lower-case letters and '-', in any case.
// Setting bit 5 folds letters, and no other character of a token becomes a letter or '-' by it.
// Compares in words, the last of which may overlap the one before.
template <std::size_t N>
bool named(std::string_view name, const char (&lower)[N]) noexcept {
  constexpr std::size_t bytes = N - 1;
  using word = std::conditional_t<(bytes >= sizeof(std::uint64_t)), std::uint64_t, std::uint32_t>;
  constexpr auto fold = static_cast<word>(0x2020202020202020U);
  for (std::size_t at = 0;; at = std::min(at + sizeof(word), bytes - sizeof(word))) {
    word given;
    word wanted;
    std::memcpy(&given, name.data() + at, sizeof(word));
    std::memcpy(&wanted, lower + at, sizeof(word));
    if ((given | fold) != wanted) return false;
    if (at + sizeof(word) == bytes) return true;
  }
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the first element off a comma-separated list.
std::string_view next_element(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = trimmed(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return element;
}

const char* note_host(std::string_view value, framing_facts& facts) noexcept {
  if (facts.has_host) return "more than one Host field";
  if (!is_authority(value, port_rule::optional)) return "invalid Host field";
  facts.has_host = true;
  facts.host = value;
  return nullptr;
}

const char* note_content_length(std::string_view value, framing_facts& facts) noexcept {
  if (facts.has_content_length) return "more than one Content-Length";
  if (value.empty()) return "invalid Content-Length";
  constexpr std::uint64_t length_max = std::numeric_limits<std::int64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!is(digit_char, c)) return "invalid Content-Length";
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (length_max - digit) / 10) return "Content-Length is too large";
    length = length * 10 + digit;
  }
  facts.has_content_length = true;
  facts.content_length = length;
  return nullptr;
}

// Chunked must be the last coding and applied once; whatever else is there is unknown to us.
const char* note_transfer_encoding(std::string_view value, framing_facts& facts) noexcept {
  facts.has_transfer_encoding = true;
  if (value.ends_with(',')) return "invalid Transfer-Encoding";
  do {
    const std::string_view coding = next_element(value);
    const std::string_view name = coding.substr(0, coding.find_first_of("; \t"));
    if (!is_token(name)) return "invalid Transfer-Encoding";
    if (facts.chunked_is_final) return "chunked is not the final transfer coding";
    if (!equal_ignoring_case(name, "chunked")) {
      facts.unknown_coding = true;
    } else if (coding.size() != name.size()) {
      return "chunked takes no parameters";
    } else {
      facts.chunked_is_final = true;
    }
  } while (!value.empty());
  return nullptr;
}

const char* note_connection(std::string_view value, framing_facts& facts) noexcept {
  while (!value.empty()) {
    const std::string_view option = next_element(value);
    if (equal_ignoring_case(option, "close")) facts.close = true;
    if (equal_ignoring_case(option, "keep-alive")) facts.keep_alive = true;
    if (equal_ignoring_case(option, "upgrade")) facts.upgrade = true;
  }
  return nullptr;
}

const char* note_expect(std::string_view value, framing_facts& facts) noexcept {
  while (!value.empty()) {
    const std::string_view expectation = next_element(value);
    if (equal_ignoring_case(expectation, "100-continue")) {
      facts.expect_continue = true;
    } else if (!expectation.empty()) {
      facts.unknown_expectation = true;
    }
  }
  return nullptr;
}

}  // namespace

const char* note_field(const header_field& field, framing_facts& facts) noexcept {
  switch (field.name.size()) {
    case 4:
      if (facts.is_response) break;
      if (named(field.name, "host")) return note_host(field.value, facts);
      break;
    case 6:
      if (named(field.name, "expect")) return note_expect(field.value, facts);
      break;
    case 10:
      if (named(field.name, "connection")) return note_connection(field.value, facts);
      break;
    case 14:
      if (named(field.name, "content-length")) return note_content_length(field.value, facts);
      break;
    case 17:
      if (named(field.name, "transfer-encoding")) return note_transfer_encoding(field.value, facts);
      break;
    default:
      break;
  }
  return nullptr;
}

}  // namespace ferrule::http
