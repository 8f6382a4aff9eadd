#pragma once
/// @file
/// What a Content-Type field says of a body.
///
/// ```cpp
/// inline bool accepted = ferrule::is_json("application/json; charset=utf-8");  // true
/// ```
///
/// Source: RFC 9110 section 8.3, RFC 6839 section 3.1, RFC 8259 sections 8.1 and 11.

#include <string_view>

namespace ferrule {

/// Whether `content_type` is `application/json` or ends in `+json`. Parameters change nothing, not
/// even a `charset`, since JSON has none (RFC 8259 section 11): it is UTF-8, and what is not is no
/// JSON. False for an empty view.
bool is_json(std::string_view content_type) noexcept;

/// Whether `content_type` is `application/x-www-form-urlencoded`. Parameters change nothing: what
/// is no UTF-8 is refused where it is read.
bool is_form(std::string_view content_type) noexcept;

}  // namespace ferrule
