#pragma once
// Whole files as text.

#include <cstddef>
#include <string>
#include <string_view>

#include "ferrule/core/result.hpp"

namespace ferrule::load {

/// More than any document is.
inline constexpr std::size_t file_bytes_max = std::size_t{64} << 20U;

/// Fails with what the system says, and when it is larger than `file_bytes_max`, or never ends.
result<std::string, std::string> read_file(const std::string& path);
/// Prints on standard output. Returns what is wrong, or an empty text.
std::string write_output(std::string_view text);
/// Returns what is wrong, or an empty text.
std::string write_file(const std::string& path, std::string_view text);

}  // namespace ferrule::load
