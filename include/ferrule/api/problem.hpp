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
/// A handler's `result<T, E>` becomes such a response through the `to_problem` that its error type
/// has beside it. `problem` itself may be the error type too. A format of one's own for all
/// problems of a service is in route/problem_form.hpp.
///
/// What programs should not have to read out of text goes into members of its own:
///
/// ```cpp
/// inline ferrule::problem out_of_credit(int balance) {
///   return ferrule::problem{.status = 402, .title = "Out of credit"}
///       .with("code", "out_of_credit")
///       .with("balance", balance);
/// }
/// ```
///
/// What HTTP asks for beside the problem goes into header fields:
///
/// ```cpp
/// inline ferrule::problem who_are_you() {
///   return ferrule::problem{.status = 401}.field("WWW-Authenticate", "Bearer");
/// }
/// ```
///
/// Source: RFC 9457; section 3.2 for further members.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/api/response.hpp"
#include "ferrule/core/buffer.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/json/read_error.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule {

/// Text of a problem. A literal is kept as it is, so that problems can be constants, and so is an
/// array of `const char` that its text fills, which is taken for one; all other text is copied, and
/// so it cannot be gone when the problem is sent.
/// Thread rule: as a plain value.
class problem_text {
 public:
  constexpr problem_text() noexcept = default;
  // NOLINTBEGIN(google-explicit-constructor): they stand for text
  template <std::size_t N>
  constexpr problem_text(const char (&literal)[N]) {
    const std::string_view text(literal, std::find(literal, literal + N, '\0'));
    if (text.size() == N - 1) {
      literal_ = text;
    } else {
      *this = problem_text(text);  // no literal is that short
    }
  }
  template <std::size_t N>
  constexpr problem_text(char (&text)[N])
      : problem_text(std::string_view(text, std::find(text, text + N, '\0'))) {}
  template <class T>
    requires(std::same_as<T, const char*> || std::same_as<T, char*>)
  constexpr problem_text(T text) : problem_text(std::string_view(text)) {}
  constexpr problem_text(std::string_view text) {
    if (std::is_constant_evaluated()) {
      literal_ = text;
    } else {
      copy_.emplace(text);
    }
  }
  problem_text(std::string text) : copy_(std::move(text)) {}
  constexpr operator std::string_view() const noexcept { return view(); }
  // NOLINTEND(google-explicit-constructor)

  constexpr std::string_view view() const noexcept {
    return copy_ ? std::string_view(*copy_) : literal_;
  }
  constexpr bool empty() const noexcept { return view().empty(); }
  friend constexpr bool operator==(const problem_text& a, const problem_text& b) noexcept {
    return a.view() == b.view();
  }

 private:
  std::string_view literal_{};
  std::optional<std::string> copy_{};
};

/// One thing that is wrong with a request: with its JSON body, told by a pointer (RFC 6901), or
/// with a parameter, a header field or a cookie, told by its name.
struct invalid_value {
  std::string detail;
  std::string pointer{};    ///< "/address/city"; empty for the whole body and for a parameter
  std::string parameter{};  ///< outside of a body, or in a form; empty for JSON

  friend bool operator==(const invalid_value&, const invalid_value&) = default;
};

/// The name of a further member of a problem: a literal, checked while compiling. Letters, digits
/// and '_', of which the first is a letter; and none that RFC 9457 or Ferrule gives a meaning:
/// type, title, status, detail, instance, trace_id, errors.
class problem_member_name {
 public:
  template <std::size_t N>
  consteval problem_member_name(const char (&name)[N])  // NOLINT(google-explicit-constructor)
      : name_(name, N - 1) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (name_.empty() || !is_letter(name_[0])) a_problem_member_begins_with_a_letter();
    for (const char c : name_) {
      if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_') {
        a_problem_member_has_letters_digits_and_underscores_only();
      }
    }
    for (const std::string_view taken :
         {"type", "title", "status", "detail", "instance", "trace_id", "errors"}) {
      if (name_ == taken) a_problem_has_a_member_of_this_name_already();
    }
  }
  constexpr std::string_view view() const noexcept { return name_; }

 private:
  // Called while compiling, these stand in the compiler's message.
  static void a_problem_member_begins_with_a_letter() {}
  static void a_problem_member_has_letters_digits_and_underscores_only() {}
  static void a_problem_has_a_member_of_this_name_already() {}

  std::string_view name_;
};

/// A further member of a problem; made by `problem::with`.
struct problem_member {
  problem_member_name name;
  json::raw value;
};

/// A problem as its sender describes it. What is left empty is left out of the response.
/// Thread rule: as a plain value.
struct problem {
  int status = 500;
  problem_text title{};  ///< the same for all of its kind; else the status' phrase
  problem_text type{};   ///< a URI that documents the kind; empty stands for "about:blank"
  // Optional, for an empty std::string keeps Clang from evaluating a problem while compiling.
  std::optional<std::string> detail{};    ///< about this occurrence
  std::optional<std::string> instance{};  ///< a URI of this occurrence
  std::vector<invalid_value> errors{};
  std::optional<std::chrono::seconds> retry_after{};  ///< the Retry-After field, at least 0
  std::vector<problem_member> members{};              ///< of this kind, see `with`
  response_fields fields{};                           ///< header fields, see `field`

  /// This problem with one more member: `.with("code", "sold_out")`. `value` is anything with a
  /// form in JSON; one that has no text there (NaN, say) becomes null. The last of a name counts.
  template <class T>
  problem with(problem_member_name name, const T& value) && {
    set(name, json_of(value));
    return std::move(*this);
  }
  template <class T>
  problem with(problem_member_name name, const T& value) const& {
    return problem(*this).with(name, value);
  }

  /// This problem with one more header field of its response, which a format of the service's own
  /// (`on_problem`) may say otherwise. Throws std::invalid_argument for one that no response can
  /// carry, as `response::field` does.
  problem field(std::string name, std::string value) && {
    detail::add_response_field(fields, std::move(name), std::move(value));
    return std::move(*this);
  }
  problem field(std::string name, std::string value) const& {
    return problem(*this).field(std::move(name), std::move(value));
  }

  /// The value of a further member as JSON; null without one.
  const json::raw* member(std::string_view name) const noexcept;

 private:
  template <class T>
  static json::raw json_of(const T& value) {
    try {
      if constexpr (std::is_array_v<T>) {  // of characters; its end may be all that ends it
        const auto* const end = std::find(std::begin(value), std::end(value), '\0');
        return json::raw::trusted(json::write(std::string_view(std::begin(value), end)));
      } else {
        return json::raw::trusted(json::write(value));
      }
    } catch (const json::unwritable&) {
      return json::raw::trusted("null");
    }
  }
  void set(problem_member_name name, json::raw value);
};

namespace json {
/// 422 with all that is wrong, or 400 for what is no JSON.
problem to_problem(const read_error& error);
}  // namespace json

/// Whether `E` says what problem it is.
template <class E>
concept has_to_problem = requires(const E& error) {
  { to_problem(error) } -> std::convertible_to<problem>;
};

namespace detail {

inline constexpr std::string_view problem_content_type = "application/problem+json";

/// Lists errors in a problem up to a limit, so that a response stays short whatever was sent: a
/// pointer can be as long as the body it points into.
void list_errors(problem& what, std::vector<invalid_value> errors, std::size_t unlisted);

/// Appends `what` as a JSON object, with the id under which logs and traces know the request.
void write_problem(buffer& out, const problem& what, std::string_view trace_id);

}  // namespace detail
}  // namespace ferrule
