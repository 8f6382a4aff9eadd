#pragma once
// What the fuzz targets share: a check that stops the run, input as text, and input in pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ferrule/core/assert.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/http/parser.hpp"

#define FUZZ_CHECK(condition) FERRULE_ASSERT(condition, #condition)

namespace ferrule::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Whether a view lies in `whole`, as every view that a parser hands out must.
inline bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Gives a parser of heads, called as `parse(bytes, scanned)`, growing pieces of `bytes`: one byte
/// more each time, or as many as chance wants, which the bytes themselves decide. It must end as
/// with the whole: an error may come later, but never another one, and never anything else.
/// `check(piece)` is called when the head was complete.
template <class Parse, class Check>
void check_pieces(std::string_view bytes, const http::head_parse& whole, Parse parse, Check check) {
  rng chance(std::hash<std::string_view>{}(bytes));
  for (const std::size_t step_bytes_max : {1U, 40U}) {
    std::size_t scanned = 0;
    http::head_parse result;
    std::string piece;
    while (result.state == http::head_parse::incomplete) {
      piece = bytes.substr(0, piece.size() + 1 + chance.below(step_bytes_max));
      result = parse(piece, scanned);
      if (piece.size() == bytes.size()) break;
    }
    if (result.state == http::head_parse::incomplete && whole.state == http::head_parse::error) {
      piece = std::string(bytes) + "\r\n\r\n";
      result = parse(piece, scanned);
    }
    FUZZ_CHECK(result.state == whole.state && result.status == whole.status);
    FUZZ_CHECK(result.bytes == whole.bytes);
    FUZZ_CHECK(std::string_view(result.reason) == whole.reason);
    if (result.state == http::head_parse::complete) check();
  }
}

}  // namespace ferrule::fuzz
