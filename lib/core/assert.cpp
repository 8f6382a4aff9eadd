#include "ferrule/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace ferrule::detail {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "ferrule: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace ferrule::detail
