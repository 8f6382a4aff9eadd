#pragma once
/// @file
/// `serve`: a route table becomes a program.
///
/// ```cpp
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Hello, World!"; }));
/// int run(int argc, char** argv) { return ferrule::serve<routes>(argc, argv); }
/// ```

#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ferrule/api/state.hpp"
#include "ferrule/app/background.hpp"
#include "ferrule/app/listener.hpp"
#include "ferrule/app/run_service.hpp"
#include "ferrule/app/state_list.hpp"
#include "ferrule/route/dispatcher.hpp"

namespace ferrule {
namespace detail {

template <const auto& Table, class Values>
struct dispatcher_finder;
template <const auto& Table, class... Value>
struct dispatcher_finder<Table, std::tuple<Value&...>> {
  using type = dispatcher<Table, Value...>;
};

/// Dispatchers of the tables of the further listeners among `State`, each with all states.
template <class Values, class... State>
struct listener_dispatchers;
template <class Values>
struct listener_dispatchers<Values> {
  explicit listener_dispatchers(Values) {}
  http::service* find(std::size_t) noexcept { return nullptr; }
};
template <class Values, class Other, class... More>
struct listener_dispatchers<Values, Other, More...> : listener_dispatchers<Values, More...> {
  using listener_dispatchers<Values, More...>::listener_dispatchers;
};
template <class Values, const auto& Table, class... More>
struct listener_dispatchers<Values, table_listener<Table>, More...> {
  explicit listener_dispatchers(Values values)
      : dispatches(std::make_from_tuple<type>(values)), others(values) {}
  http::service* find(std::size_t after) noexcept {
    return after == 0 ? &dispatches : others.find(after - 1);
  }
  using type = typename dispatcher_finder<Table, Values>::type;
  type dispatches;
  listener_dispatchers<Values, More...> others;
};

template <const auto& Table, class... State>
class table_service final : public reactor_service {
 public:
  table_service(std::tuple<State...>& states, reactor& loop)
      : states_(states, loop),
        places_(states_.values(), loop),
        observers_(states_.values(), loop),
        dispatcher_(std::apply([](auto&... each) { return dispatcher_type(each...); },
                               states_.values())),
        others_(states_.values()) {}
  http::service& handlers() noexcept override { return dispatcher_; }
  http::service& handlers_of(std::size_t listener) noexcept override {
    return listener == 0 ? dispatcher_ : *others_.find(listener - 1);
  }
  void add_background(background_runner& to) override { states_.add_background(to); }

 private:
  using states_type = state_list<sizeof...(State), State...>;
  using dispatcher_type =
      typename dispatcher_finder<Table, typename states_type::values_type>::type;

  states_type states_;
  state_places<typename states_type::values_type> places_;
  [[no_unique_address]] state_observers<typename states_type::values_type> observers_;
  dispatcher_type dispatcher_;
  [[no_unique_address]] listener_dispatchers<typename states_type::values_type, State...> others_;
};

struct no_listeners {};

/// The further listeners among `states`; what costs nothing where there are none.
template <class... State>
auto listeners_among(const State&... states) {
  if constexpr ((is_listener<State> || ...)) {
    std::vector<listener_settings> found;
    const auto look = [&]<class One>(const One& one) {
      if constexpr (is_listener<One>) found.push_back(one.settings);
    };
    (look(states), ...);
    return further_listeners(std::move(found));
  } else {
    return no_listeners();
  }
}

template <const auto& Table, class... State>
class table_service_factory final : public service_factory {
 public:
  explicit table_service_factory(State&&... states)
      : listeners_(listeners_among(states...)), states_(std::move(states)...) {}
  table_service_factory(const table_service_factory&) = delete;
  ~table_service_factory() { close_states<sizeof...(State)>(states_); }

  further_listeners* listeners() noexcept override {
    if constexpr ((is_listener<State> || ...)) return &listeners_;
    return nullptr;
  }
  std::string start() override { return open_states(states_, std::tuple<>()); }
  std::unique_ptr<reactor_service> make(reactor& loop) override {
    return std::make_unique<table_service<Table, State...>>(states_, loop);
  }

 private:
  [[no_unique_address]] decltype(listeners_among(std::declval<const State&>()...)) listeners_;
  std::tuple<State...> states_;
};

/// Stands in the compiler's message with what serve was given.
template <class Given>
struct given_to_serve {
  static_assert(is_state<Given>,
                "ferrule: serve takes state as per_reactor(factory), shared(object) or "
                "opened(function), because each reactor is a thread, work as background(name, "
                "function), and listeners as listener<table>(name, places): write shared(state) "
                "if several threads may use it at once, or per_reactor([] { return state{}; })");
  static constexpr bool passed = true;
};

/// Stands in the compiler's message with the type of a table that lies in a function.
template <class Table>
struct table_of_static_storage {
  static_assert(sizeof(Table) == 0,
                "ferrule: serve<routes> takes a constexpr table of static storage: define it "
                "outside of the function, or as static constexpr");
  static constexpr bool passed = true;
};

}  // namespace detail

/// Runs a service with the routes of `Table`, a `constexpr` route table of static storage, until it
/// is asked to end; see `run_service` for options, signals and what is returned.
/// `states` are what handlers take by reference: `per_reactor(factory)`, `shared(object)` or
/// `opened(function)`, each made from those before it, the work that goes on beside requests:
/// `background(name, function)` (app/background.hpp), and listeners with routes of their own:
/// `listener<table>(name, places)` (app/listener.hpp). `defaults` hold where neither the
/// environment nor the arguments say otherwise: `serve<routes>({.port = 8001}, argc, argv)`. `own`
/// are options of the program's own, which --help shows as well.
template <const auto& Table, class... State>
int serve(const serve_settings& defaults, int argc, char** argv, const option_group& own,
          State... states) {
  static_assert((detail::given_to_serve<State>::passed && ...));
  if constexpr ((detail::is_state<State> && ...)) {
    detail::table_service_factory<Table, State...> factory(std::move(states)...);
    return run_service(defaults, argc, argv, factory, {&own, 1});
  } else {
    return 1;
  }
}

/// The same without options of the program's own.
template <const auto& Table, class... State>
int serve(const serve_settings& defaults, int argc, char** argv, State... states) {
  return serve<Table>(defaults, argc, argv, option_group{}, std::move(states)...);
}

/// The same with the defaults of Ferrule.
template <const auto& Table, class... State>
int serve(int argc, char** argv, State... states) {
  return serve<Table>(serve_settings{}, argc, argv, std::move(states)...);
}

/// For a table that is no constant of static storage: these say so. `long` makes them the last
/// to be chosen.
template <auto Table>
int serve(long, char**, ...) {
  static_assert(detail::table_of_static_storage<decltype(Table)>::passed);
  return 1;
}
template <auto Table>
int serve(const serve_settings&, long, char**, ...) {
  static_assert(detail::table_of_static_storage<decltype(Table)>::passed);
  return 1;
}

}  // namespace ferrule
