#include "ferrule/route/dispatcher.hpp"
using namespace ferrule;

// A template is specialised in its own namespace: so here and not in the cases.
struct sessions {};
struct other_sessions {};
struct draft {
  int number;
};
enum class mute_error {};
enum class error {};
constexpr problem to_problem(error) noexcept { return {.status = 401}; }

struct user {
  int id = 0;
};
struct user_without_extract {};
struct user_of_a_body {};
struct user_of_a_placeholder {};
struct user_with_mute_error {};
struct user_later {};
struct user_of_another_type {};
template <>
struct ferrule::extractor<user> {
  static result<user, error> extract(cookie<"sid">, const sessions&) { return user{1}; }
};
template <>
struct ferrule::extractor<user_without_extract> {
  user_without_extract operator()() const { return {}; }
};
template <>
struct ferrule::extractor<user_of_a_body> {
  static user_of_a_body extract(json_body<draft>) { return {}; }
};
template <>
struct ferrule::extractor<user_of_a_placeholder> {
  static user_of_a_placeholder extract(int) { return {}; }
};
template <>
struct ferrule::extractor<user_with_mute_error> {
  static result<user_with_mute_error, mute_error> extract() { return user_with_mute_error{}; }
};
template <>
struct ferrule::extractor<user_later> {
  static task<user_later> extract() { co_return user_later{}; }
};
template <>
struct ferrule::extractor<user_of_another_type> {
  static user extract() { return {}; }
};

//! case: an extractor without extract
//! expect: an extractor<T> needs an extract: one static function
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](user_without_extract) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](user) {}));
#endif

//! case: an extractor that takes a body
//! expect: the extract of an extractor takes header<"Name">, cookie<"name">
//! expect: "POST /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"POST /">([](user_of_a_body) {}));
#else
constexpr auto routes = route_table(route<"POST /">([](user, json_body<draft>) {}));
#endif

//! case: an extractor that takes a placeholder
//! expect: placeholders and the body are for the handler
//! expect: "GET /{id}"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /{id}">([](user_of_a_placeholder) {}));
#else
constexpr auto routes = route_table(route<"GET /{id}">([](int, user) {}));
#endif

//! case: an extractor with an error without to_problem
//! expect: the extract of an extractor<T> returns a T, or a result<T, E> whose E has a to_problem
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](user_with_mute_error) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](user) {}));
#endif

//! case: an extractor that waits
//! expect: and does not wait: a layer's before or the handler can
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](user_later) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](user) {}));
#endif

//! case: an extractor that makes another type
//! expect: the extract of an extractor<T> returns a T
//! expect: "GET /"
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([](user_of_another_type) {}));
#else
constexpr auto routes = route_table(route<"GET /">([](user) {}));
#endif

//! case: an extractor with a state that is not given
//! expect: takes a state that serve() was not given
//! expect: state_check<fixed_string<6>{"GET /"}, sessions, -1>
constexpr auto routes = route_table(route<"GET /">([](user) {}));
#ifdef REFUSED
template class ferrule::dispatcher<routes, other_sessions>;
#else
inline void make(sessions& s) { dispatcher<routes, sessions> made(s); }
#endif

//! case: a coroutine that borrows what an extractor made
//! expect: a coroutine takes its arguments by value
//! expect: "GET /"
#ifdef REFUSED
inline task<int> show(const user& who) { co_return who.id; }
#else
inline task<int> show(user who) { co_return who.id; }
#endif
constexpr auto routes = route_table(route<"GET /">(show));
