#pragma once
/// @file
/// Errors in a service's own format, and exceptions as the problems that they are: each said once,
/// for handlers, layers and the server alike.
///
/// ```cpp
/// struct api_error { ferrule::json::raw code; std::string message; std::string request_id; };
/// inline api_error tell(const ferrule::problem& what, const ferrule::problem_origin& source) {
///   const ferrule::json::raw* const code = what.member("code");
///   return {.code = code == nullptr ? ferrule::json::raw::trusted("null") : *code,
///           .message = what.detail.value_or(std::string(what.title)),
///           .request_id = std::string(source.trace_id)};
/// }
/// struct out_of_stock : std::exception { int article = 0; };
/// inline ferrule::problem explain(const out_of_stock& e) {
///   return ferrule::problem{.status = 409, .title = "Sold out"}.with("article", e.article);
/// }
/// constexpr auto routes = ferrule::route_table(
///     ferrule::with(ferrule::on_problem<tell>, ferrule::on_exception<explain>),
///     ferrule::route<"GET /">([] { return "Hello"; }));
/// ```
///
/// **`on_problem`** is asked for every problem that a client is told: what `to_problem` says of an
/// error, what a layer answers, parameters and bodies that do not fit (400, 415, 422), exceptions
/// (500), requests without a route (404, 405, 501), and what the server answers by itself (400,
/// 408, 413, 431, 503, 504, 505), to requests that cannot be read as well. It takes the `const
/// problem&`, whose title is the status' phrase where none was given, and, if it likes, `const
/// problem_origin&` and `const request&`, which is an empty one where none could be read; it
/// returns an aggregate (JSON), text or a `response`. The status stays that of the problem, and
/// Allow, Retry-After and the problem's header fields come with it, unless the `response` has them.
/// It does not wait. If it throws, or gives what HTTP cannot carry, that is logged, and the client
/// gets the problem as RFC 9457 has it. A typed client (client/client.hpp) recognises errors in
/// that form alone, so a service that is called by contract keeps it: `problem::with` adds to it.
///
/// **`on_exception`** takes functions that make a `problem`, or an error with a `to_problem`, of
/// the exception that each takes by `const` reference; the first that fits is asked, of a route's
/// own before its table's. What becomes a problem below 500 is not logged. If one throws, it is a
/// 500.
///
/// Both are given where layers are, to a table or a route, of which the innermost `on_problem`
/// counts. What has no route is told as the table says.

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/api/problem.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/api/signature.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {

/// What is known of where a problem comes from. Its views last for the call that it is given to.
struct problem_origin {
  std::string_view trace_id;  ///< under which logs and traces know the request
  std::string_view route;     ///< the pattern; empty when no request could be read
};

}  // namespace ferrule

namespace ferrule::http {

/// Constant data of a route.
struct problem_wording {
  /// What of a response a problem is told by; null: as RFC 9457 has it.
  response (*word)(const problem& what, const problem_origin& source,
                   const request& asked) = nullptr;
  /// What the exception in hand is, if it is known. May throw.
  std::optional<problem> (*explain)() = nullptr;
  bool needs_request = false;
};

}  // namespace ferrule::http

namespace ferrule::detail {

template <class A, class Wanted>
inline constexpr bool is_const_reference = std::same_as<A, const Wanted&>;

template <class Signature>
inline constexpr bool words_problems = false;
template <class R, class... A>
inline constexpr bool words_problems<signature<R, A...>> =
    ((is_const_reference<A, problem> || is_const_reference<A, problem_origin> ||
      is_const_reference<A, request>) &&
     ...) &&
    (is_plain_value<std::remove_cvref_t<R>> || std::same_as<std::remove_cvref_t<R>, response>) &&
    !std::is_void_v<R> && !is_task<R>;

template <class Signature>
inline constexpr bool explains_exception = false;
template <class R, class E>
inline constexpr bool explains_exception<signature<R, const E&>> =
    std::same_as<std::remove_cvref_t<R>, problem> || has_to_problem<std::remove_cvref_t<R>>;

template <auto Function>
response word_problem(const problem& what, const problem_origin& source, const request& asked);

template <class Signature>
inline constexpr bool words_requests = false;
template <class R, class... A>
inline constexpr bool words_requests<signature<R, A...>> = (std::same_as<A, const request&> || ...);

template <auto Function>
struct problem_layer {
  static_assert(words_problems<signature_of<decltype(Function)>>,
                "ferrule: on_problem<f> takes a function of const problem& and, if it likes, const "
                "problem_origin& and const request&, that returns an aggregate (JSON), text or a "
                "response, and does not wait");
  static constexpr auto word = &word_problem<Function>;
  static constexpr bool takes_request = words_requests<signature_of<decltype(Function)>>;
};
template <auto... Function>
struct exception_layer {
  static_assert((explains_exception<signature_of<decltype(Function)>> && ...),
                "ferrule: on_exception<f, ...> takes functions of an exception as const E&, that "
                "return a problem, or an error with a to_problem");
};

template <class A>
const auto& worded_argument(const problem& what, const problem_origin& source,
                            const request& asked) {
  if constexpr (std::same_as<A, const problem&>) {
    return what;
  } else if constexpr (std::same_as<A, const problem_origin&>) {
    return source;
  } else {
    return asked;
  }
}

template <class T>
response worded_response(T worded) {
  if constexpr (std::same_as<T, response>) {
    return worded;
  } else if constexpr (text_result<T>) {
    return {.content_type = "text/plain; charset=utf-8",
            .body = std::string(json::detail::text_view(worded))};
  } else {
    return {.content_type = "application/json", .body = json::write(worded)};
  }
}

/// A function that is a template argument, to be called. Of a lambda a new one: two lambdas of two
/// files could share the symbol that Clang makes of such an argument.
template <auto Function>
constexpr auto function_of() noexcept {
  using type = std::remove_const_t<decltype(Function)>;
  if constexpr (std::is_empty_v<type>) {
    return type{};
  } else {
    return Function;
  }
}

template <auto Function, class R, class... A>
response word_by(signature<R, A...>* /*known*/, const problem& what, const problem_origin& source,
                 const request& asked) {
  return worded_response<std::remove_cvref_t<R>>(
      function_of<Function>()(worded_argument<A>(what, source, asked)...));
}
/// The problem with the phrase of its status as title.
problem titled(problem what);

template <auto Function>
response word_problem(const problem& what, const problem_origin& source, const request& asked) {
  if (what.title.empty()) {
    const problem with_title = titled(what);
    if (!with_title.title.empty()) return word_problem<Function>(with_title, source, asked);
  }
  return word_by<Function>(static_cast<signature_of<decltype(Function)>*>(nullptr), what, source,
                           asked);
}

template <class Signature>
struct explained_exception;
template <class R, class E>
struct explained_exception<signature<R, const E&>> {
  using type = E;
};

template <auto Function>
std::optional<problem> explain_one() {
  using exception = typename explained_exception<signature_of<decltype(Function)>>::type;
  try {
    throw;
  } catch (const exception& e) {
    auto given = function_of<Function>()(e);
    if constexpr (std::same_as<decltype(given), problem>) {
      return given;
    } else {
      return to_problem(given);
    }
  } catch (...) {
    return std::nullopt;
  }
}
using explain_function = std::optional<problem> (*)();

/// Asks one after the other, of the layers on the right first.
template <class Layers>
inline constexpr explain_function explain_in = nullptr;
template <class L, class... Rest>
inline constexpr explain_function explain_in<layer_list<L, Rest...>> =
    explain_in<layer_list<Rest...>>;
template <auto... Function, class... Rest>
inline constexpr explain_function
    explain_in<layer_list<exception_layer<Function...>, Rest...>> = +[] {
      std::optional<problem> known;
      if constexpr (explain_in<layer_list<Rest...>> != nullptr) {
        known = explain_in<layer_list<Rest...>>();
      }
      (void)(known || ... || (known = explain_one<Function>()));
      return known;
    };

template <class>
inline constexpr bool is_problem_layer = false;
template <auto Function>
inline constexpr bool is_problem_layer<problem_layer<Function>> = true;
template <auto... Function>
inline constexpr bool is_problem_layer<exception_layer<Function...>> = true;
template <auto Function>
inline constexpr bool is_setting<problem_layer<Function>> = true;
template <auto... Function>
inline constexpr bool is_setting<exception_layer<Function...>> = true;

/// The wording that layers say, of which the innermost counts.
template <class... L>
consteval http::problem_wording find_wording(layer_list<L...>) {
  http::problem_wording found{.explain = explain_in<layer_list<L...>>};
  [[maybe_unused]] const auto take = [&]<class Layer>(std::type_identity<Layer>) {
    if constexpr (requires { Layer::word; }) {
      found.word = Layer::word;
      found.needs_request = Layer::takes_request;
    }
  };
  (take(std::type_identity<L>()), ...);
  return found;
}
template <class Layers>
inline constexpr http::problem_wording wording_data = find_wording(Layers{});
/// Null if layers say nothing of problems.
template <class Layers>
inline constexpr const http::problem_wording* wording_of = nullptr;
template <class... L>
  requires(is_problem_layer<L> || ...)
inline constexpr const http::problem_wording* wording_of<layer_list<L...>> =
    &wording_data<layer_list<L...>>;

/// Tells a refusal in a service's words; null: as RFC 9457 has it.
void word_refusal(const http::problem_wording* wording, const http::refusal& why,
                  http::refusal_writer& to);

}  // namespace ferrule::detail

namespace ferrule {

/// Tells problems in a format of one's own; see the top of this file.
template <auto Function>
inline constexpr detail::problem_layer<Function> on_problem{};

/// Makes problems of exceptions; see the top of this file.
template <auto... Function>
inline constexpr detail::exception_layer<Function...> on_exception{};

}  // namespace ferrule
