#include "json/document.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace ferrule::json::detail {

namespace {
thread_local std::unique_ptr<document> spare;

// The parser looks for the best instructions when it is first used, in a function that must not
// fail but allocates: so that is done at the start of the program, not in the middle of a request.
[[maybe_unused]] const bool has_looked = !simdjson::get_active_implementation()->name().empty();
}  // namespace

std::unique_ptr<document> document::take() {
  if (spare) return std::move(spare);
  return std::make_unique<document>();
}

void document::give_back(std::unique_ptr<document> used) noexcept {
  if (used && used->capacity <= pooled_bytes_max) spare = std::move(used);
}

void document::reserve(std::size_t bytes, std::size_t depth_max) {
  if (bytes <= capacity && parser.max_depth() == depth_max) return;
  const std::size_t wanted = std::bit_ceil(std::max({bytes, capacity, std::size_t{1024}}));
  capacity = 0;  // until there is memory for all of it
  padded = std::make_unique_for_overwrite<char[]>(wanted + simdjson::SIMDJSON_PADDING);
  if (parser.allocate(wanted, depth_max) != simdjson::SUCCESS ||
      tape_owner.allocate(wanted) != simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
  capacity = wanted;
}

simdjson::error_code document::parse(std::string_view text, std::size_t depth_max) {
  if (text.size() > simdjson::SIMDJSON_MAXSIZE_BYTES) return simdjson::CAPACITY;
  reserve(text.size(), depth_max + 1);  // the parser's own limit is the first depth it refuses
  reached = {};
  text.copy(padded.get(), text.size());
  std::memset(padded.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  const simdjson::error_code error = parse_padded(text.size());
  if (error != simdjson::NUMBER_ERROR) return error;
  const auto numbers = find_large_numbers(text, depth_max);
  return numbers ? parse_with(*numbers, text.size()) : error;
}

simdjson::error_code document::parse_padded(std::size_t size) {
  return parser.parse_into_document(tape_owner, padded.get(), size, false).error();
}

/// Parses with a zero in place of each of `numbers`, and then marks those.
simdjson::error_code document::parse_with(std::span<const token_place> numbers, std::size_t size) {
  for (const token_place number : numbers) {
    std::memset(padded.get() + number.offset, ' ', number.size);
    padded[number.offset] = '0';
  }
  const simdjson::error_code error = parse_padded(size);
  if (error != simdjson::SUCCESS) return error;
  position at;
  for (const token_place number : numbers) {
    while (offset(at) != number.offset) advance(at);
    tape_owner.tape[at.word] = std::uint64_t{'b'} << 56U;
  }
  return simdjson::SUCCESS;
}

void document::advance(position& at) const noexcept {
  // Containers are entered, not stepped over.
  const char type = type_of(tape()[at.word]);
  at.word += type == 'l' || type == 'u' || type == 'd' || type == 'b' ? 2 : 1;
  do {
    ++at.structural;
  } while (padded[offset(at)] == ',' || padded[offset(at)] == ':');
}

std::size_t document::offset(const position& at) const noexcept {
  return parser.implementation->structural_indexes[at.structural];
}

std::string_view document::source(std::string_view text, std::size_t index) {
  if (reached.word > index) reached = {};
  while (reached.word != index) advance(reached);
  const std::size_t start = offset(reached);
  const std::size_t last = next_index(tape(), index) - 1;
  position at = reached;
  if (type_of(tape()[index]) == '{' || type_of(tape()[index]) == '[') {
    while (at.word != last) advance(at);
  }
  reached = at;
  // The parser ends its list with the size of the text.
  ++at.structural;
  const std::string_view piece = text.substr(start, offset(at) - start);
  return piece.substr(0, piece.find_last_not_of(" \t\r\n") + 1);
}

std::string_view document::string(std::uint64_t word) const noexcept {
  const std::uint8_t* at =
      tape_owner.string_buf.get() + (word & simdjson::internal::JSON_VALUE_MASK);
  std::uint32_t size;
  std::memcpy(&size, at, sizeof size);
  return {reinterpret_cast<const char*>(at + sizeof size), size};
}

std::optional<member_place> document::find_duplicate() {
  const std::uint64_t* words = tape();
  const std::size_t end = low_half(words[0]);  // the root points at its own end
  std::size_t objects = 0;
  for (std::size_t i = 1; i < end;) {
    const char type = type_of(words[i]);
    if (type == '{') {
      if (const auto member = duplicate_in(i)) return member_place{objects, *member};
      ++objects;
    }
    // Containers are entered, not stepped over.
    i += type == 'l' || type == 'u' || type == 'd' || type == 'b' ? 2 : 1;
  }
  return std::nullopt;
}

std::optional<std::size_t> document::duplicate_in(std::size_t object) {
  const std::uint64_t* words = tape();
  const std::size_t end = low_half(words[object]) - 1;
  keys.clear();
  for (std::size_t i = object + 1; i < end; i = next_index(words, i + 1)) {
    keys.push_back(string(words[i]));
  }
  constexpr std::size_t pairwise_max = 16;  // comparing all pairs beats sorting up to here
  if (keys.size() <= pairwise_max) {
    for (std::size_t i = 1; i < keys.size(); ++i) {
      for (std::size_t j = 0; j != i; ++j) {
        if (keys[i] == keys[j]) return i;
      }
    }
    return std::nullopt;
  }
  std::vector<std::string_view> sorted = keys;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice == sorted.end()) return std::nullopt;
  const auto first = std::ranges::find(keys, *twice);
  return static_cast<std::size_t>(std::find(first + 1, keys.end(), *twice) - keys.begin());
}

}  // namespace ferrule::json::detail
