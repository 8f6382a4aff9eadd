#include "ferrule/client/encoded_request.hpp"

#include <fmt/format.h>

namespace ferrule::detail {
void encoded_request::add_field(std::string_view name, std::string_view value) {
  has_idempotency_key |= equal_ignoring_case(name, idempotency_key_field);
  fields.emplace_back(name, value);
}

void encoded_request::add_idempotency_key(rng& random) {
  const std::uint64_t high = random();
  add_field(idempotency_key_field, fmt::format("{:016x}{:016x}", high, random()));
}

std::vector<header_field> encoded_request::views() const {
  std::vector<header_field> all;
  all.reserve(fields.size());
  for (const auto& [name, value] : fields) all.push_back({name, value});
  return all;
}

bool is_list_element(std::string_view text) noexcept {
  constexpr std::string_view spaces = " \t";
  return !text.empty() && text.find_first_of(",\"") == text.npos &&
         spaces.find(text.front()) == spaces.npos && spaces.find(text.back()) == spaces.npos;
}

bool append_path(std::string& out, const pattern& shape, std::span<const std::string> texts) {
  std::size_t next = 0;
  for (std::size_t i = 0; i != shape.segment_count; ++i) {
    out += '/';
    switch (shape.segments[i].kind) {
      case segment_kind::literal:
        out += shape.segment_text(i);
        break;
      case segment_kind::parameter:
        if (!is_path_segment(texts[next])) return false;
        append_path_text(out, texts[next++]);
        break;
      case segment_kind::tail:
        if (!is_path_tail(texts[next])) return false;
        append_tail_text(out, texts[next++]);
        break;
    }
  }
  return true;
}

}  // namespace ferrule::detail
