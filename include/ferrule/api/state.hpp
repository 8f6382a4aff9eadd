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
///
/// **Order.** States are made in the order in which `serve` is given them, so that a factory may
/// take earlier ones by reference, as a handler does, and the `reactor`:
///
/// ```cpp
/// struct prices { int known = 0; };
/// struct basket { prices& of_the_day; };
/// inline auto day = ferrule::per_reactor([] { return prices{.known = 3}; });
/// inline auto basket_of_day = ferrule::per_reactor([](prices& p) { return basket{p}; });
/// // serve<routes>(argc, argv, day, basket_of_day);
/// ```
///
/// First, on the main thread, those of the process are opened, which may take earlier shared and
/// opened states; where one fails, those before it are closed, and the program ends. Then each
/// reactor makes its own, on its thread. The end goes the other way: when a reactor has answered
/// its last request and its background work has ended (app/background.hpp), it destroys its states,
/// the last first; when all reactors are gone, what was opened is closed, the last first.
///
/// A factory of `per_reactor` that throws ends the program at once with the exception's text and
/// exit code 1. Other reactors may run by then, so what is there already is left to the system: a
/// destructor is no place for what must not be missed.

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/api/signature.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// Whether several threads may use one object at a time: `static constexpr bool thread_safe = true`
/// in the type says so, or a specialisation of this where the type cannot be changed.
template <class T>
inline constexpr bool is_thread_safe = requires { requires T::thread_safe; };

namespace detail {

/// What a factory returns. One without a single signature is called with the reactor, or with
/// nothing.
template <class Factory>
consteval auto factory_result() {
  using known = signature_of<Factory>;
  if constexpr (!std::is_void_v<known>) {
    return std::type_identity<typename known::result_type>();
  } else if constexpr (std::invocable<Factory&, reactor&>) {
    return std::type_identity<std::invoke_result_t<Factory&, reactor&>>();
  } else {
    return std::type_identity<std::invoke_result_t<Factory&>>();
  }
}
template <class Factory>
using made_by = typename decltype(factory_result<Factory>())::type;

template <class Factory>
concept state_factory = !std::is_void_v<signature_of<std::decay_t<Factory>>> ||
                        std::invocable<Factory&> || std::invocable<Factory&, reactor&>;

}  // namespace detail

/// Makes the state of one reactor.
template <class Factory>
struct per_reactor_state {
  using value_type = std::remove_cvref_t<detail::made_by<Factory>>;
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
  using value_type = typename detail::made_by<Open>::value_type::element_type;
  Open open;
  std::unique_ptr<value_type> object{};
};

/// State that each reactor has its own of. `factory` is called once a reactor, on its thread,
/// before the first request; it returns the object by value. It may take the `reactor&`, for state
/// that needs to know the time or makes calls of its own, and earlier states.
template <detail::state_factory Factory>
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

/// State that all reactors use at the same time, and whose opening can fail: a database, say.
/// `open` is called once, after the options were read and before anything else, and returns a
/// `result<std::unique_ptr<T>, std::string>`; the program ends with the text of an error. It may
/// take earlier states that are shared or opened. The object goes when the last request was
/// answered.
template <detail::state_factory Open>
opened_state<std::decay_t<Open>> opened(Open&& open) {
  static_assert(is_thread_safe<typename opened_state<std::decay_t<Open>>::value_type>,
                "ferrule: opened state is used by several threads at once: say that the type can "
                "bear it by static constexpr bool thread_safe = true");
  return {std::forward<Open>(open)};
}

}  // namespace ferrule
