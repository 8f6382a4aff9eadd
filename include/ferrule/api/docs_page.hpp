#pragma once
/// @file
/// A contract as one page of HTML for people: what its OpenAPI document says (api/openapi.hpp),
/// readable in any browser. It needs nothing else, neither scripts nor what other hosts have.
///
/// ```cpp
/// namespace greeter {
/// inline constexpr ferrule::endpoint<"GET /hello/{name}", std::string(std::string_view)> hello{};
/// inline constexpr ferrule::contract api(hello);
/// }  // namespace greeter
/// std::string greeter_page() {
///   return ferrule::docs_page(greeter::api, {.title = "Greeter", .version = "1.0.0"});
/// }
/// ```

#include <string>
#include <utility>

#include "ferrule/api/openapi.hpp"

namespace ferrule {

/// The page for a contract, in UTF-8. Every text on it is escaped. It is built anew by each call,
/// so keep it.
template <class... Endpoint>
std::string docs_page(contract<Endpoint...> /*described*/, const openapi_info& info) {
  detail::openapi_builder builder(info);
  (detail::document_endpoint<Endpoint>(builder), ...);
  return std::move(builder).finish_page(info);
}

}  // namespace ferrule
