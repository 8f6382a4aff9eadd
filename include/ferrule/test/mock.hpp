#pragma once
/// @file
/// Stands in for a service behind `client<Api>` in a test: no network, no process, virtual time.
///
/// ```cpp
/// namespace users {
/// struct user { std::uint64_t id = 0; std::string name; };
/// enum class error { not_found };
/// constexpr ferrule::problem to_problem(error) noexcept {
///   return {.status = 404, .title = "No such user"};
/// }
/// inline constexpr ferrule::endpoint<"GET /users/{id}", user(std::uint64_t id), error> get_user{};
/// inline constexpr ferrule::contract api(get_user);
/// }  // namespace users
///
/// inline bool greets(ferrule::test::sim_world& world, ferrule::reactor& loop) {
///   ferrule::test::mock<users::api> service;
///   service.on(users::get_user, [](std::uint64_t id) { return users::user{id, "Ada"}; });
///   service.delay(users::get_user, std::chrono::milliseconds(30));
///   const ferrule::client<users::api> client(service);
///   const auto got = ferrule::test::sim_run(world, loop, client(users::get_user, 7));
///   service.fail(users::get_user, {.fault = ferrule::call_fault::circuit_open});
///   return got && (*got)->name == "Ada" && service.count(users::get_user) == 1;
/// }
/// ```
///
/// A call is encoded, parsed, answered and decoded as over a network, so that a contract which does
/// not survive the way shows here. An endpoint without a handler is answered 501.

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/client/client.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/route/contract_table.hpp"
#include "ferrule/route/extract.hpp"
#include "ferrule/route/match.hpp"
#include "ferrule/route/respond.hpp"
#include "ferrule/test/call.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule::test {

/// A call as it reached a mock.
struct mock_call {
  std::string endpoint;  ///< its pattern: "GET /users/{id}"
  call_request request;
  mono_time at;
};

namespace detail {

/// A handler of one endpoint, its type erased.
class mock_handler {
 public:
  virtual ~mock_handler() = default;
  virtual void run(const ferrule::detail::call& c) = 0;
};

template <class Endpoint, class Handler>
class typed_mock_handler final : public mock_handler {
 public:
  explicit typed_mock_handler(Handler handler) : handler_(std::move(handler)) {}
  void run(const ferrule::detail::call& c) override {
    ferrule::detail::arguments_of<typename Endpoint::signature> arguments;
    if (!arguments.load(c)) return;
    if constexpr (std::is_void_v<decltype(arguments.pass_to(handler_))>) {
      arguments.pass_to(handler_);
      ferrule::detail::send(c.out, no_content{});
    } else {
      ferrule::detail::send(c.out, arguments.pass_to(handler_));
    }
  }

 private:
  Handler handler_;
};

/// How a mock answers one endpoint.
struct mocked_endpoint {
  const pattern* shape = nullptr;
  const std::uint8_t* slots = nullptr;
  http::route_traits traits{};
  std::unique_ptr<mock_handler> handler{};
  std::optional<call_failure> failure{};
  std::chrono::nanoseconds delay{0};
};

/// What of a mock does not depend on its contract.
class mock_service : public caller, http::service {
 public:
  /// A delay beyond the call's timeout, or else 2 s, is a timeout.
  task<outcome> call(outgoing_call what) override;

  /// Every call, in order.
  const std::vector<mock_call>& calls() const noexcept { return calls_; }

 protected:
  explicit mock_service(ferrule::detail::trie_view tree) noexcept : tree_(tree) {}

  void add(mocked_endpoint endpoint) { endpoints_.push_back(std::move(endpoint)); }
  mocked_endpoint& at(std::size_t index) noexcept { return endpoints_[index]; }
  std::size_t count(std::string_view endpoint) const noexcept;

 private:
  void match(http::exchange& ex) noexcept override;
  void invoke(http::exchange& ex) noexcept override;

  ferrule::detail::trie_view tree_;
  std::vector<mocked_endpoint> endpoints_;
  std::vector<mock_call> calls_;
};

template <class Contract>
class typed_mock;

template <class... Endpoint>
class typed_mock<contract<Endpoint...>> : public mock_service {
 public:
  typed_mock() : mock_service(tree.view()) { (add(describe<Endpoint>()), ...); }

  /// What `call` gives, as a stream. A body in parts is an `invalid_request`.
  task<result<call_stream, call_failure>> open(outgoing_call what) override {
    if (what.request.streamed) {
      co_return ferrule::fail(call_failure{.transport = transport_error::invalid_request});
    }
    auto answered = co_await this->call(what);
    if (!answered) co_return ferrule::fail(std::move(answered).error());
    co_return call_stream(client_stream::whole(std::move(*answered)), nullptr);
  }

  /// Answers calls of an endpoint by `handler`, which takes and returns what the endpoint says (or
  /// a `result` with its error). It may capture; it is no coroutine. It takes back a `fail`.
  template <class E, class Handler>
  void on(const E&, Handler handler) {
    using given = ferrule::detail::signature_of<Handler>;
    static_assert(ferrule::detail::endpoint_handler_check<E::text, E, given>::passed);
    mocked_endpoint& mocked = at(index_of<E>());
    mocked.handler = std::make_unique<typed_mock_handler<E, Handler>>(std::move(handler));
    mocked.failure.reset();
  }
  /// Lets calls of an endpoint fail without an answer.
  template <class E>
  void fail(const E&, call_failure why) {
    at(index_of<E>()).failure = std::move(why);
  }
  /// Lets calls of an endpoint take so long, in the caller's time, however they end.
  template <class E>
  void delay(const E&, std::chrono::nanoseconds by) {
    at(index_of<E>()).delay = by;
  }
  /// How often an endpoint was called.
  template <class E>
  std::size_t count(const E&) const noexcept {
    return mock_service::count(E::shape.text);
  }

 private:
  template <class E>
  static consteval std::size_t index_of() {
    static_assert(ferrule::detail::called_endpoint_check<
                  E::text, ferrule::detail::is_in_contract<E, contract<Endpoint...>>>::passed);
    constexpr std::array<bool, sizeof...(Endpoint)> same{std::is_same_v<E, Endpoint>...};
    std::size_t index = 0;
    while (!same[index]) ++index;
    return index;
  }
  static constexpr std::array<const pattern*, sizeof...(Endpoint)> patterns{&Endpoint::shape...};
  static constexpr auto tree =
      ferrule::detail::build_trie<ferrule::detail::trie_size(patterns)>(patterns);
  template <class E>
  static constexpr auto bound = E::signature::bind(E::shape);
  template <class E>
  static mocked_endpoint describe() {
    const bool has_body = E::signature::takes_whole_body();
    return {.shape = &E::shape,
            .slots = bound<E>.slots.data(),
            .traits = {.body = has_body ? http::body_mode::whole : http::body_mode::none,
                       .pattern = E::shape.text}};
  }
};

}  // namespace detail

/// A stand-in for the service of a contract; see the top of this file. It must outlive the clients
/// made from it and their calls.
/// Thread rule: one thread.
template <auto Contract>
class mock final : public detail::typed_mock<std::remove_const_t<decltype(Contract)>> {};

}  // namespace ferrule::test
