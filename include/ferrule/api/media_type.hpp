#pragma once
/// @file
/// What a Content-Type field says of a body.
///
/// ```cpp
/// inline bool accepted = ferrule::is_json("application/json; charset=utf-8");  // true
/// ```
///
/// Source: RFC 9110 section 8.3, RFC 6839 section 3.1, RFC 8259 section 8.1.

#include <string_view>

namespace ferrule {

/// Whether `content_type` is `application/json` or ends in `+json`, and if it names a character
/// set, that it is UTF-8. Other parameters do not matter. False for an empty view.
bool is_json(std::string_view content_type) noexcept;

}  // namespace ferrule
