#include "ferrule/route/combine.hpp"
#include "ferrule/route/table.hpp"
using namespace ferrule;

//! case: two routes of one shape
//! expect: these two routes match the same requests
//! expect: duplicate_routes<fixed_string<16>{"GET /users/{id}"},
//! expect: fixed_string<18>{"GET /users/{name}"}>
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}">([](int) {}), route<"GET /">([] {}),
                                    route<"GET /users/{name}">([](std::string_view) {}));
#else
constexpr auto routes = route_table(route<"GET /users/{id}">([](int) {}), route<"GET /">([] {}),
                                    route<"GET /users/me">([] {}),
                                    route<"PUT /users/{name}">([](std::string_view) {}));
#endif

//! case: a handler with fewer path parameters than placeholders
//! expect: this pattern has more {placeholders} than its handler has path parameters
//! expect: "GET /users/{id}/posts/{post}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}/posts/{post}">([](int) {}));
#else
constexpr auto routes = route_table(route<"GET /users/{id}/posts/{post}">([](int, std::string) {}));
#endif

//! case: a handler with more path parameters than placeholders
//! expect: this handler has more path parameters than its pattern has {placeholders}
//! expect: "GET /users/{id}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}">([](int, std::string) {}));
#else
constexpr auto routes = route_table(route<"GET /users/{id}">([](int) {}));
#endif

//! case: a path parameter with a name that the pattern lacks
//! expect: a path<"name", T> of this handler names no {placeholder} of its pattern
//! expect: "GET /users/{id}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}">([](path<"user_id", int>) {}));
#else
constexpr auto routes = route_table(route<"GET /users/{user_id}">([](path<"user_id", int>) {}));
#endif

//! case: two path parameters of one type bound by position
//! expect: two path parameters of one type are bound by their position
//! expect: name them, as in path<"post_id", std::uint64_t>
//! expect: "GET /users/{id}/posts/{post_id}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}/posts/{post_id}">([](int, int) {}));
#else
constexpr auto routes = route_table(
    route<"GET /users/{id}/posts/{post_id}">([](path<"id", int>, path<"post_id", int>) {}));
#endif

//! case: a parameter type that cannot be parsed
//! expect: this handler has a parameter that no request can give
//! expect: "GET /users/{id}"
struct user_id {
  int number;
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users/{id}">([](user_id) {}));
#else
inline bool parse_parameter(std::string_view text, user_id& out) {
  return ferrule::parse_parameter(text, out.number);
}
constexpr auto routes = route_table(route<"GET /users/{id}">([](user_id) {}));
#endif

//! case: two bodies
//! expect: this handler takes two bodies, but a request has one
//! expect: "POST /users"
struct draft {
  int x;
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"POST /users">([](json_body<draft>, body) {}));
#else
constexpr auto routes = route_table(route<"POST /users">([](json_body<draft>) {}));
#endif

//! case: an error type without to_problem
//! expect: the error type of this handler's result has no to_problem
//! expect: "GET /users"
enum class error { none };
#ifdef REFUSED
inline result<int, error> find() { return 1; }
#else
constexpr problem to_problem(error) noexcept { return {.status = 404}; }
inline result<int, error> find() { return 1; }
#endif
constexpr auto routes = route_table(route<"GET /users">(find));

//! case: a result that no answer can be made of
//! expect: no response can be made of what this handler returns
//! expect: "GET /users"
struct opaque {
  opaque() {}
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /users">([] { return opaque(); }));
#else
constexpr auto routes = route_table(route<"GET /users">([] { return "text"; }));
#endif

//! case: a capturing lambda as a handler
//! expect: the handler of this route captures or has members
//! expect: "GET /"
inline void make() {
#ifdef REFUSED
  int hits = 0;
  constexpr auto routes = route_table(route<"GET /">([hits] { return hits; }));
#else
  constexpr auto routes = route_table(route<"GET /">([] { return 0; }));
#endif
  static_cast<void>(routes);
}

//! case: a generic lambda as a handler
//! expect: the handler of this route has no single signature
//! expect: "GET /{id}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /{id}">([](auto) {}));
#else
constexpr auto routes = route_table(route<"GET /{id}">([](int) {}));
#endif

//! case: a coroutine that borrows its arguments
//! expect: a coroutine takes its arguments by value
//! expect: "GET /{name}"
#ifdef REFUSED
inline task<int> find(const std::string&) { co_return 1; }
#else
inline task<int> find(std::string) { co_return 1; }
#endif
constexpr auto routes = route_table(route<"GET /{name}">(find));

//! case: a body stream that is not awaited
//! expect: a body_stream has to be awaited
//! expect: "POST /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"POST /">([](body_stream) {}));
#else
constexpr auto routes = route_table(route<"POST /">([](body_stream) -> task<> { co_return; }));
#endif

//! case: an offer of another protocol for a handler that does not wait
//! expect: early_hints and an upgrade_offer are for handlers that wait
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](upgrade_offer) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](upgrade_offer) -> task<> { co_return; }));
#endif

//! case: a table of what are no routes
//! expect: route_table takes what route<"METHOD /path">(handler) makes
#ifdef REFUSED
constexpr auto routes = route_table(1);
#else
constexpr auto routes = route_table();
#endif

//! case: a response in a response
//! expect: a created<T> or with_status<T> holds a value
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([] { return with_status(202, response{}); }));
#else
constexpr auto routes = route_table(route<"GET /">([] { return with_status(202, "text"); }));
#endif

//! case: a status without a body for a value
//! expect: a response with status 204, 205 or 304 has no body
struct job {
  int id;
};
#ifdef REFUSED
inline with_status<job, 204> make() { return {204, {1}}; }
#else
inline with_status<no_content, 204> make() { return {204}; }
#endif
constexpr auto routes = route_table(route<"GET /">(make));

//! case: a redirect that is none
//! expect: the statuses of a redirect are 301, 302, 303, 307 and 308
#ifdef REFUSED
inline redirect<200> go() { return {200, "/"}; }
#else
inline redirect<303> go() { return {303, "/"}; }
#endif
constexpr auto routes = route_table(route<"GET /">(go));

//! case: a header field whose name is no token
//! expect: the name of a header field or a cookie is a token
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](header<"X-Tag:">) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](header<"X-Tag">) {}));
#endif

//! case: a cookie that is read into what no text can be
//! expect: a header field or a cookie cannot be read into this type
struct settings {
  int size;
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](cookie<"settings", settings>) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](cookie<"size", std::optional<int>>) {}));
#endif

//! case: a form and a JSON body
//! expect: this handler takes two bodies, but a request has one
struct draft {
  int x;
};
#ifdef REFUSED
constexpr auto routes = route_table(route<"POST /">([](json_body<draft>, form<draft>) {}));
#else
constexpr auto routes = route_table(route<"POST /">([](form<draft>) {}));
#endif

//! case: two tables with routes of one shape
//! expect: these two routes match the same requests
//! expect: duplicate_routes<fixed_string<19>{"GET /v1/users/{id}"},
//! expect: fixed_string<21>{"GET /v1/users/{name}"}>
constexpr auto users = route_table(route<"GET /users/{id}">([](int) {}));
constexpr auto pages = route_table(route<"GET /v1/users/{name}">([](std::string_view) {}));
#ifdef REFUSED
constexpr auto routes = merge(nest<"/v1">(users), pages);
#else
constexpr auto routes = merge(nest<"/v2">(users), pages);
#endif

//! case: a prefix with a placeholder
//! expect: the prefix of nest is a slash and literal segments
constexpr auto users = route_table(route<"GET /users">([] {}));
#ifdef REFUSED
constexpr auto routes = nest<"/{tenant}">(users);
#else
constexpr auto routes = nest<"/tenant">(users);
#endif

//! case: a prefix with a slash at its end
//! expect: the prefix of nest is a slash and literal segments
constexpr auto users = route_table(route<"GET /users">([] {}));
#ifdef REFUSED
constexpr auto routes = nest<"/v1/">(users);
#else
constexpr auto routes = nest<"/v1">(users);
#endif

//! case: a table merged with what is none
//! expect: merge takes tables of routes
constexpr auto users = route_table(route<"GET /users">([] {}));
#ifdef REFUSED
constexpr auto routes = merge(users, route<"GET /">([] {}));
#else
constexpr auto routes = merge(users, route_table(route<"GET /">([] {})));
#endif

//! case: a layer with a refused in a table that is merged
//! expect: a layer with a refused belongs to the outermost table
struct counted {
  void refused() const {}
};
#ifdef REFUSED
constexpr auto routes = merge(route_table(with(counted{}), route<"GET /">([] {})));
#else
constexpr auto routes = merge(with(counted{}), route_table(route<"GET /">([] {})));
#endif
