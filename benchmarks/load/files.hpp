#pragma once
// Whole files as text.

#include <string>
#include <string_view>

#include "ferrule/core/result.hpp"

namespace ferrule::load {

/// Fails with what the system says.
result<std::string, std::string> read_file(const std::string& path);
/// Returns what is wrong, or an empty text.
std::string write_file(const std::string& path, std::string_view text);

}  // namespace ferrule::load
