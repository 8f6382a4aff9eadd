#include "ferrule/route/service_routes.hpp"

#include <fmt/format.h>

namespace ferrule::detail {

response page_response(std::string page) {
  return response{.content_type = "text/html; charset=utf-8", .body = std::move(page)}
      .field("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
      .field("X-Content-Type-Options", "nosniff");
}

route_line::route_line(const pattern& shape)
    : text_(fmt::format("{:<7}{}", to_string(shape.verb), shape.path())) {}

void route_line::add_query(std::string_view member) {
  text_.append(1, before_).append(member);
  before_ = '&';
}

std::string greeting(const openapi_info& info) {
  return std::string(info.description.value_or(info.title)) + "\n\n";
}

}  // namespace ferrule::detail
