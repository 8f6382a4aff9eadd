#pragma once
/// @file
/// Routes that most services have: whether it is well, its contract for programs and for people,
/// and a greeting that lists its routes.
///
/// ```cpp
/// #include "ferrule/ferrule.hpp"
/// namespace greeter {
/// inline constexpr ferrule::endpoint<"GET /hello/{name}", std::string(std::string_view)> hello{};
/// inline constexpr ferrule::contract api(hello);
/// inline constexpr ferrule::openapi_info about{.title = "greeter", .version = "1.0.0"};
///
/// inline std::string greet(std::string_view name) { return "Hello, " + std::string(name) + "!"; }
/// inline constexpr auto api_routes = ferrule::route_table<api>(
///     ferrule::on<hello>(greet),
///     ferrule::health_route(),                // GET /health
///     ferrule::openapi_route<api, about>(),   // GET /openapi.json
///     ferrule::docs_route<api, about>());     // GET /docs
/// inline constexpr auto routes = ferrule::with_welcome<api_routes, about>();  // GET /, lists them
/// }  // namespace greeter
/// ```

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/api/docs_page.hpp"
#include "ferrule/api/openapi.hpp"
#include "ferrule/route/problem_form.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {
namespace detail {

struct health_report {
  std::string_view status = "ok";
};

/// `page` as HTML that may load and run nothing.
response page_response(std::string page);

template <auto Contract, const openapi_info& Info>
const json::raw& shared_document() {
  static const json::raw document = openapi(Contract, Info);
  return document;
}

template <auto Contract, const openapi_info& Info>
const response& shared_page() {
  static const response page = page_response(docs_page(Contract, Info));
  return page;
}

/// A line of a greeting: the route, and what its query may hold.
class route_line {
 public:
  explicit route_line(const pattern& shape);
  void add_query(std::string_view member);
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  char before_ = '?';
};

template <class A>
void add_query_of(route_line& line) {
  if constexpr (source_of<A>() == source::query) {
    using members = decltype(std::remove_cvref_t<A>::value);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (line.add_query(json::member_name<members, I>), ...);
    }(std::make_index_sequence<json::member_count<members>>());
  }
}
template <class R, class... A>
void add_queries_of(route_line& line, signature<R, A...>* /*known*/) {
  (add_query_of<A>(line), ...);
}

std::string greeting(const openapi_info& info);

template <const openapi_info& Info, class... L, class... Entry>
std::string make_welcome(const table<layer_list<L...>, Entry...>& /*listed*/) {
  std::string text = greeting(Info);
  const auto add = [&]<class Listed>(std::type_identity<Listed>) {
    route_line line(Listed::shape);
    add_queries_of(line, static_cast<signature_of<typename Listed::handler_type>*>(nullptr));
    text.append(line.text()).append(1, '\n');
  };
  (add(std::type_identity<Entry>()), ...);
  return text;
}

template <const auto& Table, const openapi_info& Info>
std::string_view welcome_text() {
  static const std::string text = make_welcome<Info>(Table);
  return text;
}

template <const auto& Table, const openapi_info& Info, class... L, class... Entry, std::size_t... I>
consteval auto add_welcome(const table<layer_list<L...>, Entry...>& from,
                           std::index_sequence<I...> /*places*/) {
  return route_table(layer_list<L...>{},
                     Entry(static_cast<const table_slot<I, Entry>&>(from))...,
                     route<"GET /">(&welcome_text<Table, Info>));
}

template <auto Function>
std::optional<json::raw> told_example(const problem& what) {
  return json::raw::trusted(word_problem<Function>(what, {}, request()).body);
}
inline std::optional<json::raw> no_example(const problem&) { return std::nullopt; }

}  // namespace detail

/// For `openapi_info::problems`: problems as `on_problem<Function>` tells them. The schema is that
/// of what it returns; of a `response` only the content type is known.
///
/// ```cpp
/// struct api_error { std::string message; };
/// inline api_error tell(const ferrule::problem& what) { return {std::string(what.title)}; }
/// inline constexpr ferrule::openapi_info about{
///     .title = "shop", .version = "1", .problems = ferrule::problems_told_by<tell>};
/// ```
template <auto Function>
problem_description problems_told_by(json::components& types) {
  using told = std::remove_cvref_t<
      typename detail::signature_of<decltype(Function)>::result_type>;
  const response sample = detail::word_problem<Function>({}, {}, request());
  if constexpr (std::is_same_v<told, response>) {
    return {sample.content_type.empty() ? "*/*" : sample.content_type,
            json::raw::trusted("{}"), detail::no_example};
  } else if constexpr (detail::text_result<told>) {
    return {sample.content_type, detail::text_schema(), detail::no_example};
  } else {
    return {sample.content_type,
            detail::schema_of_type<told>(types, json::schema_use::written),
            detail::told_example<Function>};
  }
}

/// Answers `{"status":"ok"}` for as long as the service takes requests.
template <fixed_string Pattern = "GET /health">
consteval auto health_route() {
  return route<Pattern>([] { return detail::health_report{}; });
}

/// Answers with the OpenAPI document of a contract (api/openapi.hpp). It is made at the first
/// request, once a process. `Info` is a `constexpr` variable of static storage.
template <auto Contract, const openapi_info& Info, fixed_string Pattern = "GET /openapi.json">
consteval auto openapi_route() {
  return route<Pattern>(&detail::shared_document<Contract, Info>);
}

/// The same as a page for people (api/docs_page.hpp).
template <auto Contract, const openapi_info& Info, fixed_string Pattern = "GET /docs">
consteval auto docs_route() {
  return route<Pattern>(&detail::shared_page<Contract, Info>);
}

/// `Table` with a `GET /` more, which lists its routes as text, below the description of `Info`, or
/// its title. Both are `constexpr` variables of static storage.
template <const auto& Table, const openapi_info& Info>
consteval auto with_welcome() {
  return detail::add_welcome<Table, Info>(
      Table, std::make_index_sequence<std::remove_cvref_t<decltype(Table)>::size>());
}

}  // namespace ferrule
