#include "ferrule/http/fields.hpp"

#include "http/scan.hpp"

namespace ferrule::http {

bool is_token(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return !text.empty() && skip_name(text.data(), end) == end;
}

bool is_field_value(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return skip_text(text.data(), end) == end;
}

}  // namespace ferrule::http
