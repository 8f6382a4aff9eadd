#pragma once
/// @file
/// The compiler's answers to routes and endpoints that cannot work. The route and its handler's
/// type stand in the "instantiation of" line above each message.
///
/// ```cpp
/// inline std::string show(std::uint64_t id) { return std::to_string(id); }
/// static_assert(ferrule::detail::route_check<
///     "GET /users/{id}", ferrule::detail::signature_of<decltype(&show)>>::passed);
/// ```

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include "ferrule/api/pattern.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/api/signature.hpp"

namespace ferrule::detail {

/// What can be said of a signature without a route, once however many routes have it.
template <class Signature>
struct signature_check {
  using result_type = typename Signature::result_type;
  static constexpr bool may_lose_arguments =
      is_deferred<result_type> && Signature::borrows_arguments();
  static constexpr bool cannot_await =
      !is_deferred<result_type> &&
      (Signature::takes(source::body_stream) || Signature::takes(source::early_hints) ||
       Signature::takes(source::upgrade_offer));
  static constexpr result_fault result = fault_of_result<result_type>();
  static constexpr bool passed =
      !may_lose_arguments && !cannot_await && result == result_fault::none;
};

/// Stands in the compiler's message with the route and the parameter.
template <fixed_string Route, class Parameter, bool IsAggregate>
struct unknown_parameter {
  static_assert(!IsAggregate,
                "ferrule: this handler has a parameter that no request can give, an aggregate: "
                "take json_body<T> for a JSON body, query<T>, form<T>, or const T& for a state or "
                "what a layer gives");
  static_assert(IsAggregate,
                "ferrule: this handler has a parameter that no request can give: take text, a "
                "number, a bool, an enum or a type with parse_parameter; query<T>, json_body<T>, "
                "form<T>, header<\"Name\">, cookie<\"name\">, body, body_stream, early_hints, "
                "upgrade_offer, deadline or const "
                "request&; T& for state; or a type with an extractor<T>");
  static constexpr bool passed = true;
};
template <class... A>
consteval std::size_t first_unknown() {
  const std::array<source, sizeof...(A)> from{source_of<A>()...};
  return static_cast<std::size_t>(std::ranges::find(from, source::unknown) - from.begin());
}
template <class A>
inline constexpr bool is_aggregate_parameter =
    std::is_aggregate_v<std::remove_cvref_t<A>> && std::is_class_v<std::remove_cvref_t<A>>;
template <fixed_string Route, class A>
using parameter_verdict = unknown_parameter<Route, A, is_aggregate_parameter<A>>;

/// Finds the message for what is wrong.
template <fixed_string Route, class Signature, binding_fault Fault, bool IsSound>
struct route_verdict {
  using check = signature_check<Signature>;
  static constexpr bool is(binding_fault fault) { return Fault == fault; }

  static_assert(!is(binding_fault::unknown_name),
                "ferrule: a path<\"name\", T> of this handler names no {placeholder} of its "
                "pattern: make the names equal");
  static_assert(!is(binding_fault::too_few_placeholders),
                "ferrule: this handler has more path parameters than its pattern has "
                "{placeholders}: add the missing ones to the pattern, or use query<T>");
  static_assert(!is(binding_fault::too_many_placeholders),
                "ferrule: this pattern has more {placeholders} than its handler has path "
                "parameters: let the handler take each of them");
  static_assert(!is(binding_fault::one_type_twice),
                "ferrule: two path parameters of one type are bound by their position and could "
                "be swapped unnoticed: name them, as in path<\"post_id\", std::uint64_t>");
  static_assert(!is(binding_fault::two_bodies),
                "ferrule: this handler takes two bodies, but a request has one: take one "
                "json_body<T>, form<T>, body or body_stream");
  static_assert(!check::may_lose_arguments,
                "ferrule: a coroutine takes its arguments by value, for what a reference points "
                "to is gone when it resumes: remove the & (state and const request& may stay)");
  static_assert(
      !check::cannot_await,
      "ferrule: a body_stream has to be awaited, and early_hints and an upgrade_offer are "
      "for handlers that wait: make the handler a coroutine that returns a task<T>, or "
      "take the whole body");
  static_assert(check::result != result_fault::error_without_to_problem,
                "ferrule: the error type of this handler's result has no to_problem: define "
                "constexpr problem to_problem(E) beside it");
  static_assert(check::result != result_fault::no_form,
                "ferrule: no response can be made of what this handler returns: return text, an "
                "aggregate (JSON), created<T>, with_status<T, 202>, redirect<303>, no_content, "
                "response, response_stream, result<T, E> or a task<> of these");
  static_assert(check::result != result_fault::wraps_response,
                "ferrule: a created<T> or with_status<T> holds a value (text, or what has a form "
                "in JSON), and no other response: return result<with_status<T>, E> or "
                "std::optional<with_status<T>> instead, or a response by itself");
  static constexpr bool passed = true;
};
template <fixed_string Route, class R, class... A, bool IsSound>
struct route_verdict<Route, signature<R, A...>, binding_fault::unknown_argument, IsSound>
    : parameter_verdict<Route, std::tuple_element_t<first_unknown<A...>(), std::tuple<A...>>> {};
/// So that a thousand good routes are passed quickly.
template <fixed_string Route, class Signature>
struct route_verdict<Route, Signature, binding_fault::none, true> {
  static constexpr bool passed = true;
};

/// Checks a signature against the pattern `Route`.
template <fixed_string Route, class Signature>
struct route_check {
  static constexpr auto bound = Signature::bind(parsed_pattern<Route>);
  static constexpr bool is_pattern = parsed_pattern<Route>.fault == pattern_fault::none;
  /// Whether a route can be made. If not, the compiler was told why; to go on would only add to it.
  static constexpr bool is_sound = is_pattern && bound.fault == binding_fault::none &&
                                   signature_check<Signature>::passed;
  static constexpr bool passed =
      route_verdict<Route, Signature, is_pattern ? bound.fault : binding_fault::none,
                    !is_pattern || signature_check<Signature>::passed>::passed;
};
/// For a handler without a signature.
template <fixed_string Route>
struct route_check<Route, void> {
  static constexpr bool is_sound = false;
  static constexpr bool passed = true;
};

/// Checks that `Handler` is one function, and then its signature.
template <fixed_string Route, class Handler>
struct handler_check {
  static_assert(std::is_empty_v<Handler> || std::is_pointer_v<Handler>,
                "ferrule: the handler of this route captures or has members: give that to serve() "
                "as per_reactor(...) or shared(...) and take it as T&");
  static_assert(!std::is_void_v<signature_of<Handler>>,
                "ferrule: the handler of this route has no single signature: give its parameters "
                "types instead of auto, and choose among overloads");
  static constexpr bool is_sound = (std::is_empty_v<Handler> || std::is_pointer_v<Handler>) &&
                                   route_check<Route, signature_of<Handler>>::is_sound;
  static constexpr bool passed = route_check<Route, signature_of<Handler>>::passed;
};

}  // namespace ferrule::detail
