#pragma once
/// @file
/// The part of reading that is the same for every type: walks a parsed document and collects
/// problems. Types are described to it by tables, so that a further type adds little code.
/// `json::read` is the way in.
///
/// ```cpp
/// inline bool is_flag(std::string_view text) {
///   ferrule::json::reader in(text, {});
///   bool value = false;
///   return in.parsed() && in.read(in.root(), value);
/// }
/// ```

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ferrule/core/rfc3339.hpp"
#include "ferrule/json/read_error.hpp"

namespace ferrule::json {

namespace detail {
struct document;
struct integer;
struct path_step;
}  // namespace detail

/// A value in a parsed document.
struct node {
  const std::uint64_t* at;
};

/// Reads a value of some type at `value` into `*into`.
using read_function = void (*)(reader& in, node value, void* into);
/// Reads an entry of a map.
using read_entry_function = void (*)(reader& in, std::string_view key, node value, void* into);

/// A member of an aggregate.
struct member_form {
  std::string_view name;
  read_function read;  ///< gets the address of the aggregate
  bool required;
};

/// An aggregate.
struct object_form {
  std::span<const member_form> members;  ///< at most 64
  bool allow_unknown;
};

/// A document on its way into values. Parses in the constructor; the whole text is checked, also
/// what no type asks for. Memory comes from the thread's pool. Every `read` returns false after
/// reporting a problem.
/// Thread rule: stays on the thread that made it.
class reader {
 public:
  reader(std::string_view text, read_limits limits);
  ~reader();
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  /// False if the text is not JSON.
  bool parsed() const noexcept { return parsed_; }
  node root() const noexcept;

  bool failed() const noexcept { return !error_.problems.empty(); }
  read_error take_error() noexcept { return std::move(error_); }

  bool read(node value, bool& into);
  bool read(node value, double& into);
  bool read(node value, float& into);
  bool read(node value, std::string& into);
  bool read_signed(node value, std::int64_t min, std::int64_t max, std::int64_t& into);
  bool read_unsigned(node value, std::uint64_t max, std::uint64_t& into);
  bool read_time(node value, tick_length tick, std::int64_t min, std::int64_t max,
                 std::int64_t& ticks);
  /// The text of any value.
  bool read_raw(node value, std::string& into);
  bool read_null(node value);
  static bool is_null(node value) noexcept;

  /// Which of `names` the string is.
  std::optional<std::size_t> choose(node value, std::span<const std::string_view> names);
  /// Which of `names` the member `tag` of the object is.
  std::optional<std::size_t> choose_tagged(node value, std::string_view tag,
                                           std::span<const std::string_view> names);

  /// Reads the members of an object. One named `tag`, unless that is empty, was seen to already.
  bool read_object(node value, const object_form& form, void* into, std::string_view tag = {});
  bool read_map(node value, read_entry_function entry, void* into);
  /// Reads any number of elements, each by a call with the same `into`.
  bool read_array(node value, read_function element, void* into);
  /// Whether the array has `count` elements, as it must.
  bool has_size(node value, std::size_t count);

  /// Adds a problem at `pointer` below the value that is being read.
  void add(error_kind kind, std::string_view pointer, std::string_view message);

 private:
  bool fail(std::string_view message);
  bool mismatch(node value, std::string_view expected);
  bool expect(node value, char type, std::string_view expected);
  std::string_view source_of(node value) const;
  double double_at(node value) const;
  std::optional<detail::integer> integer_at(node value);
  std::string_view text_of(node string) const noexcept;
  node after(node value) const noexcept;
  void read_members(node value, const object_form& form, void* into, std::string_view tag);

  std::string_view text_;
  std::unique_ptr<detail::document> document_;
  const detail::path_step* path_ = nullptr;
  read_error error_{error_kind::invalid, {}, 0};
  std::size_t problems_max_;
  std::size_t problem_count_ = 0;
  bool allow_unknown_;
  bool parsed_ = false;
};

}  // namespace ferrule::json
