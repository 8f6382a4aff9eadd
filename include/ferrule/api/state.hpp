#pragma once
/// @file
/// What handlers share: an object for each reactor, or one for all of them.
///
/// ```cpp
/// struct cache { int hits = 0; };              // one a reactor, so it needs no lock
/// struct settings {                            // never written to after the start
///   static constexpr bool thread_safe = true;
///   int limit = 10;
/// };
/// inline auto caches = ferrule::per_reactor([] { return cache{}; });
/// inline settings common;
/// inline auto all = ferrule::shared(common);
/// inline auto opened = ferrule::opened([]() -> ferrule::result<std::unique_ptr<settings>,
///                                                               std::string> {
///   return std::make_unique<settings>();       // or ferrule::fail("cannot open shop.db")
/// });
/// ```
///
/// A handler takes the state as `cache&` or `const cache&`, or by the type it is derived from.

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/core/result.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// Whether several threads may use one object at a time: `static constexpr bool thread_safe = true`
/// in the type says so, or a specialisation of this where the type cannot be changed.
template <class T>
inline constexpr bool is_thread_safe = requires { requires T::thread_safe; };

namespace detail {

/// Calls a factory with the reactor, if it takes one.
template <class Factory>
decltype(auto) make_state(Factory& make, reactor& loop) {
  if constexpr (std::invocable<Factory&, reactor&>) {
    return make(loop);
  } else {
    return make();
  }
}

}  // namespace detail

/// Makes the state of one reactor.
template <class Factory>
struct per_reactor_state {
  using value_type = std::remove_cvref_t<decltype(detail::make_state(std::declval<Factory&>(),
                                                                     std::declval<reactor&>()))>;
  Factory make;
};

/// Refers to the state of all reactors.
template <class T>
struct shared_state {
  using value_type = T;
  T& object;
};

/// Opens the state of all reactors at the start.
template <class Open>
struct opened_state {
  using value_type = typename std::invoke_result_t<Open&>::value_type::element_type;
  Open open;
  std::unique_ptr<value_type> object{};
};

/// State that each reactor has its own of. `factory` is called once a reactor, on its thread,
/// before the first request; it returns the object by value. It may take the `reactor&`, for state
/// that needs to know the time or makes calls of its own.
template <class Factory>
  requires(std::invocable<Factory&> || std::invocable<Factory&, reactor&>)
per_reactor_state<std::decay_t<Factory>> per_reactor(Factory&& factory) {
  static_assert(!std::is_void_v<typename per_reactor_state<std::decay_t<Factory>>::value_type>,
                "ferrule: the factory of per_reactor returns the state by value");
  return {std::forward<Factory>(factory)};
}

/// State that all reactors use at the same time. `object` must outlive `serve`.
template <class T>
shared_state<T> shared(T& object) {
  static_assert(is_thread_safe<T>,
                "ferrule: shared state is used by several threads at once: say that the type can "
                "bear it by static constexpr bool thread_safe = true, or use per_reactor(...)");
  return {object};
}

/// State that all reactors use at the same time, and that can fail to be had: a database, say.
/// `open` is called once, after the options were read and before anything else, and returns a
/// `result<std::unique_ptr<T>, std::string>`; the program ends with the text of an error. The
/// object goes when the last request was answered.
template <class Open>
  requires std::invocable<Open&>
opened_state<std::decay_t<Open>> opened(Open&& open) {
  static_assert(is_thread_safe<typename opened_state<std::decay_t<Open>>::value_type>,
                "ferrule: opened state is used by several threads at once: say that the type can "
                "bear it by static constexpr bool thread_safe = true");
  return {std::forward<Open>(open)};
}

}  // namespace ferrule
