#include "http/trailers.hpp"

#include <algorithm>

#include "ferrule/http/head_writer.hpp"
#include "http/framing.hpp"
#include "http/head.hpp"

namespace ferrule::http {

std::uint16_t count_trailers(std::string_view lines) noexcept {
  return static_cast<std::uint16_t>(
      std::min<std::ptrdiff_t>(std::ranges::count(lines, '\n'), UINT16_MAX));
}

std::span<const header_field> parse_trailers(std::string_view lines,
                                             std::span<header_field> storage) noexcept {
  std::span<const header_field> found;
  head_cursor cursor{lines.data(), lines.data() + lines.size()};
  framing_facts facts;
  const head_limits limits{.header_bytes_max = static_cast<std::uint32_t>(lines.size()),
                           .header_count_max = static_cast<std::uint16_t>(storage.size())};
  if (parse_fields(cursor, limits, storage, found, facts).state != head_parse::complete) return {};
  header_field* const begin = storage.data();
  header_field* const end =
      std::remove_if(begin, begin + found.size(),
                     [](const header_field& field) { return !may_be_trailer(field.name); });
  return {begin, end};
}

}  // namespace ferrule::http
