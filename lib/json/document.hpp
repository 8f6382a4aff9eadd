#pragma once
// A parsed document and the memory behind it, pooled by thread.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "json/locate.hpp"

namespace ferrule::json::detail {

/// Parser, its padded copy of the text, and the tape it writes.
///
/// The tape is simdjson's documented form: words with a type in the top byte. '{' and '[' carry
/// the index after their end in the low 32 bits and their element count, if below 2^24 - 1, in
/// the next 24; '"' the offset of a 32-bit length and the bytes; 'l', 'u' and 'd' are followed by
/// a word with the number. To these comes 'b': a number that the parser refuses though it is JSON
/// (RFC 8259 section 6 bounds neither digits nor exponent). It has a second word, too, but is to be
/// read from the text.
struct document {
  /// Texts up to this size reuse the thread's memory, which is about 15 times as much. Memory for
  /// larger ones is given back once they are read.
  static constexpr std::size_t pooled_bytes_max = 32 * 1024;

  /// The spare document of this thread, or a new one.
  static std::unique_ptr<document> take();
  /// Keeps `used` as the spare one of this thread, unless it grew too large.
  static void give_back(std::unique_ptr<document> used) noexcept;

  simdjson::error_code parse(std::string_view text, std::size_t depth_max);

  /// The first member, if any, whose object has one of that name already.
  std::optional<member_place> find_duplicate();

  /// The value at `index` of the tape as it stands in `text`, which is what was parsed. Asked for
  /// in the order of the document, all values of it together cost one walk.
  std::string_view source(std::string_view text, std::size_t index);

  const std::uint64_t* tape() const noexcept { return tape_owner.tape.get(); }
  std::string_view string(std::uint64_t word) const noexcept;

 private:
  void reserve(std::size_t bytes, std::size_t depth_max);
  void load(std::string_view text);
  simdjson::error_code parse_padded(std::size_t size);
  simdjson::error_code parse_with(std::span<const token_place> numbers, std::size_t size);
  std::optional<std::size_t> duplicate_in(std::size_t object);

  /// A value on the tape, and its first byte in the parser's list of such.
  struct position {
    std::size_t word = 1;
    std::size_t structural = 0;
  };
  void advance(position& at) const noexcept;
  std::size_t offset(const position& at) const noexcept;

  simdjson::dom::parser parser;
  simdjson::dom::document tape_owner;
  std::unique_ptr<char[]> padded;
  std::size_t capacity = 0;
  position reached;  // by `source`
  std::vector<std::string_view> keys;
};

constexpr char type_of(std::uint64_t word) noexcept { return static_cast<char>(word >> 56); }
constexpr std::uint32_t low_half(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word);
}

/// The index of what follows the value at `index`.
inline std::size_t next_index(const std::uint64_t* tape, std::size_t index) noexcept {
  switch (type_of(tape[index])) {
    case '{':
    case '[':
      return low_half(tape[index]);
    case 'l':
    case 'u':
    case 'd':
    case 'b':
      return index + 2;
    default:
      return index + 1;
  }
}

}  // namespace ferrule::json::detail
