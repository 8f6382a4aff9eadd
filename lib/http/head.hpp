#pragma once
// What the heads of requests and responses have in common: line ends, field lines, and knowing
// when parsing again can get further than last time.

#include <cstddef>
#include <span>
#include <string_view>

#include "ferrule/http/parser.hpp"
#include "http/framing.hpp"

namespace ferrule::http {

inline constexpr std::size_t line_end_bytes = 2;

// What is left to parse; `end` may be set where a limit ends.
struct head_cursor {
  const char* at;
  const char* end;

  std::size_t left() const noexcept { return static_cast<std::size_t>(end - at); }
  bool at_line_end() const noexcept {
    return left() >= line_end_bytes && at[0] == '\r' && at[1] == '\n';
  }
};

inline head_parse head_complete() noexcept { return {.state = head_parse::complete}; }
inline head_parse head_incomplete() noexcept { return {}; }
inline head_parse head_error(int status, const char* reason) noexcept {
  return {.state = head_parse::error, .status = status, .reason = reason};
}

// Passes over CRLF; what else is there is an error, of the `reason` given for ordinary bytes.
head_parse take_line_end(head_cursor& cursor, const char* reason) noexcept;

// Parses the field lines and the empty line after them. `fields` becomes the used part of
// `storage`, `facts` what the fields say about framing. Errors have a request's statuses.
head_parse parse_fields(head_cursor& cursor, const head_limits& limits,
                        std::span<header_field> storage, std::span<const header_field>& fields,
                        framing_facts& facts) noexcept;

// Looks from `scanned` on for the end of a head or a control byte that no head may have, and
// moves `scanned` to where the next search must begin.
bool find_head_end(std::string_view bytes, std::size_t& scanned) noexcept;

// Calls `parse` the first time, and then only when the result can be another one: a whole head, a
// control byte, or too much for a first line or for all.
template <class Parse>
head_parse parse_when_useful(std::string_view bytes, const head_limits& limits,
                             std::size_t& scanned, Parse parse) noexcept {
  const bool first = scanned == 0;
  const std::size_t scanned_before = scanned;
  const std::size_t line_limit = std::size_t{limits.request_line_bytes_max} + 2 * line_end_bytes;
  const bool passes_line_limit = scanned < line_limit && bytes.size() >= line_limit;
  if (!first && !find_head_end(bytes, scanned) && !passes_line_limit &&
      bytes.size() < head_bytes_max(limits)) {
    return {.scanned_bytes = scanned - scanned_before};
  }
  head_parse parsed = parse();
  if ((first || passes_line_limit) && parsed.state == head_parse::incomplete) {
    find_head_end(bytes, scanned);
  }
  const bool complete = parsed.state == head_parse::complete;
  parsed.scanned_bytes = scanned - scanned_before + (complete ? parsed.bytes : bytes.size());
  return parsed;
}

}  // namespace ferrule::http
