#pragma once
/// @file
/// Broken invariants end the process: bad input never reaches one, so a failed check is a defect
/// in Ferrule or in how it was used, and going on would only hide it.
///
/// ```cpp
/// int running = 0;
/// FERRULE_ASSERT(running == 0, "a scope must be joined before it is destroyed");
/// ```

#include <atomic>

namespace ferrule::detail {
/// Writes `what` with its place to standard error, if that takes it within a second, and aborts.
/// Never returns; allocates nothing.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;
/// What an abort that is the program's own calls first, if anything: lines that wait get out.
extern constinit std::atomic<void (*)() noexcept> before_abort;
}  // namespace ferrule::detail

/// Checked in every build: use it where the check costs next to nothing.
#define FERRULE_ASSERT(condition, what)                \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::ferrule::detail::assertion_failed(what, __FILE__, __LINE__))

/// Checked unless NDEBUG is defined: for checks on hot paths.
#ifdef NDEBUG
#define FERRULE_DEBUG_ASSERT(condition, what) static_cast<void>(0)
#else
#define FERRULE_DEBUG_ASSERT(condition, what) FERRULE_ASSERT(condition, what)
#endif
