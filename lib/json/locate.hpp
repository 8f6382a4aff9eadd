#pragma once
// Finds where a document that was refused is wrong, or that it is not. The parser only says that
// it refuses it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::json::detail {

/// A member of an object, both counted in the order of the text.
struct member_place {
  std::size_t object;
  std::size_t member;
};

/// A piece of the text.
struct token_place {
  std::uint32_t offset;
  std::uint32_t size;
};

struct syntax_place {
  std::size_t offset = 0;
  std::string pointer;       // to the innermost value that was begun
  std::string_view message;  // empty: nothing is wrong
};

/// The first place where `text` is not JSON or beyond a limit; or where the member `duplicate`
/// has its name.
syntax_place locate(std::string_view text, std::size_t depth_max,
                    std::optional<member_place> duplicate);

/// The numbers of `text` that a word may not hold; nothing if something is wrong with it.
std::optional<std::vector<token_place>> find_large_numbers(std::string_view text,
                                                           std::size_t depth_max);

}  // namespace ferrule::json::detail
