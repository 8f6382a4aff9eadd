#pragma once
/// @file
/// Limits as layers around routes: so many requests a second for each client, so many at once, or
/// as many at once as the latency bears. What they count is state, so the program sees it too.
///
/// ```cpp
/// #include "ferrule/ferrule.hpp"
/// using namespace std::chrono_literals;
/// inline ferrule::task<std::string> report() {
///   co_await ferrule::sleep(100ms);
///   co_return "done";
/// }
/// struct report_slots : ferrule::async_bulkhead {  // a type of its own for each limit
///   using async_bulkhead::async_bulkhead;
/// };
/// constexpr auto routes = ferrule::route_table(
///     ferrule::with(ferrule::rate_limited<ferrule::by_peer>{}),                // all: 429
///     ferrule::route<"GET /report">(report, ferrule::with(ferrule::bulkheaded<report_slots>{})),
///     ferrule::route<"GET /resilience">(
///         ferrule::show_resilience<ferrule::route_rate_limit, report_slots>));
///
/// int run(int argc, char** argv) {
///   ferrule::shared_rate_limiter rate({.per_second = 10, .burst = 20});
///   return ferrule::serve<routes>(
///       argc, argv, ferrule::per_reactor([&](ferrule::reactor& loop) {
///         return ferrule::route_rate_limit(rate, loop);
///       }),
///       ferrule::per_reactor([](ferrule::reactor& loop) {
///         return report_slots({.running_max = loop.share_of(16), .waiting_max = 8}, loop);
///       }));
/// }
/// ```
///
/// Rates are the process's. Slots and the limit that is found out are one reactor's: give each its
/// share (`reactor::share_of`). What is refused is answered as a problem with Retry-After, and no
/// handler runs.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/api/answer.hpp"
#include "ferrule/api/problem.hpp"
#include "ferrule/core/fixed_string.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/io/gather.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/json/reflect.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/resilience/async_bulkhead.hpp"
#include "ferrule/resilience/concurrency_limit.hpp"
#include "ferrule/resilience/shared_rate_limiter.hpp"

namespace ferrule {

/// A key of `rate_limited`: the address of whoever sent the request, without its port. An IPv6
/// client has its network of 64 bits for a key, since it has all the addresses in it. Behind a
/// proxy that is the proxy; all clients of Unix sockets are one.
std::string by_peer(const request& r);

/// A key of `rate_limited`: the value of a header field. Requests without it share one key.
template <fixed_string Name>
std::string_view by_header(const request& r) {
  return r.header(Name.view());
}

/// What `rate_limited` asks. State, one for each reactor, which `loop` is, of a limiter for all.
class route_rate_limit {
 public:
  /// `all` must outlive it.
  route_rate_limit(shared_rate_limiter& all, executor& loop) : loop_(loop), all_(all) {}

  rate_verdict ask(std::string_view key) noexcept { return all_.ask(key, loop_.now()); }
  rate_limit_snapshot snapshot() const noexcept { return all_.snapshot(); }

 private:
  executor& loop_;
  shared_rate_limiter& all_;
};

/// A limit found out, and how it was.
struct route_concurrency_snapshot {
  concurrency_limit_snapshot limit{};
  decision_log<limit_decision> decisions{0};
};

/// What `concurrency_limited` counts. State, one for each reactor, which `loop` is.
class route_concurrency_limit {
 public:
  route_concurrency_limit(const concurrency_limit_settings& settings, executor& loop)
      : loop_(loop), limit_(settings, loop.now()) {}

  bool try_acquire() noexcept { return limit_.try_acquire(); }
  /// It began its answer, or was stopped, after `took`.
  void release(std::chrono::nanoseconds took) noexcept { limit_.release(loop_.now(), took); }
  /// Its client was gone before it began its answer.
  void release_given_up(std::chrono::nanoseconds took) noexcept {
    limit_.release_given_up(loop_.now(), took);
  }
  void release_ignored() noexcept { limit_.release_ignored(); }
  mono_time now() const noexcept { return loop_.now(); }
  route_concurrency_snapshot snapshot() const { return {limit_.snapshot(), limit_.decisions()}; }

 private:
  executor& loop_;
  concurrency_limit limit_;
};

namespace detail {

/// 429, and when it would be admitted.
problem too_many_requests(const rate_verdict& verdict);
/// 503, to be tried again in a moment.
problem too_busy();

}  // namespace detail

/// A layer that admits so many requests a second for each `Key(request)`, and answers the rest 429.
/// `State` is a `route_rate_limit`, or derived from one. Waits for nothing.
template <auto Key = by_peer, class State = route_rate_limit>
struct rate_limited {
  std::optional<problem> before(const request& r, State& limit) const {
    const rate_verdict verdict = limit.ask(Key(r));
    if (verdict.admitted) return std::nullopt;
    return detail::too_many_requests(verdict);
  }
};

/// A layer that lets so many requests run at once and some more wait, and answers the rest 503. A
/// request holds its slot until its handler has ended, however it ends. `State` is an
/// `async_bulkhead`, or derived from one. May wait, so its routes are coroutines.
template <class State = async_bulkhead>
struct bulkheaded {
  struct local {
    local() = default;
    local(const local&) = delete;
    local& operator=(const local&) = delete;
    ~local() {
      if (slots != nullptr) slots->leave();
    }
    State* slots = nullptr;
  };
  task<std::optional<problem>> before(local& held, State& slots) const {
    if (!co_await slots.enter()) co_return detail::too_busy();
    held.slots = &slots;
    co_return std::nullopt;
  }
};

/// A layer that lets as many requests run at once as their latency bears, and answers the rest 503.
/// The latency is the time until the answer begins, for then it is the client that sets the pace,
/// or until the handler is stopped, at its deadline for one, which is how overload shows; without
/// the time in which the handler waited for more of a streamed body, which is its client's. A
/// request that was answered without its handler says nothing of latency, and whoever likes can
/// send many; one whose client is gone before, or does not send its body, counts if it took longer
/// than usual.
/// A request holds its place until its handler has ended. `State` is a `route_concurrency_limit`,
/// or derived from one. Waits for nothing.
template <class State = route_concurrency_limit>
struct concurrency_limited {
  struct local {
    local() = default;
    local(const local&) = delete;
    local& operator=(const local&) = delete;
    ~local() {
      if (limit == nullptr) return;
      switch (end) {
        case ending::given_up:
          limit->release_given_up(took ? *took : so_far());
          break;
        case ending::answered:
          limit->release(*took);
          break;
        case ending::refused:
          limit->release_ignored();
          break;
      }
    }
    std::chrono::nanoseconds so_far() const noexcept {
      const mono_time now = limit->now();
      return now - since - waited->until(now);
    }
    enum class ending : std::uint8_t { given_up, answered, refused };
    State* limit = nullptr;
    const body_wait* waited = nullptr;
    mono_time since{};
    std::optional<std::chrono::nanoseconds> took;
    ending end = ending::given_up;
  };
  std::optional<problem> before(local& held, const body_wait& waited, State& limit) const {
    if (!limit.try_acquire()) return detail::too_busy();
    held.limit = &limit;
    held.waited = &waited;
    held.since = limit.now();
    return std::nullopt;
  }
  void after(local& held, const answer& outgoing) const {
    if (held.limit == nullptr) return;
    held.took = held.so_far();
    if (!outgoing.handler_began) {
      held.end = local::ending::refused;
    } else if (!held.waited->goes_on()) {
      held.end = local::ending::answered;
    }
  }
};

namespace detail {

/// Appends `"name":[...]` with what `state` is on each reactor.
template <class State>
task<> append_snapshots(buffer& out, State& state) {
  const auto all = co_await gather(state, [](State& one) {
    buffer text;
    json::write(text, one.snapshot());
    return std::string(text.view());
  });
  if (out.size() > 1) out.append(',');
  append_json_string(out, json::type_name<State>);
  char before = '[';
  out.append(':');
  for (const auto& each : all) {
    out.append(std::exchange(before, ','));
    out.append(each ? std::string_view(*each) : "null");
  }
  out.append(']');
}

}  // namespace detail

/// A handler that shows the `snapshot()` of each of these states, by the names of their types, and
/// for each reactor, in their order: `{"my_upstream":[{...},{...}],"route_rate_limit":[...]}`; null
/// of a reactor that has ended or gave no answer in a second. One process's threads are seen each,
/// whichever of them was asked: `route<"GET /resilience">(show_resilience<my_upstream>)`.
template <class... State>
task<json::raw> show_resilience(State&... states) {
  buffer out;
  out.append('{');
  (co_await detail::append_snapshots(out, states), ...);
  out.append('}');
  co_return json::raw::trusted(std::string(out.view()));
}

}  // namespace ferrule
