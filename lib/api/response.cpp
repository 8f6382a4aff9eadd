#include "ferrule/api/response.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "ferrule/http/head_writer.hpp"

namespace ferrule::detail {
namespace {

/// Why no response can carry a field; null if it can.
const char* fault_of_field(std::string_view name, std::string_view value) {
  if (!http::is_token(name)) return "its name is no token";
  if (!http::is_field_value(value)) return "its value holds a line end or a control character";
  if (equal_ignoring_case(name, "Content-Type")) return "the Content-Type is not set by a field";
  const bool is_written = equal_ignoring_case(name, "Date") || !http::is_writable({name, value});
  return is_written ? "the server writes it by itself" : nullptr;
}

}  // namespace

void add_response_field(response_fields& to, std::string name, std::string value) {
  if (const char* const fault = fault_of_field(name, value)) {
    throw std::invalid_argument(fmt::format("header field '{}': {}", name, fault));
  }
  to.emplace_back(std::move(name), std::move(value));
}

}  // namespace ferrule::detail
