#pragma once
/// @file
/// JSON that is passed on without a look inside: any valid document, as text.
///
/// ```cpp
/// struct event { std::string kind; ferrule::json::raw payload; };
/// ```

#include <string>
#include <string_view>
#include <utility>

namespace ferrule::json {

/// One valid JSON value as text; `null` to begin with. As a member `std::optional<raw>` tells one
/// that is missing from one that is null.
///
/// Reading a whole document as `raw` checks it and keeps its text as it is. Reading one as a
/// member keeps its text without the white space between tokens: numbers of any size and precision
/// are passed on as they came. Writing copies the text. Thread rule: as a plain value.
class raw {
 public:
  raw() = default;

  /// Takes `text` on trust: it must be one valid JSON value, for it is written as it is.
  static raw trusted(std::string text) {
    raw value;
    value.text_ = std::move(text);
    return value;
  }

  /// The JSON text, never empty.
  std::string_view text() const noexcept {
    return text_.empty() ? std::string_view("null") : std::string_view(text_);
  }

  friend bool operator==(const raw& a, const raw& b) noexcept { return a.text() == b.text(); }

 private:
  std::string text_;  // empty, as after a move, stands for null
};

}  // namespace ferrule::json
