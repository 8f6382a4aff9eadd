#pragma once
/// @file
/// One operation of a service as its callers see it: method and path, what is sent, what comes
/// back, and which errors are expected. No code: a service binds a handler to it, a client calls
/// it, a document describes it.
///
/// ```cpp
/// namespace users {
/// struct user { std::uint64_t id; std::string name; };
/// struct new_user { std::string name; };
/// enum class error { not_found, name_taken };
/// constexpr ferrule::problem to_problem(error e) noexcept {
///   if (e == error::not_found) return {.status = 404, .title = "No such user"};
///   return {.status = 409, .title = "Name taken"};
/// }
/// inline constexpr ferrule::endpoint<"GET /users/{id}", user(std::uint64_t id), error> get_user{};
/// inline constexpr ferrule::endpoint<
///     "POST /users", ferrule::created<user>(ferrule::json_body<new_user>), error> create_user{};
/// }  // namespace users
/// static_assert(users::get_user.shape.path() == "/users/{id}");
/// ```
///
/// The function type's parameters are path parameters, `query<T>`, `json_body<T>`, `form<T>`,
/// `header<"Name">`, `cookie<"name">` and `body`, as in api/extractors.hpp, or types with an
/// `extractor`; its result is text, `no_content`, `created<T>`, `with_status<T, 202>`,
/// `redirect<303>`, a `std::optional` (404 when empty) or anything with a form in JSON. Without an
/// error type only what Ferrule itself refuses can go wrong.

#include <concepts>
#include <optional>
#include <type_traits>

#include "ferrule/api/check.hpp"
#include "ferrule/api/problem.hpp"
#include "ferrule/api/response.hpp"

namespace ferrule {
namespace detail {

template <class... T>
struct type_list {};

/// `A` and what of `B` is not in it yet.
template <class... A>
consteval type_list<A...> operator+(type_list<A...>, type_list<>) {
  return {};
}
template <class... A, class B, class... Rest>
consteval auto operator+(type_list<A...>, type_list<B, Rest...>) {
  if constexpr ((std::same_as<A, B> || ...)) {
    return type_list<A...>() + type_list<Rest...>();
  } else {
    return type_list<A..., B>() + type_list<Rest...>();
  }
}

/// Whether an argument comes with the request and is no business of its service alone.
constexpr bool is_sent(source from) noexcept {
  return from != source::state && from != source::request && from != source::deadline &&
         from != source::body_stream && from != source::early_hints &&
         from != source::upgrade_offer;
}

template <class Signature>
struct sent_types_finder;
/// What a signature takes from the request, as values, in order and once. For what an extractor
/// makes that is what the extractor takes.
template <class Signature>
using sent_types = typename sent_types_finder<Signature>::type;

template <class A, source From = source_of<A>()>
struct sent_type_finder {
  using type =
      std::conditional_t<is_sent(From), type_list<std::remove_cvref_t<A>>, type_list<>>;
};
template <class A>
struct sent_type_finder<A, source::own> {
  using type = sent_types<extract_signature<std::remove_cvref_t<A>>>;
};
template <class R, class... A>
struct sent_types_finder<signature<R, A...>> {
  using type = decltype((type_list<>() + ... + typename sent_type_finder<A>::type()));
};

template <class R, class Sent>
struct sent_signature_finder;
template <class R, class... A>
struct sent_signature_finder<R, type_list<A...>> {
  using type = signature<R, A...>;
};
/// A signature that takes what another one does, but of the request alone.
template <class Signature>
using sent_signature =
    typename sent_signature_finder<typename Signature::result_type, sent_types<Signature>>::type;

/// Whether a signature takes values from the request, and nothing else.
template <class Signature>
inline constexpr bool takes_only_sent_values = false;
template <class R, class... A>
inline constexpr bool takes_only_sent_values<signature<R, A...>> =
    ((is_sent(source_of<A>()) && !std::is_reference_v<A>) && ...);

/// Whether a result's type says what the answer is.
template <class R>
consteval bool is_described_result() {
  if constexpr (is_std_optional<R>) {
    return is_described_result<typename R::value_type>();
  } else if constexpr (is_with_status<R> || is_redirect<R>) {
    return !R::statuses.empty();
  } else {
    return !is_deferred<R> && !is_result<R> && !std::same_as<R, response> &&
           !std::same_as<R, problem>;
  }
}

/// Checks an endpoint by itself.
template <fixed_string Endpoint, class Signature, class Error>
struct endpoint_check {
  static_assert(route_check<Endpoint, Signature>::passed);
  static_assert(takes_only_sent_values<Signature>,
                "ferrule: an endpoint's parameters are what a client sends, by value: path "
                "parameters, query<T>, json_body<T>, form<T>, header<\"Name\">, cookie<\"name\"> "
                "and body; leave state, const request&, deadline, body_stream, early_hints and "
                "upgrade_offer to the handler");
  static_assert(is_described_result<typename Signature::result_type>(),
                "ferrule: an endpoint's result is what a client gets: text, no_content, "
                "created<T>, an aggregate (JSON), with_status<T, 202> or redirect<303> with all "
                "their statuses, or a std::optional of these; name the error as the endpoint's "
                "third argument, and leave task<> to the handler");
  static_assert(std::is_void_v<Error> || std::same_as<Error, problem> || has_to_problem<Error>,
                "ferrule: the error type of this endpoint has no to_problem: define constexpr "
                "problem to_problem(E) beside it, before the endpoint");
  static constexpr bool passed = true;
};

}  // namespace detail

/// An endpoint; see the top of this file. `Error` has a `to_problem`, or is `void` or `problem`.
/// Thread rule: constant, without members.
template <fixed_string Pattern, class Function, class Error = void>
struct endpoint;

template <fixed_string Pattern, class Result, class... Parameter, class Error>
struct endpoint<Pattern, Result(Parameter...), Error> {
  static constexpr auto text = Pattern;
  static constexpr const pattern& shape = parsed_pattern<Pattern>;
  using declared = detail::signature<Result, Parameter...>;
  using signature = detail::sent_signature<declared>;  ///< what is sent for what is declared
  using result_type = Result;
  using error_type = Error;

  static_assert(detail::endpoint_check<Pattern, declared, Error>::passed);
};

}  // namespace ferrule
