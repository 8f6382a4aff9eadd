#pragma once
/// @file
/// What the dispatcher's table points at: one function for each route, in which its handler is
/// inlined.
///
/// ```cpp
/// constexpr auto routes = ferrule::route_table(ferrule::route<"GET /">([] { return "Hello"; }));
/// using entry = ferrule::detail::entry_at<0, std::remove_const_t<decltype(routes)>>;
/// using thunk = ferrule::detail::thunk<routes, 0, entry>;
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
                "ferrule: the handler of this route takes a state that serve() was not given: pass "
                "per_reactor(...) or shared(...) of that type, or of one derived from it");
  static_assert(Found != -2,
                "ferrule: the handler of this route takes a state that several of those given to "
                "serve() are derived from: take the one that is meant");
  static constexpr bool passed = true;
};

template <fixed_string Route, class Signature, class... State>
struct states_check;
template <fixed_string Route, class R, class... A, class... State>
struct states_check<Route, signature<R, A...>, State...> {
  template <class T>
  static consteval bool check() {
    if constexpr (source_of<T>() == source::state) {
      using needed = std::remove_cvref_t<T>;
      return state_check<Route, needed, find_state<needed, State...>()>::passed;
    } else {
      return true;
    }
  }
  static constexpr bool passed = (check<A>() && ...);
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

/// For coroutines that answer by themselves.
template <class Task>
void complete_answered(http::exchange& ex, Task& handler) noexcept {
  try {
    handler.take();
  } catch (...) {
    answer_exception(outlet(ex));
  }
}

/// Layers and handler of the route `Entry`, number `I` of `Table`; past its end, what answers
/// requests that have no route.
template <const auto& Table, std::size_t I, class Entry, class... State>
struct thunk {
  using entry_type = Entry;
  using handler_type = typename Entry::handler_type;
  using signature = signature_of<handler_type>;
  using result_type = typename signature::result_type;
  using answer_type = eventual_result<result_type>;
  using arguments = arguments_of<signature, State...>;
  static constexpr auto bound = signature::bind(Entry::shape);

  static constexpr auto layers = [] {
    if constexpr (I < Table.size) {
      const table_slot<I, Entry>& entry = Table;
      return std::tuple_cat(Table.layers.layers, entry.Entry::layers.layers);
    } else {
      return Table.layers.layers;
    }
  }();
  using layers_type = std::remove_const_t<decltype(layers)>;
  using chain = typename chain_finder<layers_type, State...>::type;
  static constexpr bool has_layers = std::tuple_size_v<layers_type> != 0;
  static constexpr bool suspends = is_deferred<result_type> || chain::awaits;
  /// Whether a coroutine of ours drives the handler: where something has to outlive the call.
  static constexpr bool is_driven =
      (has_layers && suspends) || (is_task<result_type> && may_stream<answer_type>);

  static void run(http::exchange& ex, void* const* states) {
    static_assert(states_check<Entry::text, signature, State...>::passed);
    if constexpr (is_driven) {
      ex.run<&complete_answered<task<>>>(drive(ex, states));
    } else if constexpr (has_layers) {
      run_layers(ex, states);
    } else {
      run_handler({outlet(ex), Entry::shape, bound.slots.data(), states});
    }
  }

 private:
  /// A handler without state is made anew, and a function pointer is read from a constant: the
  /// compiler sees through both.
  static constexpr handler_type handler() {
    if constexpr (std::is_empty_v<handler_type>) {
      return handler_type{};
    } else {
      const table_slot<I, Entry>& entry = Table;
      return entry.handler;
    }
  }

  /// Calls a handler that is no coroutine; `void` becomes what it is answered with.
  static auto result_of(arguments& values) {
    if constexpr (std::is_void_v<result_type>) {
      values.pass_to(handler());
      return no_content{};
    } else {
      return values.pass_to(handler());
    }
  }

  static void run_handler(const call& c) {
    arguments values;
    if (!values.load(c)) return;
    if constexpr (is_task<result_type>) {
      c.exchange().template run<&complete<answer_type>>(values.pass_to(handler()));
    } else if constexpr (may_stream<answer_type>) {
      auto given = result_of(values);
      response_stream* const stream = send_or_stream(c.out, given);
      if (stream == nullptr) return;
      c.exchange().template run<&complete_answered<response_stream>>(std::move(*stream));
    } else {
      send(c.out, result_of(values));
    }
  }

  static chain make_chain(http::exchange& ex, void* const* states) {
    return std::apply(
        [&](const auto&... layer) {
          return chain(ex, Entry::shape, bound.slots.data(), states, layer...);
        },
        layers);
  }

  /// Catches here and not in the dispatcher, so that the layers see the answer to an exception.
  static void run_layers(http::exchange& ex, void* const* states) {
    auto around = make_chain(ex, states);
    try {
      if (around.before_all()) run_handler(around.request_call());
    } catch (...) {
      answer_exception(around.request_call().out);
    }
  }

  static task<> drive(http::exchange& ex, void* const* states) {
    auto around = make_chain(ex, states);
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
      if constexpr (std::is_same_v<result_type, task<>>) {
        co_await values.pass_to(handler());
        send(c.out, no_content{});
      } else if constexpr (is_task<result_type>) {
        auto given = co_await values.pass_to(handler());
        if (auto* const stream = send_or_stream(c.out, given)) co_await std::move(*stream);
      } else {
        auto given = result_of(values);
        if (auto* const stream = send_or_stream(c.out, given)) co_await std::move(*stream);
      }
    } catch (...) {
      answer_exception(c.out);
    }
  }
};

}  // namespace ferrule::detail
