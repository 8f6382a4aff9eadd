#include "ferrule/api/html.hpp"

#include "ferrule/core/escape.hpp"

namespace ferrule {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// What stands for a character of ASCII; empty: itself.
std::string_view reference_of(char c) noexcept {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f ? replacement
                                                                            : std::string_view();
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      const std::string_view reference = reference_of(c);
      reference.empty() ? html.push_back(c) : void(html.append(reference));
      text.remove_prefix(1);
      continue;
    }
    const detail::utf8_sequence next = detail::leading_utf8(text);
    html.append(next.valid ? text.substr(0, next.size) : replacement);
    text.remove_prefix(next.size);
  }
  return html;
}

}  // namespace ferrule
