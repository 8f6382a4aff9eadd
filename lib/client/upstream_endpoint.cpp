#include "ferrule/client/upstream_endpoint.hpp"

#include <algorithm>

namespace ferrule {

std::vector<upstream_endpoint> endpoints_at(const std::vector<origin>& addresses) {
  std::vector<upstream_endpoint> all;
  for (const origin& each : addresses) {
    if (std::ranges::find(all, each, &upstream_endpoint::address) != all.end()) continue;
    all.push_back({.address = each});
  }
  return all;
}

const char* to_string(endpoints_fault fault) noexcept {
  switch (fault) {
    case endpoints_fault::too_many:
      return "there are too many endpoints";
    case endpoints_fault::no_address:
      return "an endpoint has no address";
    case endpoints_fault::repeated_id:
      return "two endpoints have the same id";
    case endpoints_fault::invalid_authority:
      return "the authority is not a host with an optional port";
    case endpoints_fault::weight_too_large:
      return "the weight is too large";
  }
  return "";
}

std::string to_string(const endpoints_refusal& refused) {
  std::string text = to_string(refused.fault);
  if (!refused.id.empty()) text += ": " + refused.id;
  return text;
}

}  // namespace ferrule
