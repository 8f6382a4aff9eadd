#include "ferrule/api/parameter.hpp"

#include "ferrule/core/escape.hpp"

namespace ferrule::detail {

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const utf8_sequence next = leading_utf8(text);
    if (!next.valid) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

}  // namespace ferrule::detail
