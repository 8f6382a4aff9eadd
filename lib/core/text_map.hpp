#pragma once
// A hash map by text that is looked up by views, without making a string of each.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ferrule {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

template <class T>
using text_map = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;

}  // namespace ferrule
