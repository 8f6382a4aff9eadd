#pragma once
// Requests out of an OpenAPI document: one for each operation, with the examples it gives or the
// least values its schemas allow.

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "load/requests.hpp"

namespace ferrule::load {

/// `methods`: which operations, "GET,HEAD". Fails with a line for the user.
result<std::vector<request_source>, std::string> openapi_requests(std::string_view document,
                                                                  std::string_view methods);

}  // namespace ferrule::load
