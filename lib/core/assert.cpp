#include "ferrule/core/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace ferrule::detail {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "ferrule: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace ferrule::detail

/// What std::terminate calls. libstdc++'s own would link its demangler, a tenth of a small service.
void __gnu_cxx::__verbose_terminate_handler() {
  try {
    if (std::current_exception()) throw;
    std::fputs("ferrule: terminated\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ferrule: terminated by an exception: %s\n", e.what());
  } catch (...) {
    std::fputs("ferrule: terminated by an exception that is no std::exception\n", stderr);
  }
  std::abort();
}
