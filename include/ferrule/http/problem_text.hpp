#pragma once
/// @file
/// The smallest problem document, for what an engine has to answer on its own.
///
/// ```cpp
/// void refuse(ferrule::buffer& out) { ferrule::http::write_problem(out, 400, "no Host", ""); }
/// ```
///
/// Source: RFC 9457.

#include <span>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/fields.hpp"

namespace ferrule::http {

/// The media type of problem documents.
inline constexpr std::string_view problem_content_type = "application/problem+json";

/// Appends `{"type":"about:blank","title":…,"status":…,"detail":…}` with the status' registered
/// phrase as its title, and `"trace_id"`. What is empty is left out; `detail` is Ferrule's own
/// text, in which nothing needs escaping.
void write_problem(buffer& out, int status, std::string_view detail, std::string_view trace_id);
/// What the head of such an answer says besides: of 503, that it may be otherwise in a moment.
std::span<const header_field> problem_fields(int status) noexcept;

}  // namespace ferrule::http
