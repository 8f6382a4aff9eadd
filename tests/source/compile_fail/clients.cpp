#include "ferrule/client/client.hpp"
#include "ferrule/client/upstream.hpp"
using namespace ferrule;
using namespace std::chrono_literals;

namespace shop {
struct article {
  int id = 0;
};
struct draft {
  std::string name;
};
enum class error : std::uint8_t { no_such_article, sold_out };
constexpr problem to_problem(error e) noexcept {
  return {.status = 404, .title = e == error::sold_out ? "Sold out" : "No such article"};
}
enum class vague_error : std::uint8_t { no_such_article, sold_out };
constexpr problem to_problem(vague_error) noexcept { return {.status = 404, .title = "Gone"}; }
struct loose_error {
  int code = 0;
};
constexpr problem to_problem(const loose_error&) noexcept { return {.status = 404}; }
struct opaque {
  int value = 0;
};
inline bool parse_parameter(std::string_view text, opaque& out) {
  return ferrule::parse_parameter(text, out.value);
}
struct open : opaque {};
inline void append_parameter(std::string& out, const open& id) {
  ferrule::append_parameter(out, id.value);
}

constexpr endpoint<"GET /articles/{id}", article(int id), error> get{};
constexpr endpoint<"POST /articles", created<article>(json_body<draft>), error> add{};
constexpr endpoint<"DELETE /articles/{id}", void(int id)> remove{};
constexpr endpoint<"GET /vague", article(), vague_error> vague{};
constexpr endpoint<"GET /loose", article(), loose_error> loose{};
constexpr endpoint<"GET /opaque/{id}", article(opaque id)> hidden{};
constexpr endpoint<"GET /open/{id}", article(open id)> shown{};
constexpr contract api(get, add, vague, loose, hidden, shown);
}  // namespace shop

inline client<shop::api> made(caller& via) { return client<shop::api>(via); }
constexpr retry_policy eager{.tries_max = 2};
constexpr retry_policy keyed{.tries_max = 2, .has_idempotency_key = true};
constexpr retry_policy endless{.tries_max = 3, .try_timeout = 10s};

//! case: an endpoint of another contract
//! expect: this endpoint is none of the client's contract
//! expect: called_endpoint_check<fixed_string<22>{"DELETE /articles/{id}"}, false>
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::remove, 1); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1); }
#endif

//! case: an argument of another type
//! expect: these arguments are not what the endpoint takes
//! expect: "GET /articles/{id}"
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, "one"); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1UL); }
#endif

//! case: a number with a fraction for a whole one
//! expect: these arguments are not what the endpoint takes
//! expect: "GET /articles/{id}"
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1.5); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, static_cast<short>(1)); }
#endif

//! case: an argument that is missing
//! expect: these arguments are not what the endpoint takes
//! expect: "POST /articles"
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::add, call_options{}); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) {
  return made(via)(shop::add, shop::draft{"x"}, call_options{});
}
#endif

//! case: options before the arguments
//! expect: these arguments are not what the endpoint takes
//! expect: "GET /articles/{id}"
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, call_options{}, 1); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1, call_options{}); }
#endif

//! case: two errors that look alike on the wire
//! expect: two errors of this type have the same status, type and title
//! expect: error_check<shop::vague_error>
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::vague); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1); }
#endif

//! case: errors that are no enumeration
//! expect: make the error type an enumeration
//! expect: error_check<shop::loose_error>
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::loose); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::get, 1); }
#endif

//! case: a parameter that can be read and not sent
//! expect: a parameter of this endpoint cannot be sent: define void append_parameter
#ifdef REFUSED
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::hidden, shop::opaque{1}); }
#else
FERRULE_CORO_WRAPPER auto call(caller& via) { return made(via)(shop::shown, shop::open{1}); }
#endif

//! case: retries of an endpoint that is not idempotent
//! expect: retry_policy_is_for_idempotent_methods_or_requests_with_an_idempotency_key
#ifdef REFUSED
client<shop::api, retry_of<shop::add, eager>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::add, shop::draft{}); }
#else
client<shop::api, retry_of<shop::add, keyed>, retry_of<shop::get, eager>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::add, shop::draft{}); }
#endif

//! case: retries that take longer than the call may
//! expect: retry_policy_has_tries_and_backoffs_that_exceed_its_deadline
#ifdef REFUSED
client<shop::api, retry_of<shop::get, endless>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::get, 1); }
#else
client<shop::api, retry_of<shop::get, eager>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::get, 1); }
#endif

//! case: a policy for an endpoint of another contract
//! expect: this endpoint is none of the client's contract
//! expect: "DELETE /articles/{id}"
#ifdef REFUSED
client<shop::api, retry_of<shop::remove, eager>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::get, 1); }
#else
client<shop::api, retry_of<shop::get, eager>> retrying(caller& via);
FERRULE_CORO_WRAPPER auto call(caller& via) { return retrying(via)(shop::get, 1); }
#endif

//! case: an upstream whose tries do not fit into its time
//! expect: retry_policy_has_tries_and_backoffs_that_exceed_its_deadline
#ifdef REFUSED
constexpr upstream_settings settings = checked_upstream({.retry = {.deadline = 2s}});
#else
constexpr upstream_settings settings =
    checked_upstream({.retry = {.try_timeout = 500ms, .deadline = 2s}});
#endif
