#include "ferrule/api/problem.hpp"
#include "ferrule/route/combine.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/fallback.hpp"
#include "ferrule/route/problem_form.hpp"
using namespace ferrule;
struct odd {};

//! case: a further member of a problem that has a meaning already
//! expect: a_problem_has_a_member_of_this_name_already
//! lines: 30
#ifdef REFUSED
inline problem make() { return problem{.status = 402}.with("status", 7); }
#else
inline problem make() { return problem{.status = 402}.with("code", 7); }
#endif

//! case: a further member of a problem whose name would need quoting
//! expect: a_problem_member_has_letters_digits_and_underscores_only
//! lines: 30
#ifdef REFUSED
inline problem make() { return problem{.status = 402}.with("the-code", 7); }
#else
inline problem make() { return problem{.status = 402}.with("the_code", 7); }
#endif

//! case: an on_problem that takes something else
//! expect: on_problem<f> takes a function of const problem&
//! lines: 30
#ifdef REFUSED
inline std::string tell(problem p) { return std::string(p.title); }
#else
inline std::string tell(const problem& p) { return std::string(p.title); }
#endif
constexpr auto layers = with(on_problem<tell>);

//! case: an on_exception that does not say which
//! expect: on_exception<f, ...> takes functions of an exception as const E&
//! lines: 30
#ifdef REFUSED
inline problem explain() { return {.status = 409}; }
#else
inline problem explain(const odd&) { return {.status = 409}; }
#endif
constexpr auto layers = with(on_exception<explain>);

//! case: a fallback of a route
//! expect: a fallback belongs to the table
//! lines: 30
inline problem lost() { return {.status = 404}; }
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([] {}, with(fallback<lost>)));
#else
constexpr auto routes = route_table(with(fallback<lost>), route<"GET /">([] {}));
#endif

//! case: a fallback of a table that is merged into another
//! expect: a fallback belongs to the outermost table
//! lines: 30
inline problem lost() { return {.status = 404}; }
#ifdef REFUSED
constexpr auto inner = route_table(with(fallback<lost>), route<"GET /">([] {}));
constexpr auto routes = merge(inner);
#else
constexpr auto inner = route_table(route<"GET /">([] {}));
constexpr auto routes = merge(with(fallback<lost>), inner);
#endif

//! case: two fallbacks
//! expect: a table has one fallback
//! expect: fallback_finder
inline problem lost() { return {.status = 404}; }
#ifdef REFUSED
constexpr auto routes = route_table(with(fallback<lost>, fallback<[] {}>), route<"GET /">([] {}));
#else
constexpr auto routes = route_table(with(fallback<lost>), route<"GET /">([] {}));
#endif
#ifdef REFUSED
template class ferrule::dispatcher<routes>;
#else
inline void make() { dispatcher<routes> made; }
#endif

//! case: a fallback that takes a placeholder
//! expect: this handler has more path parameters than its pattern has {placeholders}
#ifdef REFUSED
inline problem lost(int) { return {.status = 404}; }
#else
inline problem lost(const request&) { return {.status = 404}; }
#endif
constexpr auto routes = route_table(with(fallback<lost>), route<"GET /">([] {}));
#ifdef REFUSED
template class ferrule::dispatcher<routes>;
#else
inline void make() { dispatcher<routes> made; }
#endif
