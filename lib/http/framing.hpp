#pragma once
// What the fields of a head say about the body and the connection, gathered while they are
// parsed. Source: RFC 9112 sections 3.2, 6 and 9.3; RFC 9110 sections 7.6.1, 8.6 and 10.1.1.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/http/fields.hpp"

namespace ferrule::http {

struct framing_facts {
  std::string_view host;
  std::uint64_t content_length = 0;
  bool is_response = false;  // to be said beforehand: there Host says nothing
  bool has_host = false;
  bool has_content_length = false;
  bool has_transfer_encoding = false;
  bool chunked_is_final = false;  // of all transfer codings seen so far
  bool unknown_coding = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool expect_continue = false;
  bool unknown_expectation = false;
};

// Whether a field whose name has this length can matter, to spare most fields the call.
constexpr bool may_matter(std::size_t name_bytes) noexcept {
  constexpr std::uint32_t lengths = 1U << 4 | 1U << 6 | 1U << 10 | 1U << 14 | 1U << 17;
  return name_bytes < 32 && (lengths >> name_bytes & 1U) != 0;
}

// Notes the field if it matters. Returns what is wrong with it or null: malformed, or given twice
// where that is refused. Every such fault makes the whole head a bad one.
const char* note_field(const header_field& field, framing_facts& facts) noexcept;

}  // namespace ferrule::http
