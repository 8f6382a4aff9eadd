#include "ferrule/route/respond.hpp"

namespace ferrule::detail {

void send_response(const outlet& out, const response& r) {
  scratch memory;
  for (const auto& [name, value] : r.fields) memory.fields().push_back({name, value});
  out.respond({r.status, r.content_type, memory.fields()}, r.body);
}

}  // namespace ferrule::detail
