#pragma once
// Finds where a document that was refused is wrong. The parser only says that it is.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "json/document.hpp"

namespace ferrule::json::detail {

struct syntax_place {
  std::size_t offset = 0;
  std::string pointer;  // to the innermost value that was begun
  std::string_view message;
};

/// The first place where `text` is not JSON or beyond a limit; or where the member `duplicate`
/// has its name.
syntax_place locate(std::string_view text, std::size_t depth_max,
                    std::optional<member_place> duplicate);

}  // namespace ferrule::json::detail
