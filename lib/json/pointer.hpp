#pragma once
// JSON pointers (RFC 6901).

#include <string>
#include <string_view>

namespace ferrule::json::detail {

/// Appends "/key" to a pointer, with '~' and '/' in the key escaped.
inline void append_pointer_step(std::string& pointer, std::string_view key) {
  pointer += '/';
  for (char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

/// A step of the way from the document to the value being read; lives on the stack.
struct path_step {
  const path_step* before;
  std::string_view key;
  std::size_t index = 0;
  bool is_index = false;
};

/// How long its text is at most.
inline std::size_t pointer_bytes(const path_step* last) noexcept {
  std::size_t bytes = 0;
  for (; last != nullptr; last = last->before) {
    bytes += last->is_index ? 21 : 1 + 2 * last->key.size();
  }
  return bytes;
}

inline void append_pointer(std::string& pointer, const path_step* last) {
  if (last == nullptr) return;
  append_pointer(pointer, last->before);
  append_pointer_step(pointer, last->is_index ? std::to_string(last->index) : last->key);
}

}  // namespace ferrule::json::detail
