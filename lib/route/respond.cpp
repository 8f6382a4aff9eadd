#include "ferrule/route/respond.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ferrule::detail {

void add_fields(scratch& to, const response_fields& fields) {
  for (const auto& [name, value] : fields) to.fields().push_back({name, value});
}

void send_response(const outlet& out, const response& r) {
  scratch memory;
  add_fields(memory, r.fields);
  out.respond({r.status, r.content_type, memory.fields()}, r.body);
}

void require_status(int status, std::span<const int> named) {
  if (named.empty() || std::ranges::find(named, status) != named.end()) return;
  throw std::invalid_argument(
      fmt::format("status {} is none of those that the result's type names", status));
}

void send_redirect(const outlet& out, int status, std::string_view location,
                   const response_fields& fields) {
  if (!is_redirect_status(status)) {
    throw std::invalid_argument(
        fmt::format("status {} of a redirect: 301, 302, 303, 307 and 308 are", status));
  }
  if (location.empty()) throw std::invalid_argument("a redirect without a location");
  std::string room;
  scratch memory;
  memory.fields().push_back({"Location", http::encode_reference(location, room)});
  add_fields(memory, fields);
  out.respond({status, {}, memory.fields()}, {});
}

}  // namespace ferrule::detail
