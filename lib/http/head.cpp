#include "http/head.hpp"

#include <algorithm>

#include "http/scan.hpp"

namespace ferrule::http {
namespace {

const char* skip_spaces(const char* at, const char* end) noexcept {
  while (at != end && is_space(*at)) ++at;
  return at;
}

const char* back_over_spaces(const char* at, const char* begin) noexcept {
  while (at != begin && is_space(at[-1])) --at;
  return at;
}

// Why the name that ends at `at` is not followed by a colon.
const char* bad_name_reason(const char* begin, const char* at) noexcept {
  if (*at == '\n') return "bare LF";
  if (*at == '\r') return "field line without a colon";
  if (is_space(*at)) return at == begin ? "folded field line" : "space before a colon";
  return at == begin && *at == ':' ? "field without a name" : "invalid byte in a field name";
}

// The field lines that end at or before `cursor.end`.
head_parse parse_field_lines(head_cursor& cursor, std::span<header_field> storage,
                             std::span<const header_field>& fields, framing_facts& facts) noexcept {
  head_cursor line = cursor;  // a copy, for the compiler to keep it in registers
  std::size_t count = 0;
  while (line.at == line.end || *line.at != '\r') {
    const char* const name = line.at;
    const char* const name_end = skip_name(name, line.end);
    if (name_end == line.end) return head_incomplete();
    if (*name_end != ':' || name_end == name) {
      return head_error(400, bad_name_reason(name, name_end));
    }
    const char* const value = skip_spaces(name_end + 1, line.end);
    line.at = skip_text(value, line.end);
    const char* const value_end = back_over_spaces(line.at, value);
    if (!line.at_line_end()) return take_line_end(line, "invalid byte in a field value");
    line.at += line_end_bytes;
    if (count == storage.size()) return head_error(431, "too many header fields");
    header_field& field = storage[count++];
    field.name = std::string_view(name, name_end);
    field.value = std::string_view(value, value_end);
    if (may_matter(field.name.size())) {
      if (const char* fault = note_field(field, facts)) return head_error(400, fault);
    }
  }
  fields = storage.first(count);
  const head_parse end = take_line_end(line, "");
  cursor = line;
  return end;
}

}  // namespace

head_parse take_line_end(head_cursor& cursor, const char* reason) noexcept {
  if (cursor.at_line_end()) {
    cursor.at += line_end_bytes;
    return head_complete();
  }
  if (cursor.left() == 0 || (cursor.left() == 1 && *cursor.at == '\r')) return head_incomplete();
  if (*cursor.at == '\r') return head_error(400, "CR without LF");
  return head_error(400, *cursor.at == '\n' ? "bare LF" : reason);
}

head_parse parse_fields(head_cursor& cursor, const head_limits& limits,
                        std::span<header_field> storage, std::span<const header_field>& fields,
                        framing_facts& facts) noexcept {
  const std::size_t bytes_max = std::size_t{limits.header_bytes_max} + line_end_bytes;
  head_cursor limited{cursor.at, cursor.at + std::min(cursor.left(), bytes_max)};
  const std::size_t count_max = std::min(storage.size(), std::size_t{limits.header_count_max});
  const head_parse parsed = parse_field_lines(limited, storage.first(count_max), fields, facts);
  if (parsed.state == head_parse::incomplete && cursor.left() >= bytes_max) {
    return head_error(431, "header fields are too large");
  }
  cursor.at = limited.at;
  return parsed;
}

bool find_head_end(std::string_view bytes, std::size_t& scanned) noexcept {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin + scanned;
  for (;;) {
    at = skip_text(at, end);
    scanned = static_cast<std::size_t>(at - begin);
    const std::string_view rest(at, end);
    constexpr std::string_view head_end = "\r\n\r\n";
    if (rest.size() < head_end.size() && head_end.starts_with(rest)) return false;
    if (!rest.starts_with("\r\n") || rest.starts_with(head_end)) return true;
    at += line_end_bytes;
  }
}

}  // namespace ferrule::http
