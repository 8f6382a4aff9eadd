#pragma once
/// @file
/// The smallest problem document, for what an engine has to answer on its own.
///
/// ```cpp
/// void refuse(ferrule::buffer& out) { ferrule::http::write_problem(out, 400, "no Host field"); }
/// ```
///
/// Source: RFC 9457.

#include <string_view>

#include "ferrule/core/buffer.hpp"

namespace ferrule::http {

/// The media type of problem documents.
inline constexpr std::string_view problem_content_type = "application/problem+json";

/// Appends `{"type":"about:blank","title":…,"status":…,"detail":…}` with the status' registered
/// phrase as its title. An empty `detail` is left out; any other is Ferrule's own text, in which
/// nothing needs escaping.
void write_problem(buffer& out, int status, std::string_view detail);

}  // namespace ferrule::http
