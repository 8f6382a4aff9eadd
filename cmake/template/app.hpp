#pragma once
/// @file
/// A handler for each endpoint of the contract, and the route table.

#include <ferrule/api/openapi.hpp>
#include <ferrule/ferrule.hpp>

#include "api.hpp"

namespace @id@_service {

inline ferrule::result<greeting, error> greet(std::string name) {
  if (name.size() > name_chars_max) return ferrule::fail(error::name_too_long);
  return greeting{fmt::format("Hello, {}!", name)};
}

struct health {
  std::string_view status = "ok";
};

inline const ferrule::json::raw& document() {
  static const ferrule::json::raw text =
      ferrule::openapi(api, {.title = "@name@", .version = "0.1.0"});
  return text;
}

inline constexpr auto routes = ferrule::route_table<api>(
    ferrule::on<get_greeting>(greet), ferrule::route<"GET /health">([] { return health{}; }),
    ferrule::route<"GET /openapi.json">(document));

}  // namespace @id@_service
