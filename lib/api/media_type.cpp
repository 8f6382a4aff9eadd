#include "ferrule/api/media_type.hpp"

#include "ferrule/http/fields.hpp"

namespace ferrule {
namespace {

std::string_view trim(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view unquote(std::string_view text) noexcept {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

/// Takes the part before the next ';' off `rest`. One inside quotes counts too: then the rest is
/// no character set, and only that is asked for.
std::string_view next_part(std::string_view& rest) noexcept {
  const std::size_t end = rest.find(';');
  const std::string_view part = trim(rest.substr(0, end));
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

bool names_json(std::string_view type) noexcept {
  if (equal_ignoring_case(type, "application/json")) return true;
  const std::size_t slash = type.find('/');
  constexpr std::string_view suffix = "+json";
  return slash != type.npos && slash != 0 && type.size() > slash + 1 + suffix.size() &&
         equal_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

}  // namespace

bool is_json(std::string_view content_type) noexcept {
  std::string_view rest = content_type;
  if (!names_json(next_part(rest))) return false;
  while (!rest.empty()) {
    const std::string_view parameter = next_part(rest);
    const std::size_t equals = parameter.find('=');
    if (equals == parameter.npos) continue;
    if (equal_ignoring_case(parameter.substr(0, equals), "charset") &&
        !equal_ignoring_case(unquote(parameter.substr(equals + 1)), "utf-8")) {
      return false;
    }
  }
  return true;
}

}  // namespace ferrule
