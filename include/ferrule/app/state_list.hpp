#pragma once
/// @file
/// The states that `serve` is given, in their order: how each is made from those before it, and
/// what one reactor holds of them. api/state.hpp says what that means for a service.
///
/// ```cpp
/// struct store { int rows = 0; };
/// struct cache { store& behind; };
/// inline int rows_behind(ferrule::reactor& loop) {
///   std::tuple given(ferrule::per_reactor([] { return store{.rows = 7}; }),
///                    ferrule::per_reactor([](store& kept) { return cache{kept}; }));
///   auto held = std::apply([&](auto&... each) {
///     return ferrule::detail::state_list<2, std::remove_cvref_t<decltype(each)>...>(given, loop);
///   }, given);
///   return std::get<1>(held.values()).behind.rows;
/// }
/// ```

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/api/state.hpp"
#include "ferrule/app/background.hpp"
#include "ferrule/app/listener.hpp"
#include "ferrule/observe/observer.hpp"
#include "ferrule/route/extract.hpp"

namespace ferrule::detail {

/// Stands in the compiler's message with the type of the state.
template <class State, int Index>
struct earlier_state_check {
  static_assert(Index != -1,
                "ferrule: a factory or background work takes a state that serve() was not given "
                "before it: give that state earlier; opened(...) can take shared and opened ones");
  static_assert(Index != -2,
                "ferrule: a factory or background work takes a state that several of those before "
                "it are derived from: take the type of one of them");
  static constexpr bool passed = true;
};

/// What a parameter of type `A` gets. `loop` is null where there is no reactor yet.
template <class A, class... Earlier>
auto& earlier_state(reactor* loop, const std::tuple<Earlier&...>& earlier) {
  using wanted = std::remove_cvref_t<A>;
  static_assert(std::is_lvalue_reference_v<A>,
                "ferrule: a factory or background work takes states, and the reactor, by "
                "reference");
  if constexpr (std::is_same_v<wanted, reactor>) {
    return *loop;
  } else {
    constexpr int index = find_state<wanted, Earlier...>();
    static_assert(earlier_state_check<wanted, index>::passed);
    return std::get<static_cast<std::size_t>(index < 0 ? 0 : index)>(earlier);
  }
}

template <class R, class... A, class F, class... Earlier>
FERRULE_CORO_WRAPPER R call_as(signature<R, A...>* /*known*/, F& function,
                               [[maybe_unused]] reactor* loop,
                               [[maybe_unused]] const std::tuple<Earlier&...>& earlier) {
  return function(earlier_state<A>(loop, earlier)...);
}

/// Calls a factory or background work with what it takes: earlier states, the reactor.
template <class F, class... Earlier>
FERRULE_CORO_WRAPPER decltype(auto) call_with_states(F& function, reactor* loop,
                                                     const std::tuple<Earlier&...>& earlier) {
  using known = signature_of<F>;
  if constexpr (!std::is_void_v<known>) {
    return call_as(static_cast<known*>(nullptr), function, loop, earlier);
  } else if constexpr (std::invocable<F&, reactor&>) {
    return function(*loop);
  } else {
    return function();
  }
}

/// Where a reactor's share of one state lives, made here or elsewhere and shared. `Earlier` are the
/// states before it.
template <class State, class... Earlier>
class state_holder;

template <class Factory, class... Earlier>
class state_holder<per_reactor_state<Factory>, Earlier...> {
 public:
  using value_type = typename per_reactor_state<Factory>::value_type;
  state_holder(per_reactor_state<Factory>& from, reactor& loop,
               const std::tuple<Earlier&...>& earlier)
      : object_(call_with_states(from.make, &loop, earlier)) {}
  std::tuple<value_type&> values() noexcept { return std::tie(object_); }

 private:
  value_type object_;
};

template <class T, class... Earlier>
class state_holder<shared_state<T>, Earlier...> {
 public:
  state_holder(shared_state<T>& from, reactor& /*loop*/, const std::tuple<Earlier&...>& /*earlier*/)
      : object_(from.object) {}
  std::tuple<T&> values() noexcept { return std::tuple<T&>(object_); }

 private:
  T& object_;
};

template <class Open, class... Earlier>
class state_holder<opened_state<Open>, Earlier...> {
 public:
  using value_type = typename opened_state<Open>::value_type;
  state_holder(opened_state<Open>& from, reactor& /*loop*/,
               const std::tuple<Earlier&...>& /*earlier*/)
      : object_(*from.object) {}
  std::tuple<value_type&> values() noexcept { return std::tuple<value_type&>(object_); }

 private:
  value_type& object_;
};

/// No state, but work with those before it.
template <class Function, class... Earlier>
class state_holder<background_state<Function>, Earlier...> final : public background_work {
 public:
  state_holder(background_state<Function>& from, reactor& loop,
               const std::tuple<Earlier&...>& earlier)
      : background_work(from.name, from.period),
        function_(from.run),
        loop_(loop),
        earlier_(earlier),
        runs_here_(from.is_per_reactor || loop.place().index == 0) {}
  std::tuple<> values() const noexcept { return {}; }
  bool runs_here() const noexcept { return runs_here_; }

  FERRULE_CORO_WRAPPER task<> run() override {
    if constexpr (std::is_void_v<typename signature_of<Function>::result_type>) {
      call_with_states(function_, &loop_, earlier_);
      return done();
    } else {
      return call_with_states(function_, &loop_, earlier_);
    }
  }

 private:
  static task<> done() { co_return; }

  Function function_;
  reactor& loop_;
  std::tuple<Earlier&...> earlier_;
  bool runs_here_;
};

/// No state either: what listens stands beside the states.
template <const auto& Table, class... Earlier>
class state_holder<table_listener<Table>, Earlier...> {
 public:
  state_holder(table_listener<Table>& /*from*/, reactor& /*loop*/,
               const std::tuple<Earlier&...>& /*earlier*/) {}
  std::tuple<> values() const noexcept { return {}; }
};

template <class State, class Values>
struct holder_after;
template <class State, class... Earlier>
struct holder_after<State, std::tuple<Earlier&...>> {
  using type = state_holder<State, Earlier...>;
};

/// What one reactor holds of the first `Count` states: made in their order, destroyed in the
/// reverse.
template <std::size_t Count, class... State>
class state_list : state_list<Count - 1, State...> {
  using before = state_list<Count - 1, State...>;
  using kind = std::tuple_element_t<Count - 1, std::tuple<State...>>;
  using holder = typename holder_after<kind, typename before::values_type>::type;

 public:
  using values_type = decltype(std::tuple_cat(std::declval<typename before::values_type>(),
                                              std::declval<holder&>().values()));

  state_list(std::tuple<State...>& from, reactor& loop)
      : before(from, loop), holder_(std::get<Count - 1>(from), loop, before::values()) {}

  /// What handlers may take.
  values_type values() noexcept { return std::tuple_cat(before::values(), holder_.values()); }
  void add_background(background_runner& to) {
    before::add_background(to);
    if constexpr (std::is_base_of_v<background_work, holder>) {
      if (holder_.runs_here()) to.add(holder_);
    }
  }

 private:
  holder holder_;
};
template <class... State>
class state_list<0, State...> {
 public:
  using values_type = std::tuple<>;
  state_list(std::tuple<State...>& /*from*/, reactor& /*loop*/) {}
  values_type values() const noexcept { return {}; }
  void add_background(background_runner& /*to*/) {}
};

/// Shows the reactor where its states lie while this lives, for `gather`.
template <class Values>
class state_places;
template <class... Value>
class state_places<std::tuple<Value&...>> {
 public:
  state_places(const std::tuple<Value&...>& states, reactor& loop) noexcept
      : places_(std::apply(
            [](auto&... each) {
              return std::array<reactor_state, sizeof...(Value)>{
                  reactor_state{const_cast<void*>(static_cast<const void*>(&each)),
                                sizeof each}...};
            },
            states)),
        loop_(loop) {
    loop.set_states(places_);
  }
  state_places(const state_places&) = delete;
  state_places& operator=(const state_places&) = delete;
  ~state_places() { loop_.set_states({}); }

 private:
  std::array<reactor_state, sizeof...(Value)> places_;
  reactor& loop_;
};

/// Those of a reactor's states that are observers, told of what ends there while this lives.
template <class Values>
class state_observers;
template <class... Value>
class state_observers<std::tuple<Value&...>> {
 public:
  state_observers(const std::tuple<Value&...>& states, reactor& loop) noexcept
      : members_(found_in(states)), all_(members_), loop_(loop) {
    loop.set_observer(count == 1 ? members_[0] : &all_);
  }
  state_observers(const state_observers&) = delete;
  state_observers& operator=(const state_observers&) = delete;
  ~state_observers() { loop_.set_observer(nullptr); }

 private:
  static constexpr std::size_t count =
      (std::size_t{0} + ... + std::size_t{std::is_base_of_v<observer, Value>});
  using members = std::array<observer*, count>;
  static members found_in(const std::tuple<Value&...>& states) noexcept {
    members found{};
    std::size_t next = 0;
    const auto look = [&]<class One>([[maybe_unused]] One& one) {
      if constexpr (std::is_base_of_v<observer, One>) found[next++] = &one;
    };
    std::apply([&](auto&... each) { (look(each), ...); }, states);
    return found;
  }

  members members_;
  observer_list<count> all_;
  reactor& loop_;
};
/// Nobody, at no cost.
template <class... Value>
  requires(!std::is_base_of_v<observer, Value> && ...)
class state_observers<std::tuple<Value&...>> {
 public:
  state_observers(const std::tuple<Value&...>& /*states*/, reactor& /*loop*/) noexcept {}
};

// What the process has of each state, which is there before any reactor.

template <class State>
std::tuple<> process_values(State& /*of_a_reactor*/) {
  return {};
}
template <class T>
std::tuple<T&> process_values(shared_state<T>& given) {
  return std::tuple<T&>(given.object);
}
template <class Open>
auto process_values(opened_state<Open>& given) {
  return std::tuple<typename opened_state<Open>::value_type&>(*given.object);
}

/// Opens what is to be opened at the start; returns what went wrong.
template <class State, class Earlier>
std::string open_state(State& /*made_elsewhere*/, const Earlier& /*earlier*/) {
  return {};
}
template <class Open, class Earlier>
std::string open_state(opened_state<Open>& state, const Earlier& earlier) {
  auto opened = call_with_states(state.open, nullptr, earlier);
  if (!opened) return std::move(opened).error();
  state.object = std::move(opened).value();
  return {};
}

template <std::size_t I = 0, class... State, class... Earlier>
std::string open_states(std::tuple<State...>& states, const std::tuple<Earlier&...>& earlier) {
  if constexpr (I == sizeof...(State)) {
    return {};
  } else {
    auto& next = std::get<I>(states);
    if (std::string error = open_state(next, earlier); !error.empty()) return error;
    return open_states<I + 1>(states, std::tuple_cat(earlier, process_values(next)));
  }
}

template <class State>
void close_state(State& /*not_opened*/) noexcept {}
template <class Open>
void close_state(opened_state<Open>& state) noexcept {
  state.object.reset();
}

/// Closes what was opened, the last first.
template <std::size_t Count, class... State>
void close_states(std::tuple<State...>& states) noexcept {
  if constexpr (Count != 0) {
    close_state(std::get<Count - 1>(states));
    close_states<Count - 1>(states);
  }
}

template <class>
inline constexpr bool is_state = false;
template <class Factory>
inline constexpr bool is_state<per_reactor_state<Factory>> = true;
template <class T>
inline constexpr bool is_state<shared_state<T>> = true;
template <class Open>
inline constexpr bool is_state<opened_state<Open>> = true;
template <class Function>
inline constexpr bool is_state<background_state<Function>> = true;
template <const auto& Table>
inline constexpr bool is_state<table_listener<Table>> = true;

}  // namespace ferrule::detail
