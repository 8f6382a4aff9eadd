#include "ferrule/core/assert.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <span>

#include "ferrule/core/clean_text.hpp"

namespace ferrule::detail {

constinit std::atomic<void (*)() noexcept> before_abort{nullptr};

namespace {

/// Writes one line and aborts, also when nobody reads standard error or it is gone.
template <class... Part>
[[noreturn]] void abort_with(const char* format, Part... parts) noexcept {
  if (auto* const first = before_abort.load(std::memory_order_relaxed)) first();
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  std::array<char, 1024> text;
  std::array<char, 1024> line;
  const int size = std::snprintf(text.data(), text.size(), format, parts...);
  const auto used = std::min(static_cast<std::size_t>(size), text.size() - 1);
  std::size_t clean = copy_clean(std::span(line).first(line.size() - 1), {text.data(), used});
  line[clean++] = '\n';
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  constexpr int wait_ms = 1000;
  if (::poll(&standard_error, 1, wait_ms) == 1) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), clean);
  }
  std::abort();
}

}  // namespace

void assertion_failed(const char* what, const char* file, int line) noexcept {
  abort_with("ferrule: %s (%s:%d)", what, file, line);
}

}  // namespace ferrule::detail

using ferrule::detail::abort_with;

/// What std::terminate calls. libstdc++'s own would link its demangler, a tenth of a small service.
void __gnu_cxx::__verbose_terminate_handler() {
  try {
    if (std::current_exception()) throw;
    abort_with("%s", "ferrule: terminated");
  } catch (const std::exception& e) {
    abort_with("ferrule: terminated by an exception: %s", e.what());
  } catch (...) {
    abort_with("%s", "ferrule: terminated by an exception that is no std::exception");
  }
}

/// What assert() calls, within glibc too (Linux Standard Base, "__assert_fail"). glibc's own can
/// also write to a wide stream, for which it links a second printf: 31 kB of a static service.
/// Weak: in an executable that links glibc's for another reason, that is taken.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" [[gnu::weak, noreturn]] void __assert_fail(const char* what, const char* file,
                                                      unsigned line,
                                                      const char* function) noexcept {
  abort_with("%s: %s:%u: %s: Assertion `%s' failed.", program_invocation_short_name, file, line,
             function, what);
}
