#pragma once
/// @file
/// `serve`: a route table becomes a program.
///
/// ```cpp
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Hello, World!"; }));
/// int run(int argc, char** argv) { return ferrule::serve<routes>(argc, argv); }
/// ```

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/api/state.hpp"
#include "ferrule/app/run_service.hpp"
#include "ferrule/route/dispatcher.hpp"

namespace ferrule {
namespace detail {

/// What a reactor's share of one state is made from.
template <class State>
struct state_source {
  State& from;
  reactor& loop;
};

/// Where a reactor's share of one state lives: made here, or elsewhere and shared.
template <class State>
class state_holder;

template <class Factory>
class state_holder<per_reactor_state<Factory>> {
 public:
  using value_type = typename per_reactor_state<Factory>::value_type;
  explicit state_holder(state_source<per_reactor_state<Factory>> given)
      : object_(make_state(given.from.make, given.loop)) {}
  value_type& get() noexcept { return object_; }

 private:
  value_type object_;
};

template <class T>
class state_holder<shared_state<T>> {
 public:
  using value_type = T;
  explicit state_holder(state_source<shared_state<T>> given) : object_(given.from.object) {}
  value_type& get() noexcept { return object_; }

 private:
  T& object_;
};

template <class Open>
class state_holder<opened_state<Open>> {
 public:
  using value_type = typename opened_state<Open>::value_type;
  explicit state_holder(state_source<opened_state<Open>> given) : object_(*given.from.object) {}
  value_type& get() noexcept { return object_; }

 private:
  value_type& object_;
};

/// Opens what is to be opened at the start; returns what went wrong.
std::string open_state(auto&) { return {}; }
template <class Open>
std::string open_state(opened_state<Open>& state) {
  auto opened = state.open();
  if (!opened) return std::move(opened).error();
  state.object = std::move(opened).value();
  return {};
}

template <class>
inline constexpr bool is_state = false;
template <class Factory>
inline constexpr bool is_state<per_reactor_state<Factory>> = true;
template <class T>
inline constexpr bool is_state<shared_state<T>> = true;
template <class Open>
inline constexpr bool is_state<opened_state<Open>> = true;

template <const auto& Table, class... State>
class table_service final : public reactor_service {
 public:
  table_service(std::tuple<State...>& states, reactor& loop)
      : holders_(std::apply(
            [&]([[maybe_unused]] State&... each) {
              return std::tuple<state_holder<State>...>(state_source<State>{each, loop}...);
            },
            states)),
        dispatcher_(
            std::apply([](state_holder<State>&... each) { return dispatcher_type(each.get()...); },
                       holders_)) {}
  http::service& handlers() noexcept override { return dispatcher_; }

 private:
  using dispatcher_type = dispatcher<Table, typename state_holder<State>::value_type...>;

  std::tuple<state_holder<State>...> holders_;
  dispatcher_type dispatcher_;
};

template <const auto& Table, class... State>
class table_service_factory final : public service_factory {
 public:
  explicit table_service_factory(State&&... states) : states_(std::move(states)...) {}
  std::string start() override {
    std::string error;
    std::apply(
        [&]([[maybe_unused]] State&... each) {
          static_cast<void>(((error = open_state(each)).empty() && ...));
        },
        states_);
    return error;
  }
  std::unique_ptr<reactor_service> make(reactor& loop) override {
    return std::make_unique<table_service<Table, State...>>(states_, loop);
  }

 private:
  std::tuple<State...> states_;
};

}  // namespace detail

/// Runs a service with the routes of `Table`, a `constexpr` route table of static storage, until it
/// is asked to end; see `run_service` for options, signals and what is returned.
/// `states` are what handlers take by reference: `per_reactor(factory)`, `shared(object)` or
/// `opened(function)`. `defaults` hold where neither the environment nor the arguments say
/// otherwise: `serve<routes>({.port = 8001}, argc, argv)`. `own` are options of the program's own,
/// which --help shows as well.
template <const auto& Table, class... State>
int serve(const serve_settings& defaults, int argc, char** argv, const option_group& own,
          State... states) {
  static_assert((detail::is_state<State> && ...),
                "ferrule: serve takes state as per_reactor(factory), shared(object) or "
                "opened(function), because each reactor is a thread");
  detail::table_service_factory<Table, State...> factory(std::move(states)...);
  return run_service(defaults, argc, argv, factory, {&own, 1});
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

}  // namespace ferrule
