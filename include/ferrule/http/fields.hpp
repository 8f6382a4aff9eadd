#pragma once
/// @file
/// Header fields as views, looked up without regard to case, and what may stand in them.
///
/// ```cpp
/// constexpr ferrule::header_field fields[] = {{"Accept", "*/*"}, {"X-Id", "7"}};
/// inline std::string_view id = ferrule::find_field(fields, "x-id");  // "7"
/// ```
///
/// Source: RFC 9110 sections 5.1, 5.5 and 5.6.2.

#include <span>
#include <string_view>

namespace ferrule {

/// One field line: both are views into bytes that someone else keeps. The value has no white
/// space at its ends.
struct header_field {
  std::string_view name;
  std::string_view value;

  friend constexpr bool operator==(const header_field&, const header_field&) = default;
};

/// Whether two names are equal when ASCII letters are compared without regard to case.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i != a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// The value of the first field of that name. Without one, a view whose `data()` is null, which
/// tells it from a field with an empty value.
constexpr std::string_view find_field(std::span<const header_field> fields,
                                      std::string_view name) noexcept {
  for (const header_field& field : fields) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

namespace http {

/// Whether `text` is a token: what a method or a field name may be (RFC 9110 section 5.6.2).
bool is_token(std::string_view text) noexcept;

/// Whether `text` may go out as a field value: no control byte but the tab, so neither CR, LF nor
/// NUL; bytes above 0x7f may stand (RFC 9110 section 5.5).
bool is_field_value(std::string_view text) noexcept;

}  // namespace http
}  // namespace ferrule
