#pragma once
/// @file
/// Text from outside for a line that people read: it stays on its line and does nothing to a
/// terminal.
///
/// ```cpp
/// inline std::size_t show(std::array<char, 80>& line, std::string_view sent_by_a_stranger) {
///   return ferrule::detail::copy_clean(line, sent_by_a_stranger);
/// }
/// ```

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace ferrule::detail {

/// Copies `text` to `to`, as much as there is room for whole characters, and returns the number of
/// bytes written, which are valid UTF-8. Each of these becomes one '?': control characters (C0,
/// DEL, C1), separators of lines and paragraphs (U+2028, U+2029), marks that change the direction
/// of text (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and each ill-formed piece of
/// UTF-8. Source: Unicode 15 sections 3.9 and 23.
std::size_t copy_clean(std::span<char> to, std::string_view text) noexcept;

}  // namespace ferrule::detail
