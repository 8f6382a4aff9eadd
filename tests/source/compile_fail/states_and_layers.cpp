#include "ferrule/api/state.hpp"
#include "ferrule/route/dispatcher.hpp"
using namespace ferrule;
struct store {};
struct file_store : store {};
struct memory_store : store {};

//! case: a state that is not given
//! expect: takes a state that serve() was not given
//! expect: state_check<fixed_string<7>{"GET /a"}, store, -1>
constexpr auto routes = route_table(route<"GET /a">([](store&) {}));
#ifdef REFUSED
template class ferrule::dispatcher<routes, int>;
#else
inline void make(file_store& s) { dispatcher<routes, file_store> made(s); }
#endif

//! case: a state that could be several
//! expect: takes a state that several of those given to serve() are derived from
//! expect: "GET /a"
constexpr auto routes = route_table(route<"GET /a">([](store&) {}));
#ifdef REFUSED
template class ferrule::dispatcher<routes, file_store, memory_store>;
#else
inline void make(store& s, file_store& f) { dispatcher<routes, file_store, store> made(f, s); }
#endif

//! case: shared state that is not thread-safe
//! expect: shared state is used by several threads at once
struct counter {
#ifndef REFUSED
  static constexpr bool thread_safe = true;
#endif
};
inline counter one;
inline auto state = shared(one);

//! case: opened state that is not thread-safe
//! expect: opened state is used by several threads at once
struct counter {
#ifndef REFUSED
  static constexpr bool thread_safe = true;
#endif
};
inline auto state = opened(
    []() -> result<std::unique_ptr<counter>, std::string> { return std::make_unique<counter>(); });

//! case: a factory that makes nothing
//! expect: the factory of per_reactor returns the state by value
#ifdef REFUSED
inline auto state = per_reactor([] {});
#else
inline auto state = per_reactor([] { return store{}; });
#endif

//! case: a layer without hooks
//! expect: a layer needs a before or an after
struct layer {
#ifndef REFUSED
  void before() const {}
#endif
};
constexpr auto routes = route_table(with(layer{}), route<"GET /">([] {}));
inline dispatcher<routes> made;

//! case: a layer with members
//! expect: a layer has no members
#ifdef REFUSED
struct layer {
  int limit = 1;
  void before() const {}
};
constexpr auto all = with(layer{});
#else
template <int Limit>
struct layer {
  void before() const {}
};
constexpr auto all = with(layer<1>{});
#endif

//! case: an after that waits
//! expect: the after of a layer returns nothing
struct layer {
#ifdef REFUSED
  task<> after(answer&) const { co_return; }
#else
  void after(answer&) const {}
#endif
};
constexpr auto routes = route_table(with(layer{}), route<"GET /">([] {}));
inline dispatcher<routes> made;

//! case: a before that returns what no answer is
//! expect: the before of a layer returns void
struct layer {
#ifdef REFUSED
  result<int, problem> before() const { return 1; }
#else
  result<void, problem> before() const { return {}; }
#endif
};
constexpr auto routes = route_table(with(layer{}), route<"GET /">([] {}));
inline dispatcher<routes> made;

//! case: a before that wants the answer
//! expect: a layer's hook takes const request&, const body_wait&, local&, answer& (after only)
struct layer {
#ifdef REFUSED
  void before(answer&) const {}
#else
  void after(answer&) const {}
#endif
};
constexpr auto routes = route_table(with(layer{}), route<"GET /">([] {}));
inline dispatcher<routes> made;

//! case: a query of a type that cannot be parsed
//! expect: a query cannot give this member a value
struct page {
#ifdef REFUSED
  store limit;
#else
  int limit;
#endif
};
constexpr auto routes = route_table(route<"GET /">([](query<page>) {}));
inline dispatcher<routes> made;

//! case: a query with a string that may or may not be there
//! expect: a member of a query is text as std::string_view
struct page {
#ifdef REFUSED
  std::string order;
#else
  std::string_view order;
  std::optional<std::string> filter;
#endif
};
constexpr auto routes = route_table(route<"GET /">([](query<page>) {}));
inline dispatcher<routes> made;

//! case: a value that no layer of a route gives
//! expect: that no layer of the route gives
//! first: takes a state that serve() was not given, and that no layer of the route gives
//! lines: 40
struct principal {};
struct logged_in {
  principal before() const { return {}; }
};
inline void show(const principal&) {}
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /me">(show));
template class ferrule::dispatcher<routes>;
#else
constexpr auto routes = route_table(route<"GET /me">(show, with(logged_in{})));
inline void make() { dispatcher<routes> made; }
#endif

//! case: two layers that give one type
//! expect: two layers of a route give one type
//! expect: given_once<principal, 2>
//! lines: 40
struct principal {};
struct logged_in {
  principal before() const { return {}; }
};
struct known {
#ifdef REFUSED
  principal before() const { return {}; }
#else
  void before(const principal&) const {}
#endif
};
constexpr auto routes = route_table(route<"GET /me">([] {}, with(logged_in{}, known{})));
#ifdef REFUSED
template class ferrule::dispatcher<routes>;
#else
inline void make() { dispatcher<routes> made; }
#endif

//! case: a layer that gives what is a state
//! expect: or a layer gives the type of a state
//! lines: 40
struct gives_store {
  store before() const { return {}; }
};
constexpr auto routes = route_table(route<"GET /me">([](store&) {}, with(gives_store{})));
#ifdef REFUSED
template class ferrule::dispatcher<routes, store>;
#else
inline void make() { dispatcher<routes> made; }
#endif

//! case: a hook that takes what a layer inside of it gives
//! expect: const T& for what a layer outside of it gives
//! lines: 40
struct principal {};
struct logged_in {
  principal before() const { return {}; }
};
struct admins_only {
  void before(const principal&) const {}
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /me">([] {}, with(admins_only{}, logged_in{})));
template class ferrule::dispatcher<routes>;
#else
constexpr auto routes = route_table(route<"GET /me">([] {}, with(logged_in{}, admins_only{})));
inline void make() { dispatcher<routes> made; }
#endif

//! case: a before that gives what cannot be moved to where it is kept
//! expect: movable struct of its own
//! lines: 40
struct given {
  given() = default;
#ifdef REFUSED
  given(const given&) = delete;
#endif
};
struct layer {
  given before() const { return {}; }
};
constexpr auto routes = route_table(route<"GET /me">([] {}, with(layer{})));
#ifdef REFUSED
template class ferrule::dispatcher<routes>;
#else
inline void make() { dispatcher<routes> made; }
#endif

//! case: a before that returns what is neither an answer nor a struct
//! expect: the before of a layer returns void
//! lines: 40
struct layer {
#ifdef REFUSED
  int before() const { return 1; }
#else
  void before() const {}
#endif
};
constexpr auto routes = route_table(route<"GET /me">([] {}, with(layer{})));
#ifdef REFUSED
template class ferrule::dispatcher<routes>;
#else
inline void make() { dispatcher<routes> made; }
#endif
