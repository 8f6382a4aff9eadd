#pragma once
/// @file
/// Calls of another service, typed by its contract: arguments in, its result or a told-apart error
/// out.
///
/// ```cpp
/// namespace users {
/// struct user { std::uint64_t id; std::string name; };
/// struct new_user { std::string name; };
/// enum class error { not_found, name_taken };
/// constexpr ferrule::problem to_problem(error e) noexcept {
///   if (e == error::not_found) return {.status = 404, .title = "No such user"};
///   return {.status = 409, .title = "Name taken"};
/// }
/// inline constexpr ferrule::endpoint<"GET /users/{id}", user(std::uint64_t id), error> get_user{};
/// inline constexpr ferrule::endpoint<
///     "POST /users", ferrule::created<user>(ferrule::json_body<new_user>), error> create_user{};
/// inline constexpr ferrule::contract api(get_user, create_user);
/// }  // namespace users
///
/// ferrule::task<std::string> name_of(ferrule::caller& service, std::uint64_t id) {
///   const ferrule::client<users::api> users(service);
///   auto found = co_await users(users::get_user, id);
///   if (found) co_return std::move(found->name);
///   if (found.error().is(users::error::not_found)) co_return "nobody";
///   co_return to_string(found.error());
/// }
/// ```
///
/// | of the endpoint | the call takes | the call gives |
/// | --- | --- | --- |
/// | path parameters | the value; `path<"x", T>` or its value | |
/// | `query<T>`, `json_body<T>`, `form<T>` | that, or a `T` | |
/// | `header<"X", T>`, `cookie<"x", T>` | that, or a `T`; `std::nullopt` for none | |
/// | `body` | that, or text | |
/// | text | | `std::string` |
/// | `void`, `no_content` | | `result<void, ...>` |
/// | `created<T>` | | `created<T>` with the Location |
/// | `with_status<T, ...>` | | `with_status<T, ...>` with the status |
/// | `redirect<...>` | | `redirect<...>` with the Location, unless it is followed |
/// | `std::optional<T>` | | that; empty for 404 |
/// | JSON | | the type; members that it does not have are passed over |
///
/// Any status from 200 to 299 is success, and those that a result's type names. A problem that is a
/// declared error's, by status, type and title, is the fault `declared`; every other answer is
/// `undeclared`.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/api/contract.hpp"
#include "ferrule/client/call_error.hpp"
#include "ferrule/client/call_stream.hpp"
#include "ferrule/client/caller.hpp"
#include "ferrule/client/decode.hpp"
#include "ferrule/client/encoded_request.hpp"

namespace ferrule {

/// What may be said of one call behind the endpoint's arguments.
struct call_options {
  /// For the whole call, in place of the caller's total timeout; the deadline of the request that
  /// is being served still counts.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// For a stream as a whole; see `outgoing_call::stream_timeout`.
  std::optional<std::chrono::nanoseconds> stream_timeout{};
  /// Sent as Idempotency-Key: the call may be tried again, whatever its method.
  std::string_view idempotency_key{};
  std::string_view content_type{};  ///< of a `body`; else application/octet-stream
  /// More header fields. Not Content-Type, nor what frames the body.
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// Says how calls of `Endpoint` are retried, in place of the caller's policy. The compiler refuses
/// a policy whose tries and waits do not fit into its deadline, and one for a method that is not
/// idempotent unless it has an idempotency key; then each call gets a key that is made up, if it
/// brings none.
template <auto Endpoint, const retry_policy& Policy>
struct retry_of {
  using endpoint_type = std::remove_const_t<decltype(Endpoint)>;
  static constexpr retry_policy policy = checked_retry_policy(Endpoint.shape.verb, Policy);
};

namespace detail {

template <class Endpoint, class Contract>
inline constexpr bool is_in_contract = false;
template <class Endpoint, class... Known>
inline constexpr bool is_in_contract<Endpoint, contract<Known...>> =
    (std::is_same_v<Endpoint, Known> || ...);

/// Stands in the compiler's message with the endpoint spelled out.
template <fixed_string Text, bool IsInContract>
struct called_endpoint_check {
  static_assert(IsInContract,
                "ferrule: this endpoint is none of the client's contract: call it by the client of "
                "its own contract, or add it to this one");
  static constexpr bool passed = true;
};

template <class Signature, class Given>
inline constexpr bool fits_arguments = false;
template <class R, class... P, class... A>
  requires(sizeof...(P) == sizeof...(A))
inline constexpr bool fits_arguments<signature<R, P...>, type_list<A...>> =
    (is_argument<P, A>() && ...);

template <fixed_string Text, class Function, class Given, bool Fits>
struct call_arguments_check {
  static_assert(Fits,
                "ferrule: these arguments are not what the endpoint takes: give its parameters in "
                "their order, each as its type or as what it wraps, and then call_options if need "
                "be");
  static constexpr bool passed = true;
};

/// The types of a call's arguments, with options split off.
template <class... A>
struct call_arguments {
  static constexpr std::size_t given = sizeof...(A);
  static constexpr bool has_options = [] {
    if constexpr (given == 0) {
      return false;
    } else {
      return std::is_same_v<std::tuple_element_t<given - 1, std::tuple<A...>>, call_options>;
    }
  }();
  static constexpr std::size_t count = given - (has_options ? 1 : 0);

  template <std::size_t... I>
  static type_list<std::tuple_element_t<I, std::tuple<A...>>...> list(std::index_sequence<I...>);
  using types = decltype(list(std::make_index_sequence<count>()));
};

/// Adds what the options say to a request.
void apply(const call_options& options, encoded_request& to);

/// A call before it is made.
struct prepared_call {
  encoded_request request{};
  std::optional<std::chrono::nanoseconds> timeout{};
  std::optional<std::chrono::nanoseconds> stream_timeout{};
};

}  // namespace detail

/// Calls the endpoints of `Contract` through a caller. `Retry` are `retry_of<endpoint, policy>`.
/// Cheap to copy. Thread rule: the reactor's thread.
template <auto Contract, class... Retry>
class client {
  using contract_type = std::remove_const_t<decltype(Contract)>;
  static_assert((detail::called_endpoint_check<Retry::endpoint_type::text,
                                               detail::is_in_contract<typename Retry::endpoint_type,
                                                                      contract_type>>::passed &&
                 ...));
  // Instantiated here, so that a policy is refused where the client is named.
  static constexpr std::array<const retry_policy*, sizeof...(Retry) + 1> policies{
      &Retry::policy...};

 public:
  /// `via` must outlive the client and its calls.
  explicit client(caller& via) noexcept : via_(&via) {}

  /// What a call of `Endpoint` gives.
  template <class Endpoint>
  using result_of = result<detail::received<typename Endpoint::result_type>,
                           call_error<typename Endpoint::error_type>>;

  /// Calls an endpoint: `co_await users(users::get_user, 42)`, or with `call_options` behind the
  /// arguments. The arguments are not needed any more when this returns. Errors: see `call_fault`;
  /// an argument that no path can hold (empty, "." or "..") or that is out of its type's range is
  /// `transport_error::invalid_request`. Cancellation: ends the call's work and unwinds.
  template <class Endpoint, class... A>
  FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES task<result_of<Endpoint>> operator()(
      const Endpoint&, const A&... arguments) const {
    return run<Endpoint>(via_, prepare<Endpoint>(arguments...));
  }

  /// What opening a call of `Endpoint` gives.
  template <class Endpoint>
  using opened_of = result<call_stream, call_error<typename Endpoint::error_type>>;

  /// The same, but what the endpoint promises is given as a stream, to be read in parts and not to
  /// be decoded. Any other response is collected and told apart as that of a call.
  template <class Endpoint, class... A>
  FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES task<opened_of<Endpoint>> open(
      const Endpoint&, const A&... arguments) const {
    return run_open<Endpoint>(via_, prepare<Endpoint>(arguments...));
  }

  /// What is known of the service, for an endpoint that shows it: see `caller::report`.
  json::raw report() const { return via_->report(); }

 private:
  template <class Endpoint, class... A>
  static detail::prepared_call prepare(const A&... arguments) {
    using given = detail::call_arguments<A...>;
    using expected = typename Endpoint::signature;
    static_assert(
        detail::called_endpoint_check<Endpoint::text,
                                      detail::is_in_contract<Endpoint, contract_type>>::passed);
    constexpr bool fits = detail::fits_arguments<expected, typename given::types>;
    static_assert(detail::call_arguments_check<Endpoint::text, typename expected::function_type,
                                               typename given::types, fits>::passed);
    const std::tuple<const A&...> all(arguments...);
    detail::prepared_call made;
    if constexpr (fits) {
      made.request = encode<Endpoint>(all, std::make_index_sequence<given::count>());
    }
    if constexpr (given::has_options) {
      const call_options& options = std::get<given::count>(all);
      detail::apply(options, made.request);
      made.timeout = options.timeout;
      made.stream_timeout = options.stream_timeout;
    }
    return made;
  }
  template <class Endpoint, class Arguments, std::size_t... I>
  static detail::encoded_request encode(const Arguments& all, std::index_sequence<I...>) {
    return detail::encode_call<Endpoint>(std::get<I>(all)...);
  }

  template <class Endpoint>
  static const retry_policy* policy_of() noexcept {
    const retry_policy* found = nullptr;
    ((found = std::is_same_v<Endpoint, typename Retry::endpoint_type> ? &Retry::policy : found),
     ...);
    return found;
  }

  /// What is handed on: views of `made`, and of `fields`, which are made here.
  template <class Endpoint>
  static outgoing_call outgoing(detail::prepared_call& made, rng& random,
                                std::vector<header_field>& fields) {
    const retry_policy* const policy = policy_of<Endpoint>();
    detail::encoded_request& request = made.request;
    if (policy != nullptr && policy->has_idempotency_key && !request.has_idempotency_key) {
      request.add_idempotency_key(random);
    }
    fields = request.views();
    return {.request = {.verb = request.verb,
                        .target = request.target,
                        .content_type = request.content_type,
                        .fields = fields,
                        .body = request.body},
            .endpoint = Endpoint::shape.text,
            .retry = policy,
            .has_idempotency_key = request.has_idempotency_key,
            .timeout = made.timeout,
            .stream_timeout = made.stream_timeout};
  }

  template <class Endpoint>
  static task<result_of<Endpoint>> run(caller* via, detail::prepared_call made) {
    using error = call_error<typename Endpoint::error_type>;
    if (!made.request.is_valid) {
      co_return fail(error{{.transport = transport_error::invalid_request}});
    }
    const environment& env = co_await current_environment();
    std::vector<header_field> fields;
    const outgoing_call what = outgoing<Endpoint>(made, env.loop->random(), fields);
    auto answered = co_await via->call(what);
    if (!answered) co_return fail(error{std::move(answered).error()});
    co_return detail::decode_answer<Endpoint>(*answered, env.loop->date());
  }

  template <class Endpoint>
  static task<opened_of<Endpoint>> run_open(caller* via, detail::prepared_call made) {
    using error = call_error<typename Endpoint::error_type>;
    if (!made.request.is_valid) {
      co_return fail(error{{.transport = transport_error::invalid_request}});
    }
    const environment& env = co_await current_environment();
    std::vector<header_field> fields;
    const outgoing_call what = outgoing<Endpoint>(made, env.loop->random(), fields);
    auto opened = co_await via->open(what);
    if (!opened) co_return fail(error{std::move(opened).error()});
    if (detail::is_promised<typename Endpoint::result_type>(opened->status())) {
      co_return std::move(*opened);
    }
    auto whole = co_await opened->collect();
    if (!whole) co_return fail(error{std::move(whole).error()});
    auto decoded = detail::decode_answer<Endpoint>(*whole, env.loop->date());
    if (!decoded) co_return fail(std::move(decoded).error());
    co_return call_stream(client_stream::whole(std::move(*whole)), nullptr);
  }

  caller* via_;
};

/// Gives what `instead` makes of the failure when the call was not made at all, because the breaker
/// is open or a limit is reached, and else what the call gives.
template <class T, class E, class F>
task<result<T, call_error<E>>> with_fallback(task<result<T, call_error<E>>> call, F instead) {
  result<T, call_error<E>> given = co_await std::move(call);
  if (given) co_return given;
  const call_error<E>& why = given.error();
  if (why.fault == call_fault::circuit_open || why.fault == call_fault::shed) {
    co_return result<T, call_error<E>>(instead(why));
  }
  co_return given;
}

}  // namespace ferrule
