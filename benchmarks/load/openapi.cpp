#include "load/openapi.hpp"

namespace ferrule::load {
result<std::vector<request_source>, std::string> openapi_requests(std::string_view,
                                                                  std::string_view) {
  return fail(std::string("not there"));
}
}  // namespace ferrule::load
