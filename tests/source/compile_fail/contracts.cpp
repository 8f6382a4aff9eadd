#include "ferrule/route/contract_table.hpp"
using namespace ferrule;

namespace shop {
struct article {
  int id;
};
struct draft {
  std::string name;
};
enum class error { sold_out };
constexpr problem to_problem(error) noexcept { return {.status = 409}; }
enum class silent_error { none };

constexpr endpoint<"GET /articles/{id}", article(int id), error> get{};
constexpr endpoint<"POST /articles", created<article>(json_body<draft>), error> add{};
constexpr endpoint<"DELETE /articles/{id}", void(int id)> remove{};
constexpr contract api(get, add);
}  // namespace shop

struct store {};
inline shop::article show(int id) { return {id}; }
inline task<created<shop::article>> make(store&, json_body<shop::draft>) {
  co_return created<shop::article>{{1}};
}

//! case: an endpoint that is left out
//! expect: this endpoint of the contract is left out of the route table: add on<endpoint>(handler)
//! expect: endpoint_answered<fixed_string<15>{"POST /articles"}, 0>
#ifdef REFUSED
constexpr auto routes = route_table<shop::api>(on<shop::get>(show));
#else
constexpr auto routes = route_table<shop::api>(on<shop::get>(show), on<shop::add>(make));
#endif

//! case: an endpoint that another route stands in for
//! expect: this endpoint of the contract is left out of the route table
//! expect: "POST /articles"
#ifdef REFUSED
constexpr auto routes = route_table<shop::api>(on<shop::get>(show), route<"POST /articles">(make));
#else
constexpr auto routes =
    route_table<shop::api>(on<shop::get>(show), on<shop::add>(make), route<"PUT /articles">(make));
#endif

//! case: an endpoint that is given twice
//! expect: this endpoint of the contract is given twice in the route table: keep one
//! expect: endpoint_answered<fixed_string<19>{"GET /articles/{id}"}, 2>
#ifdef REFUSED
constexpr auto routes = route_table<shop::api>(on<shop::get>(show), on<shop::add>(make),
                                               on<shop::get>([](int id) { return show(id); }));
#else
constexpr auto routes = route_table<shop::api>(on<shop::add>(make), on<shop::get>(show));
#endif

//! case: an endpoint of no contract
//! expect: this endpoint is none of the route table's contract: add it to the contract
//! expect: endpoint_belongs<fixed_string<22>{"DELETE /articles/{id}"}, false>
#ifdef REFUSED
constexpr auto routes =
    route_table<shop::api>(on<shop::get>(show), on<shop::add>(make), on<shop::remove>([](int) {}));
#else
constexpr contract all(shop::get, shop::add, shop::remove);
constexpr auto routes =
    route_table<all>(on<shop::get>(show), on<shop::add>(make), on<shop::remove>([](int) {}));
#endif

//! case: a handler that takes another type than its endpoint
//! expect: this handler does not take what its endpoint says
//! expect: endpoint_handler_check<fixed_string<19>{"GET /articles/{id}"}
#ifdef REFUSED
constexpr auto made = on<shop::get>([](long id) { return show(static_cast<int>(id)); });
#else
constexpr auto made =
    on<shop::get>([](deadline, store&, int id, const request&) { return show(id); });
#endif

//! case: a handler that takes less than its endpoint
//! expect: this handler does not take what its endpoint says
//! expect: "POST /articles"
#ifdef REFUSED
constexpr auto made = on<shop::add>([](store&) { return created<shop::article>{{1}}; });
#else
constexpr auto made =
    on<shop::add>([](store&, json_body<shop::draft>) { return created<shop::article>{{1}}; });
#endif

//! case: a handler that takes more than its endpoint
//! expect: this handler does not take what its endpoint says
//! expect: "GET /articles/{id}"
#ifdef REFUSED
constexpr auto made = on<shop::get>([](int id, header<"X-Tag">) { return show(id); });
#else
constexpr auto made = on<shop::get>([](int id, const store&) { return show(id); });
#endif

//! case: a handler that returns another type than its endpoint
//! expect: this handler does not return what its endpoint says
//! expect: "POST /articles"
#ifdef REFUSED
constexpr auto made = on<shop::add>([](json_body<shop::draft>) { return shop::article{1}; });
#else
constexpr auto made =
    on<shop::add>([](json_body<shop::draft>) -> result<created<shop::article>, shop::error> {
      return fail(shop::error::sold_out);
    });
#endif

//! case: a handler with an error that its endpoint does not have
//! expect: this handler does not return what its endpoint says
//! expect: "DELETE /articles/{id}"
#ifdef REFUSED
constexpr auto made = on<shop::remove>([](int) -> result<void, shop::error> { return {}; });
#else
constexpr auto made = on<shop::remove>([](int) { return no_content{}; });
#endif

//! case: a generic lambda as an endpoint's handler
//! expect: the handler of this route has no single signature
//! expect: "GET /articles/{id}"
#ifdef REFUSED
constexpr auto made = on<shop::get>([](auto id) { return show(id); });
#else
constexpr auto made = on<shop::get>([](int id) { return show(id); });
#endif

//! case: a handler for what is no endpoint
//! expect: on<...> takes an endpoint
#ifdef REFUSED
constexpr auto made = on<7>(show);
#else
constexpr auto made = on<shop::get>(show);
#endif

//! case: a table for what is no contract
//! expect: route_table<...> takes a contract
#ifdef REFUSED
constexpr auto routes = route_table<shop::get>(on<shop::get>(show));
#else
constexpr auto routes = route_table<contract(shop::get)>(on<shop::get>(show));
#endif

//! case: an endpoint in a table without a contract
//! expect: name the contract for on<endpoint>(handler): route_table<contract>(...)
#ifdef REFUSED
constexpr auto routes = route_table(on<shop::get>(show), on<shop::add>(make));
#else
constexpr auto routes = route_table<shop::api>(on<shop::get>(show), on<shop::add>(make));
#endif

//! case: an endpoint whose error has no to_problem
//! expect: the error type of this endpoint has no to_problem: define constexpr problem
//! to_problem(E) expect: "GET /motto"
#ifdef REFUSED
constexpr endpoint<"GET /motto", std::string(), shop::silent_error> motto{};
#else
constexpr endpoint<"GET /motto", std::string(), shop::error> motto{};
#endif

//! case: an endpoint that awaits
//! expect: an endpoint's result is what a client gets
//! expect: "GET /motto"
#ifdef REFUSED
constexpr endpoint<"GET /motto", task<std::string>()> motto{};
#else
constexpr endpoint<"GET /motto", std::string()> motto{};
#endif

//! case: an endpoint with its error in its result
//! expect: an endpoint's result is what a client gets
//! expect: name the error as the endpoint's third argument
#ifdef REFUSED
constexpr endpoint<"GET /motto", result<std::string, shop::error>()> motto{};
#else
constexpr endpoint<"GET /motto", std::string(), shop::error> motto{};
#endif

//! case: an endpoint whose result may have any status
//! expect: an endpoint's result is what a client gets
//! expect: with_status<T, 202> or redirect<303> with all their statuses
//! expect: "GET /motto"
#ifdef REFUSED
constexpr endpoint<"GET /motto", with_status<std::string>()> motto{};
#else
constexpr endpoint<"GET /motto", with_status<std::string, 202>()> motto{};
#endif

//! case: an endpoint that takes state
//! expect: an endpoint's parameters are what a client sends
//! expect: "GET /motto"
#ifdef REFUSED
constexpr endpoint<"GET /motto", std::string(store&)> motto{};
#else
constexpr endpoint<"GET /motto", std::string(query<store>)> motto{};
#endif

//! case: an endpoint with fewer path parameters than placeholders
//! expect: this pattern has more {placeholders} than its
//! expect: "GET /{a}/{b}"
#ifdef REFUSED
constexpr endpoint<"GET /{a}/{b}", std::string(int a)> two{};
#else
constexpr endpoint<"GET /{a}/{b}", std::string(int a, std::string b)> two{};
#endif

//! case: two endpoints of one shape
//! expect: these two endpoints of a contract match the same requests
//! expect: endpoint_pair_check<fixed_string<9>{"GET /{a}"}, fixed_string<9>{"GET /{b}"}
constexpr endpoint<"GET /{a}", int(int)> first{};
#ifdef REFUSED
constexpr endpoint<"GET /{b}", int(int)> second{};
#else
constexpr endpoint<"PUT /{a}", int(int)> second{};
#endif
constexpr contract api(first, second);

//! case: two endpoints that name one placeholder differently
//! expect: these two endpoints of a contract have one path, but name its {placeholders} differently
//! expect: "PUT /{b}"
constexpr endpoint<"GET /{a}", int(int)> first{};
#ifdef REFUSED
constexpr endpoint<"PUT /{b}", int(int)> second{};
#else
constexpr endpoint<"PUT /{b}/", int(int)> second{};
#endif
constexpr contract api(first, second);

//! case: a contract of what are no endpoints
//! expect: a contract is made of endpoints
#ifdef REFUSED
constexpr contract api(shop::get, 7);
#else
constexpr contract api(shop::get, shop::add);
#endif
