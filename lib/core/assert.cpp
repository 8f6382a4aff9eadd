#include "ferrule/core/assert.hpp"

#include <cerrno>
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

/// What assert() calls, within glibc too (Linux Standard Base, "__assert_fail"). glibc's own can
/// also write to a wide stream, for which it links a second printf: 31 kB of a static service.
/// Weak: in an executable that links glibc's for another reason, that is taken.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" [[gnu::weak, noreturn]] void __assert_fail(const char* what, const char* file,
                                                      unsigned line,
                                                      const char* function) noexcept {
  std::fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name,
               file, line, function, what);
  std::abort();
}
