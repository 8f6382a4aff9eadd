#pragma once
/// @file
/// What was wrong with a JSON document: every problem with a pointer to its place, so that one
/// answer tells a caller all that there is to mend.
///
/// ```cpp
/// struct booking { int guests; };
/// inline void validate(const booking& b, ferrule::json::violations& problems) {
///   if (b.guests < 1) problems.add("/guests", "must be at least 1");
/// }
/// ```
///
/// Source: RFC 6901 for pointers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::json {

/// How bad a problem is, gravest first.
enum class error_kind : std::uint8_t {
  syntax,   ///< not JSON, or beyond a limit of the parser; nothing else was looked at
  schema,   ///< JSON, but not of the type's form
  invalid,  ///< of the type's form, but refused by its `json_limits` or a `validate`
};

/// One problem.
struct violation {
  error_kind kind;
  /// Where: a JSON pointer (RFC 6901), empty for the whole document. One of more than 4 KiB is cut
  /// to what is around the place, and told only if it is the first.
  std::string pointer;
  std::string message;     ///< goes on from the pointer: "is missing", "must be a string, not null"
  std::size_t offset = 0;  ///< of syntax errors alone: bytes before the place

  friend bool operator==(const violation&, const violation&) = default;
};

/// Why a document could not be read.
struct read_error {
  error_kind kind;                  ///< of the gravest problem
  std::vector<violation> problems;  ///< in the order of the document; never empty
  std::size_t unlisted = 0;         ///< how many more there were beyond `problems_max`
};

/// The deepest nesting of arrays and objects that can be read or written, so that no document
/// exhausts a stack.
inline constexpr std::size_t nesting_max = 1'024;

/// Bounds for reading.
struct read_limits {
  /// Arrays and objects nested in one another, empty ones not counted; one more is a syntax error.
  /// More than `nesting_max` is as good as that.
  std::size_t depth_max = 64;
  /// Problems that are listed; the rest are counted.
  std::size_t problems_max = 32;
  /// Passes over members that no type has, for whoever reads what a newer writer may have added to.
  bool allow_unknown = false;
};

class reader;

/// Where a `validate` reports what it finds. A type joins in by a function found by its
/// arguments' namespaces, `void validate(const T&, json::violations&)`, or by a member
/// `void validate(json::violations&) const`. It is called once the value, its members
/// included, was read without a problem.
class violations {
 public:
  explicit violations(reader& in) noexcept : in_(in) {}

  /// Adds a problem at `pointer`, which is relative to the value: "/name", "/items/3", or "" for
  /// the value itself.
  void add(std::string_view pointer, std::string_view message);

 private:
  reader& in_;
};

}  // namespace ferrule::json
