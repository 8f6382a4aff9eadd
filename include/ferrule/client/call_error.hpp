#pragma once
/// @file
/// What a typed call fails with: a `call_failure`, and the endpoint's own error where the service
/// answered with one.
///
/// ```cpp
/// namespace shop {
/// enum class error { no_such_article, sold_out };
/// constexpr ferrule::problem to_problem(error e) noexcept {
///   if (e == error::sold_out) return {.status = 409, .title = "Sold out"};
///   return {.status = 404, .title = "No such article"};
/// }
/// }  // namespace shop
/// inline bool may_come_back(const ferrule::call_error<shop::error>& failed) {
///   return failed.is(shop::error::sold_out) || failed.retry_after.has_value();
/// }
/// ```
///
/// An error travels as the problem that its `to_problem` describes and is found again by status,
/// type and title, so two errors with one description are a compile error. A bare 404, as a proxy
/// or a mistaken path gives it, is no declared error as long as the declared one has a title.

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/api/problem.hpp"
#include "ferrule/client/caller.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/json/enum_names.hpp"

namespace ferrule {
namespace detail {

/// Whether an answer's problem cannot be told from another error's. Only for a constexpr
/// `to_problem`: what one gives at run time cannot be compared while compiling.
template <class E>
constexpr bool finds_ambiguous_errors() {
  const auto& all = json::enumerators<E>;
  for (std::size_t i = 0; i != all.size(); ++i) {
    const problem one = to_problem(all[i].value);
    for (std::size_t j = 0; j != i; ++j) {
      const problem other = to_problem(all[j].value);
      if (one.status == other.status && one.type == other.type && one.title == other.title) {
        return true;
      }
    }
  }
  return false;
}
template <class E>
concept has_constant_problems =
    requires { typename std::bool_constant<finds_ambiguous_errors<E>()>; };
template <class E>
consteval bool has_ambiguous_errors() {
  if constexpr (has_constant_problems<E>) {
    return finds_ambiguous_errors<E>();
  } else {
    return false;
  }
}

/// Whether errors of this type can be found again in an answer.
template <class E>
inline constexpr bool is_declared_error = std::is_enum_v<E>;

template <class E>
struct error_check {
  static_assert(std::is_void_v<E> || std::is_same_v<E, problem> || std::is_enum_v<E>,
                "ferrule: a client tells an endpoint's errors apart by their enumerators: make the "
                "error type an enumeration");
  static_assert(
      [] {
        if constexpr (std::is_enum_v<E>) return !has_ambiguous_errors<E>();
        return true;
      }(),
      "ferrule: two errors of this type have the same status, type and title, so a client "
      "cannot tell them apart: give each a title or type of its own");
  static constexpr bool passed = true;
};

/// A failing answer as far as it says what is wrong.
struct received_problem {
  int status = 0;
  bool is_problem = false;  ///< an RFC 9457 document; else only the status is known
  std::string type{};
  std::string title{};
  std::string detail{};

  bool is(const problem& declared) const noexcept;
  /// For `call_failure::detail`.
  std::string text() const;
};
received_problem read_problem(const http::client_response& answer);

template <class E>
std::optional<E> find_declared(const received_problem& received) {
  for (const auto& known : json::enumerators<E>) {
    if (received.is(to_problem(known.value))) return known.value;
  }
  return std::nullopt;
}

}  // namespace detail

/// Why a call of an endpoint with the errors `E` did not bring its result.
template <class E>
struct call_error : call_failure {
  static_assert(detail::error_check<E>::passed);
  std::optional<E> error{};  ///< of the fault `declared`

  bool is(E wanted) const noexcept { return error == wanted; }
};
/// Without declared errors.
template <>
struct call_error<void> : call_failure {};
/// What may be any problem declares none.
template <>
struct call_error<problem> : call_failure {};

/// A declared error is passed on as what it is, the rest as `to_problem(call_failure)` says.
template <class E>
problem to_problem(const call_error<E>& failed) {
  if constexpr (detail::is_declared_error<E>) {
    if (failed.error) return to_problem(*failed.error);
  }
  return to_problem(static_cast<const call_failure&>(failed));
}

}  // namespace ferrule
