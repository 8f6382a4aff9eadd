#include "ferrule/api/parameter.hpp"

#include <cstdlib>

namespace ferrule::detail {

long double nearest_number(std::string_view text) {
  return std::strtold(std::string(text).c_str(), nullptr);
}

}  // namespace ferrule::detail
