#include "ferrule/api/media_type.hpp"

#include "ferrule/http/fields.hpp"

namespace ferrule {
namespace {

/// A type has no quoted part, so the first semicolon is where the parameters begin.
std::string_view without_parameters(std::string_view content_type) noexcept {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.substr(0, type.find_last_not_of(" \t") + 1);
}

}  // namespace

bool is_form(std::string_view content_type) noexcept {
  return equal_ignoring_case(without_parameters(content_type), "application/x-www-form-urlencoded");
}

bool is_json(std::string_view content_type) noexcept {
  const std::string_view type = without_parameters(content_type);
  if (equal_ignoring_case(type, "application/json")) return true;
  const std::size_t slash = type.find('/');
  if (slash == type.npos) return false;
  const std::string_view subtype = type.substr(slash + 1);
  constexpr std::string_view suffix = "+json";
  return http::is_token(type.substr(0, slash)) && http::is_token(subtype) &&
         subtype.size() > suffix.size() &&
         equal_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix);
}

}  // namespace ferrule
