#pragma once
/// @file
/// What the dispatcher's table points at: one function for each route, in which its handler is
/// inlined.
///
/// ```cpp
/// inline std::string hello() { return "Hello"; }
/// using thunk = ferrule::detail::thunk<ferrule::detail::route_shape<"GET /">,
///                                      ferrule::detail::function_handler<&hello>,
///                                      ferrule::layer_list<>>;
/// static_assert(!thunk::suspends);
/// ```

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/route/extract.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/route/respond.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule::detail {

/// Stands in the compiler's message with the route, and with the type of the state.
template <fixed_string Route, class Needed, int Found>
struct state_check {
  static_assert(Found != -1,
                "ferrule: the handler of this route takes a state that serve() was not given, and "
                "that no layer of the route gives: pass per_reactor(...) or shared(...) of that "
                "type, or of one derived from it, or put a layer whose before returns it around "
                "the route");
  static_assert(Found != -2,
                "ferrule: the handler of this route takes a state that several of those given to "
                "serve() are derived from: take the one that is meant");
  static constexpr bool passed = true;
};

template <fixed_string Route, class Signature, class... State>
struct states_check;
/// What one argument takes. A template and no function: of one that fails Clang says twice more
/// that it is no constant.
template <fixed_string Route, class A, source From, class... State>
struct argument_states {
  static constexpr bool passed = true;
};
template <fixed_string Route, class A, class... State>
struct argument_states<Route, A, source::state, State...>
    : state_check<Route, std::remove_cvref_t<A>, find_state<std::remove_cvref_t<A>, State...>()> {};
template <fixed_string Route, class A, class... State>
struct argument_states<Route, A, source::own, State...>
    : states_check<Route, extract_signature<std::remove_cvref_t<A>>, State...> {};
/// The same for what layers give, too.
template <fixed_string Route, class Signature, class Visible>
inline constexpr bool takes_visible = false;
template <fixed_string Route, class Signature, class... T>
inline constexpr bool takes_visible<Route, Signature, takeable<T...>> =
    states_check<Route, Signature, T...>::passed;
template <fixed_string Route, class Signature, class... State>
  requires(!Signature::takes(source::state) && !Signature::takes(source::own))
struct states_check<Route, Signature, State...> {
  static constexpr bool passed = true;
};
template <fixed_string Route, class R, class... A, class... State>
  requires(signature<R, A...>::takes(source::state) || signature<R, A...>::takes(source::own))
struct states_check<Route, signature<R, A...>, State...> {
  static constexpr bool passed =
      (argument_states<Route, A, source_of<A>(), State...>::passed && ...);
};

/// What a thunk needs of its route.
template <fixed_string Text>
struct route_shape {
  static constexpr auto text = Text;
  static constexpr const pattern& shape = parsed_pattern<Text>;
  /// Which placeholder each parameter of the handler takes.
  template <class Signature>
  static constexpr const std::uint8_t* slots = route_check<Text, Signature>::bound.slots.data();
};

/// Takes a finished task's result and answers with it.
template <class T>
void complete(http::exchange& ex, task<T>& handler) noexcept {
  const outlet out(ex);
  try {
    if constexpr (std::is_void_v<T>) {
      handler.take();
      send(out, no_content{});
    } else {
      send(out, handler.take());
    }
  } catch (...) {
    answer_exception(out);
  }
}
template <class T>
[[gnu::noinline]] void run_task(const call& c, task<T> handler) {
  c.exchange().template run<&complete<T>>(std::move(handler));
}

/// For coroutines that answer by themselves.
template <class Task>
void complete_answered(http::exchange& ex, Task& handler) noexcept {
  try {
    handler.take();
  } catch (...) {
    answer_exception(outlet(ex));
  }
}
/// Answers with a result that may hold a stream.
template <class R>
[[gnu::noinline]] void run_stream(const call& c, R given) {
  response_stream* const stream = send_or_stream(c.out, given);
  if (stream == nullptr) return;
  c.exchange().template run<&complete_answered<response_stream>>(std::move(*stream));
}

/// A handler as a type, so that the functions below do not depend on the whole table: its type
/// spells out every route, and symbols with that in them take the compiler quadratic time.
template <class Closure>
struct closure_handler {
  using type = Closure;
  static constexpr Closure get() noexcept { return Closure{}; }
};
template <auto Function>
struct function_handler {
  using type = decltype(Function);
  static constexpr type get() noexcept { return Function; }
};

/// Calls a handler with the arguments of a request, and answers or runs it.
template <class Handler, class Signature, class Arguments>
inline void run_handler(const call& c) {
  using result_type = typename Signature::result_type;
  Arguments values;
  if (!values.load(c)) return;
  c.out.handler_begins();
  if constexpr (is_task<result_type>) {
    run_task(c, values.pass_to(Handler::get()));
  } else if constexpr (may_stream<result_type>) {
    run_stream(c, values.pass_to(Handler::get()));
  } else if constexpr (std::is_void_v<result_type>) {
    values.pass_to(Handler::get());
    send(c.out, no_content{});
  } else {
    send(c.out, values.pass_to(Handler::get()));
  }
}

/// A route without layers. `Route` has the pattern.
template <class Route, class Handler, class... State>
struct bare_thunk {
  using signature = signature_of<typename Handler::type>;
  static constexpr bool suspends = is_deferred<typename signature::result_type>;
  static constexpr bool needs_request = !arguments_of<signature, State...>::are_own;

  static void run(http::exchange& ex, void* const* states) {
    static_assert(states_check<Route::text, signature, State...>::passed);
    run_handler<Handler, signature, arguments_of<signature, State...>>(
        {outlet(ex), Route::shape, Route::template slots<signature>, states});
  }
};

/// A route with layers, or one whose handler's task gives a stream.
template <class Route, class Handler, class Layers, class... State>
struct layered_thunk {
  using signature = signature_of<typename Handler::type>;
  using result_type = typename signature::result_type;
  using chain = layer_chain<Layers, State...>;
  using arguments = typename chain::visible::template arguments<signature>;
  static constexpr bool suspends = is_deferred<result_type> || chain::awaits;
  static constexpr bool needs_request = true;  // for the layers

  static void run(http::exchange& ex, void* const* states) {
    static_assert(takes_visible<Route::text, signature, typename chain::visible>);
    if constexpr (suspends) {
      ex.run<&complete_answered<task<>>>(drive(ex, states));
    } else {
      run_plain(ex, states);
    }
  }

 private:
  /// Catches here and not in the dispatcher, so that the layers see the answer to an exception.
  static void run_plain(http::exchange& ex, void* const* states) {
    chain around(ex, Route::shape, Route::template slots<signature>, states);
    const call& c = around.request_call();
    try {
      if (around.before_all()) run_handler<Handler, signature, arguments>(c);
    } catch (...) {
      answer_exception(c.out);
    }
  }

  /// Keeps the layers' locals and the arguments for as long as the handler runs.
  static task<> drive(http::exchange& ex, void* const* states) {
    chain around(ex, Route::shape, Route::template slots<signature>, states);
    const call& c = around.request_call();
    try {
      for (const auto& step : chain::steps()) {
        bool goes_on = false;
        if (step.plain != nullptr) {
          goes_on = step.plain(around);
        } else {
          goes_on = co_await step.awaiting(around);
        }
        if (!goes_on) co_return;
      }
      arguments values;
      if (!values.load(c)) co_return;
      c.out.handler_begins();
      if constexpr (std::is_same_v<result_type, task<>>) {
        co_await values.pass_to(Handler::get());
        send(c.out, no_content{});
      } else if constexpr (is_task<result_type>) {
        auto given = co_await values.pass_to(Handler::get());
        if (auto* const stream = send_or_stream(c.out, given)) co_await std::move(*stream);
      } else if constexpr (std::is_void_v<result_type>) {
        values.pass_to(Handler::get());
        send(c.out, no_content{});
      } else {
        const auto handler = Handler::get();
        auto given = values.pass_to(handler);
        if (auto* const stream = send_or_stream(c.out, given)) co_await std::move(*stream);
      }
    } catch (...) {
      answer_exception(c.out);
    }
  }
};

template <class Layers, class MoreLayers>
struct joined_layers;
template <class... L, class... M>
struct joined_layers<layer_list<L...>, layer_list<M...>> {
  using type = layer_list<L..., M...>;
};

template <class Route, class Handler, class Layers, class... State>
struct thunk_finder {
  using type = layered_thunk<Route, Handler, Layers, State...>;
};
template <class Route, class Handler, class... State>
  requires(!gives_stream_later<typename signature_of<typename Handler::type>::result_type>)
struct thunk_finder<Route, Handler, layer_list<>, State...> {
  using type = bare_thunk<Route, Handler, State...>;
};

/// What the dispatcher's table points at for a route.
template <class Route, class Handler, class Layers, class... State>
using thunk = typename thunk_finder<Route, Handler, Layers, State...>::type;

}  // namespace ferrule::detail
