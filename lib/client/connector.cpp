#include "client/connector.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "ferrule/core/now.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {
namespace {

using addresses_result = result<std::vector<address>, transport_error>;

transport_error error_of(dns::lookup_error error) noexcept {
  switch (error) {
    case dns::lookup_error::not_found:
      return transport_error::unknown_host;
    case dns::lookup_error::no_resources:
      return transport_error::no_resources;
    case dns::lookup_error::failed:
      break;
  }
  return transport_error::name_lookup_failed;
}

task<addresses_result> look_up(dns::resolver* names, std::string_view host, std::uint16_t port,
                               address_spread* spread) {
  auto found = co_await names->addresses(host);
  if (!found) co_return fail(error_of(found.error()));
  for (address& each : *found) each.set_port(port);
  executor& loop = *(co_await current_environment()).loop;
  spread->order(*found, loop.now(), loop.random());
  co_return std::move(*found);
}

task<addresses_result> look_up_service(dns::resolver* names, std::string_view service,
                                       address_spread* spread) {
  const auto targets = co_await names->services(service);
  if (!targets) co_return fail(error_of(targets.error()));
  std::vector<address> all;
  transport_error why = transport_error::unknown_host;
  for (const dns::service_target& target : *targets) {
    const auto found = co_await look_up(names, target.host, target.port, spread);
    if (found) {
      all.insert(all.end(), found->begin(), found->end());
    } else {
      why = found.error();
    }
    if (all.size() >= attempts_max) break;
  }
  if (all.empty()) co_return fail(why);
  co_return std::move(all);
}

/// Attempts to connect that run beside each other until one succeeds.
struct attempts {
  attempts(std::vector<address>&& all, address_spread* told) noexcept
      : candidates(std::move(all)), spread(told) {}

  std::vector<address> candidates;
  address_spread* spread;
  std::chrono::nanoseconds delay = attempt_delay;
  std::size_t next = 0;
  std::size_t running = 0;
  std::optional<connected_stream> connected;
  transport_error why = transport_error::no_resources;  // unless any failed for another reason
};

task<> attempt(scope* all, attempts* state, std::size_t which);

void start_next(scope& all, attempts& state) {
  if (state.connected || state.next == state.candidates.size()) return;
  ++state.running;
  all.spawn(attempt(&all, &state, state.next++));
}

/// Starts the attempt after `which` unless a failure before it has done so.
task<> start_later(scope* all, attempts* state, std::size_t which) {
  co_await sleep(state->delay);
  if (which + 1 == state->next) start_next(*all, *state);
  state->spread->failed(state->candidates[which], (co_await now()).mono);
}

task<> attempt(scope* all, attempts* state, std::size_t which) {
  const address at = state->candidates[which];
  const address_spread::use trying(*state->spread, at);  // others that connect now look elsewhere
  all->spawn(start_later(all, state, which));
  auto connected = co_await tcp_stream::connect(at);
  --state->running;
  if (!connected) {
    const transport_error why = connect_error(connected.error());
    if (why != transport_error::no_resources) {
      state->why = why;
      state->spread->failed(at, (co_await now()).mono);
    }
    start_next(*all, *state);
  } else if (!state->connected) {
    state->spread->connected(at);
    state->connected.emplace(connected_stream{std::move(*connected), at});
  }
  if (state->connected || state->running == 0) all->request_stop();
}

task<> start_first(scope& all, attempts* state) {
  start_next(all, *state);
  co_return;
}

}  // namespace

transport_error connect_error(const std::error_code& failed) noexcept {
  switch (failed.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // every port of this side is in use
    case EAGAIN:         // the same, of an older kernel
      return transport_error::no_resources;
    default:
      return transport_error::connect_failed;
  }
}

task<connect_result> connect_to_any(std::vector<address> candidates, address_spread* spread) {
  if (candidates.size() == 1) {
    auto connected = co_await tcp_stream::connect(candidates.front());
    if (!connected) co_return fail(connect_error(connected.error()));
    co_return connected_stream{std::move(*connected), candidates.front()};
  }
  if (candidates.size() > attempts_max) candidates.resize(attempts_max);
  const environment& env = co_await current_environment();
  attempts state(std::move(candidates), spread);
  if (env.deadline != no_deadline) {
    const auto turns = static_cast<std::int64_t>(state.candidates.size() + 1);
    state.delay = std::clamp<std::chrono::nanoseconds>((env.deadline - env.loop->now()) / turns,
                                                       attempt_delay_min, attempt_delay);
  }
  co_await with_scope(start_first, &state);
  if (!state.connected) co_return fail(state.why);
  co_return std::move(*state.connected);
}

task<connect_result> connect_to(const origin* to, dns::resolver* names, address_spread* spread) {
  if (const auto literal = address::parse(to->host(), to->port())) {
    std::vector<address> one{*literal};
    co_return co_await connect_to_any(std::move(one), spread);
  }
  auto found = to->host().starts_with('_')
                   ? co_await look_up_service(names, to->host(), spread)
                   : co_await look_up(names, to->host(), to->port(), spread);
  if (!found) co_return fail(found.error());
  co_return co_await connect_to_any(std::move(*found), spread);
}

}  // namespace ferrule
