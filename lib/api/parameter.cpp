#include "ferrule/api/parameter.hpp"

#include <algorithm>
#include <cstdlib>

namespace ferrule::detail {

long double nearest_number(std::string_view text) {
  return std::strtold(std::string(text).c_str(), nullptr);
}

std::string expected_number(std::string expected, const json::member_limits& limits) {
  if (!limits.bound_number()) return expected;
  expected.erase(std::min(expected.find(" of "), expected.size()));  // the width says less
  if (limits.min && limits.max) {
    return expected + " from " + std::to_string(*limits.min) + " to " +
           std::to_string(*limits.max);
  }
  return expected + (limits.min ? " of at least " + std::to_string(*limits.min)
                                : " of at most " + std::to_string(*limits.max));
}

}  // namespace ferrule::detail
