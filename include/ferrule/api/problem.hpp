#pragma once
/// @file
/// What went wrong, in the form that every failing answer has: `application/problem+json`.
///
/// ```cpp
/// namespace shop {
/// enum class error { no_such_article, sold_out };
/// constexpr ferrule::problem to_problem(error e) noexcept {
///   if (e == error::sold_out) return {.status = 409, .title = "Sold out"};
///   return {.status = 404, .title = "No such article"};
/// }
/// }  // namespace shop
/// static_assert(to_problem(shop::error::sold_out).status == 409);
/// ```
///
/// A handler's `result<T, E>` becomes such an answer through the `to_problem` that its error type
/// has beside it. `problem` itself may be the error type too.
///
/// Source: RFC 9457.

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"

namespace ferrule {

/// One thing that is wrong with a request: with its JSON body, told by a pointer (RFC 6901), or
/// with a parameter, a header field or a cookie, told by its name.
struct invalid_value {
  std::string detail;
  std::string pointer{};    ///< "/address/city"; empty for the whole body and for a parameter
  std::string parameter{};  ///< outside of a body, or in a form; empty for JSON

  friend bool operator==(const invalid_value&, const invalid_value&) = default;
};

/// A problem as its sender describes it. What is left empty is left out of
/// the answer.
/// Thread rule: as a plain value.
struct problem {
  int status = 500;
  std::string_view title{};  ///< the same for all of its kind, so static; else the status' phrase
  std::string_view type{};   ///< a URI that documents the kind; empty stands for "about:blank"
  // Optional, for an empty std::string keeps Clang from evaluating a problem while compiling.
  std::optional<std::string> detail{};    ///< about this occurrence
  std::optional<std::string> instance{};  ///< a URI of this occurrence
  std::vector<invalid_value> errors{};
  std::optional<std::chrono::seconds> retry_after{};  ///< the answer's Retry-After field
};

/// Whether `E` says what problem it is.
template <class E>
concept has_to_problem = requires(const E& error) {
  { to_problem(error) } -> std::convertible_to<problem>;
};

namespace detail {

inline constexpr std::string_view problem_content_type = "application/problem+json";

/// Appends `what` as a JSON object, with the id under which logs and traces know the request.
void write_problem(buffer& out, const problem& what, std::string_view trace_id);

}  // namespace detail
}  // namespace ferrule
