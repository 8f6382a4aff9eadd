#pragma once
/// @file
/// What makes the compiler see through coroutines: with Clang 17 and later, every function that
/// returns a `task` or a `response_stream` has to be a coroutine or to say that it hands one on,
/// and keeping a coroutine longer than what its parameters refer to is a warning, of which
/// Ferrule's CMake targets make an error. The rules are in core/coroutines.md.
///
/// ```cpp
/// #include "ferrule/core/task.hpp"
/// ferrule::task<int> twice(int n) { co_return 2 * n; }
/// FERRULE_CORO_WRAPPER ferrule::task<int> four_times(int n) { return twice(2 * n); }
/// ```

/// For a function that returns a task and is no coroutine itself: stands before it, in a lambda
/// behind the parameters. Its parameters are taken for parameters of the coroutine.
#define FERRULE_CORO_WRAPPER
/// For a function whose task refers to none of its arguments, nor to its object: it stands before
/// it, too.
#define FERRULE_CORO_COPIES
/// For the class that a coroutine returns.
#define FERRULE_CORO_TYPE
/// For a parameter, behind its name: a task that waits in what the function returns.
#define FERRULE_CORO_KEPT

// FERRULE_UNCHECKED_COROUTINES switches the checks off, for sources that have the standard library
// hand tasks on (std::function, std::invoke), which cannot say so.
#if defined(__clang__) && !defined(FERRULE_UNCHECKED_COROUTINES)
#if __has_cpp_attribute(clang::coro_return_type) && __has_cpp_attribute(clang::coro_lifetimebound)
#undef FERRULE_CORO_WRAPPER
#undef FERRULE_CORO_COPIES
#undef FERRULE_CORO_TYPE
#undef FERRULE_CORO_KEPT
#define FERRULE_CORO_WRAPPER __attribute__((coro_wrapper))
#define FERRULE_CORO_COPIES __attribute__((coro_disable_lifetimebound))
#define FERRULE_CORO_TYPE [[clang::coro_return_type, clang::coro_lifetimebound]]
#define FERRULE_CORO_KEPT [[clang::lifetimebound]]
#endif
#endif
