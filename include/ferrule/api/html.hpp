#pragma once
/// @file
/// Text inside of HTML.
///
/// ```cpp
/// inline std::string greeting(std::string_view name) {  // a name may hold anything
///   return "<p title=\"" + ferrule::escape_html(name) + "\">Hello!</p>";
/// }
/// ```

#include <string>
#include <string_view>

namespace ferrule {

/// `text` so that it stands for itself between tags and in a quoted attribute: `&`, `<`, `>` and
/// quotes of both kinds as references; what is no UTF-8, and characters that HTML has no place for,
/// as U+FFFD. Not for what stands in a script, a style, a URL or an attribute without quotes.
/// Source: HTML Standard, section 13.1.4; WHATWG Encoding, section 4.1.
std::string escape_html(std::string_view text);

}  // namespace ferrule
