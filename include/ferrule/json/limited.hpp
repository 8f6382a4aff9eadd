#pragma once
/// @file
/// Values within limits as types: numbers between two ends, text of some length and form. They
/// stand wherever a value can: in paths, queries, forms, header fields and cookies, and in JSON as
/// members, elements and keys of maps. What is beyond the limits is refused with what would be
/// right, and schemas and OpenAPI documents have the limits.
///
/// ```cpp
/// using article_code = ferrule::matching<"[A-Z]{2}[0-9]{4}">;
/// struct order {
///   article_code article;                              // "AB1234"
///   ferrule::bounded<std::uint32_t, 1, 100> count = 1;
///   ferrule::bounded_text<0, 200> note;                // of at most 200 characters
/// };
/// inline std::uint32_t total(const order& o, std::uint32_t price) { return o.count * price; }
/// ```
///
/// What is read is within the limits. What is made by hand is, too: a constant beyond them does not
/// compile, and all else goes through `from`. Only what was never given a value may be beyond them,
/// a number as every number may, and a text that is still empty or was moved from; writing one
/// throws `unwritable`. For limits of one member of an aggregate alone there is `json_limits`
/// (json/limits.hpp).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/json/member_limits.hpp"
#include "ferrule/json/text_pattern.hpp"

namespace ferrule {
namespace detail {

template <class T>
concept bounded_number = std::is_arithmetic_v<T> && !std::same_as<T, bool> &&
                         !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                         !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
                         !std::same_as<T, char32_t>;

/// Both ends as limits.
template <class T, T Min, T Max>
consteval json::member_limits number_limits() {
  json::member_limits limits;
  if constexpr (std::is_floating_point_v<T>) {
    static_assert(static_cast<T>(static_cast<std::int64_t>(Min)) == Min &&
                      static_cast<T>(static_cast<std::int64_t>(Max)) == Max,
                  "ferrule: the ends of a bounded<double, Min, Max> are whole numbers");
    limits.min = static_cast<std::int64_t>(Min);
    limits.max = static_cast<std::int64_t>(Max);
  } else {
    static_assert(std::in_range<std::int64_t>(Min) &&
                      (Max == std::numeric_limits<T>::max() || std::in_range<std::int64_t>(Max)),
                  "ferrule: the ends of a bounded<T, Min, Max> are within 64 bits with a sign, or "
                  "Max is the greatest of its type");
    if (Min != std::numeric_limits<T>::min()) limits.min = static_cast<std::int64_t>(Min);
    if (Max != std::numeric_limits<T>::max()) limits.max = static_cast<std::int64_t>(Max);
  }
  return limits;
}

}  // namespace detail

/// A number from `Min` to `Max`, both included. Thread rule: as a plain value.
template <detail::bounded_number T, T Min, T Max>
class bounded {
  static_assert(Min <= Max, "ferrule: a bounded<T, Min, Max> has no value: Min is above Max");

 public:
  using limited_type = T;
  static constexpr json::member_limits value_limits = detail::number_limits<T, Min, Max>();

  /// Without a value, as `T x;` is.
  constexpr bounded() noexcept = default;
  /// A constant; one beyond the limits does not compile.
  consteval bounded(T value) : value_(value) {  // NOLINT(google-explicit-constructor)
    if (!is_within(value)) a_constant_is_beyond_the_ends_of_its_bounded();
  }
  /// Nothing if `value` is beyond the limits.
  static constexpr std::optional<bounded> from(T value) noexcept {
    if (!is_within(value)) return std::nullopt;
    bounded made;
    made.value_ = value;
    return made;
  }
  static constexpr bool is_within(T value) noexcept { return value >= Min && value <= Max; }

  // NOLINTNEXTLINE(google-explicit-constructor): it is a number
  constexpr operator T() const noexcept { return value_; }
  constexpr const T& operator*() const noexcept { return value_; }

 private:
  static void a_constant_is_beyond_the_ends_of_its_bounded() {}

  T value_;
};

/// Text of `Min` to `Max` characters (code points), that looks as `Form` says, if it is given: one
/// of json/member_limits.hpp or of one's own. Empty at first. Thread rule: as a plain value.
template <std::size_t Min, std::size_t Max, const json::text_form* Form = nullptr>
class bounded_text {
  static_assert(Min <= Max, "ferrule: a bounded_text<Min, Max> has no value: Min is above Max");

 public:
  using limited_type = std::string;
  static constexpr json::member_limits value_limits{
      .size_min = Min, .size_max = Max, .form = Form};

  bounded_text() = default;
  /// Nothing if `value` is beyond the limits.
  static std::optional<bounded_text> from(std::string value) {
    if (!is_within(value)) return std::nullopt;
    bounded_text made;
    made.value_ = std::move(value);
    return made;
  }
  static bool is_within(std::string_view value) {
    return json::detail::fits_text(value_limits, value);
  }

  // NOLINTNEXTLINE(google-explicit-constructor): it is text
  operator std::string_view() const noexcept { return value_; }
  const std::string& operator*() const& noexcept { return value_; }
  std::string operator*() && noexcept { return std::move(value_); }
  const std::string* operator->() const noexcept { return &value_; }

  friend bool operator==(const bounded_text&, const bounded_text&) = default;
  friend auto operator<=>(const bounded_text&, const bounded_text&) = default;

 private:
  std::string value_;
};

/// Text that matches `Pattern` as a whole; see json/text_pattern.hpp for what it may say.
template <fixed_string Pattern, std::size_t Min = 0,
          std::size_t Max = json::member_limits::no_size>
using matching = bounded_text<Min, Max, &json::pattern_form<Pattern>>;

}  // namespace ferrule

template <std::size_t Min, std::size_t Max, const ferrule::json::text_form* Form>
struct std::hash<ferrule::bounded_text<Min, Max, Form>> {
  std::size_t operator()(const ferrule::bounded_text<Min, Max, Form>& text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};
