#include "ferrule/app/serve.hpp"
using namespace ferrule;
struct store {};
struct cache {
  store& behind;
};
constexpr auto one_route = route_table(route<"GET /">([] { return "Hello"; }));
inline auto stores = per_reactor([] { return store{}; });
inline auto caches = per_reactor([](store& s) { return cache{s}; });
template <class... State>
void make(reactor& loop, State&... given) {
  std::tuple<State...> states(given...);
  detail::state_list<sizeof...(State), State...> made(states, loop);
}
template <class... State>
void open(State... given) {
  detail::table_service_factory<one_route, State...>(std::move(given)...).start();
}

//! case: a factory that takes a state that comes later
//! expect: takes a state that serve() was not given before it
//! expect: earlier_state_check<
#ifdef REFUSED
inline void example(reactor& loop) { make(loop, caches, stores); }
#else
inline void example(reactor& loop) { make(loop, stores, caches); }
#endif

//! case: an opened state that takes one of a reactor
//! expect: takes a state that serve() was not given before it
struct database {
  static constexpr bool thread_safe = true;
};
using opened_database = result<std::unique_ptr<database>, std::string>;
inline void example() {
#ifdef REFUSED
  open(stores, opened([](store&) -> opened_database { return nullptr; }));
#else
  open(stores, opened([]() -> opened_database { return nullptr; }));
#endif
}

//! case: background work that takes a state by value
//! expect: takes states, and the reactor, by reference
#ifdef REFUSED
inline auto work = background("work", [](store) {});
#else
inline auto work = background("work", [](store&) {});
#endif
inline void example(reactor& loop) { make(loop, stores, work); }

//! case: background work that captures
//! expect: background work captures or has members
inline int count = 0;
#ifdef REFUSED
inline void example(int& counted) {
  background("work", [&counted]() { ++counted; });
}
#else
inline void example() {
  background("work", []() { ++count; });
}
#endif

//! case: background work that gives something
//! expect: background work returns nothing or a task<>
#ifdef REFUSED
inline auto work = background("work", [] { return 1; });
#else
inline auto work = background("work", [] {});
#endif
