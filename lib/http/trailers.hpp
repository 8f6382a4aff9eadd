#pragma once
// Fields behind a body, of the lines that are left of it.

#include <cstdint>
#include <span>
#include <string_view>

#include "ferrule/http/fields.hpp"

namespace ferrule::http {

// How many fields there are at most in `lines`.
std::uint16_t count_trailers(std::string_view lines) noexcept;
// Makes fields of `lines`, which an empty line ends, in `storage`, which is as long as was counted;
// without those that may not be there. They are views of both.
std::span<const header_field> parse_trailers(std::string_view lines,
                                             std::span<header_field> storage) noexcept;

}  // namespace ferrule::http
