// The mistakes that are made first: one message each, before all else, and not much after it.
#include "ferrule/ferrule.hpp"
using namespace ferrule;
struct draft {
  std::string title;
};
struct store {
  int n = 0;
};

//! case: a parameter that no request can give
//! first: this handler has a parameter that no request can give, an aggregate: take json_body<T>
//! expect: unknown_parameter<fixed_string<13>{"POST /drafts"}, draft, true>
//! lines: 30
#ifdef REFUSED
inline std::string add(draft d) { return d.title; }
#else
inline std::string add(json_body<draft> d) { return d->title; }
#endif
constexpr auto routes = route_table(route<"POST /drafts">(add));
inline int run(int c, char** v) { return serve<routes>(c, v); }

//! case: a parameter of a type that is no aggregate
//! first: this handler has a parameter that no request can give: take text
//! expect: unknown_parameter<fixed_string<7>{"GET /n"}, int *, false>
//! lines: 30
#ifdef REFUSED
inline void show(std::uint64_t, int*) {}
#else
inline void show(const request&) {}
#endif
constexpr auto routes = route_table(route<"GET /n">(show));
inline int run(int c, char** v) { return serve<routes>(c, v); }

//! case: a state that is neither shared nor of each reactor
//! first: serve takes state as per_reactor(factory), shared(object)
//! expect: given_to_serve<store>
//! lines: 30
constexpr auto routes = route_table(route<"GET /">([](store& s) { return s.n; }));
inline int run(int c, char** v) {
#ifdef REFUSED
  return serve<routes>({.port = 8001}, c, v, store());
#else
  return serve<routes>({.port = 8001}, c, v, per_reactor([] { return store(); }));
#endif
}

//! case: a pattern with an open brace
//! first: a placeholder is a whole segment of a pattern's path, between slashes: {name}
//! expect: "GET /users/{id"
//! lines: 30
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id">([](int) {}));
#else
constexpr auto routes = route_table(route<"GET /users/{id}">([](int) {}));
#endif
inline int run(int c, char** v) { return serve<routes>(c, v); }

//! case: a hook that is not const
//! first: a hook of a layer is const
//! lines: 30
struct layer {
#ifdef REFUSED
  void before() {}
#else
  void before() const {}
#endif
};
constexpr auto routes = route_table(with(layer{}), route<"GET /">([] {}));
inline int run(int c, char** v) { return serve<routes>(c, v); }

//! case: a table in a function
//! first: serve<routes> takes a constexpr table of static storage
//! lines: 30
inline int run(int c, char** v) {
#ifdef REFUSED
  constexpr auto routes = route_table(route<"GET /">([] {}));
#else
  static constexpr auto routes = route_table(route<"GET /">([] {}));
#endif
  return serve<routes>(c, v);
}
inline int run_with_settings(int c, char** v) {
#ifdef REFUSED
  constexpr auto routes = route_table(route<"GET /">([] {}));
#else
  static constexpr auto routes = route_table(route<"GET /">([] {}));
#endif
  return serve<routes>({.port = 8001}, c, v, per_reactor([] { return store(); }));
}
