#include "client/connector.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {
namespace {

using addresses_result = result<std::vector<address>, transport_error>;

transport_error error_of(dns::lookup_error error) noexcept {
  return error == dns::lookup_error::not_found ? transport_error::unknown_host
                                               : transport_error::name_lookup_failed;
}

task<addresses_result> look_up(dns::resolver* names, std::string_view host, std::uint16_t port) {
  auto found = co_await names->addresses(host);
  if (!found) co_return fail(error_of(found.error()));
  for (address& each : *found) each.set_port(port);
  interleave_families(*found);
  co_return std::move(*found);
}

task<addresses_result> look_up_service(dns::resolver* names, std::string_view service) {
  const auto targets = co_await names->services(service);
  if (!targets) co_return fail(error_of(targets.error()));
  std::vector<address> all;
  transport_error why = transport_error::unknown_host;
  for (const dns::service_target& target : *targets) {
    const auto found = co_await look_up(names, target.host, target.port);
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
  explicit attempts(std::vector<address>&& all) noexcept : candidates(std::move(all)) {}

  std::vector<address> candidates;
  std::size_t next = 0;
  std::size_t running = 0;
  std::optional<tcp_stream> connected;
};

task<> attempt(scope* all, attempts* state, std::size_t which);

void start_next(scope& all, attempts& state) {
  if (state.connected || state.next == state.candidates.size()) return;
  ++state.running;
  all.spawn(attempt(&all, &state, state.next++));
}

/// Starts the attempt `which` unless a failure before it has done so.
task<> start_later(scope* all, attempts* state, std::size_t which) {
  co_await sleep(attempt_delay);
  if (which == state->next) start_next(*all, *state);
}

task<> attempt(scope* all, attempts* state, std::size_t which) {
  all->spawn(start_later(all, state, which + 1));
  auto connected = co_await tcp_stream::connect(state->candidates[which]);
  --state->running;
  if (!connected) {
    start_next(*all, *state);
  } else if (!state->connected) {
    state->connected.emplace(std::move(*connected));
  }
  if (state->connected || state->running == 0) all->request_stop();
}

task<> start_first(scope& all, attempts* state) {
  start_next(all, *state);
  co_return;
}

}  // namespace

void interleave_families(std::vector<address>& addresses) {
  for (auto at = addresses.begin(); at != addresses.end(); ++at) {
    if (at == addresses.begin()) continue;
    const int before = std::prev(at)->family();
    const auto other = std::find_if(at, addresses.end(),
                                    [&](const address& each) { return each.family() != before; });
    if (other == addresses.end()) return;
    std::rotate(at, other, other + 1);
  }
}

task<result<tcp_stream, transport_error>> connect_to_any(std::vector<address> candidates) {
  if (candidates.size() == 1) {
    auto connected = co_await tcp_stream::connect(candidates.front());
    if (!connected) co_return fail(transport_error::connect_failed);
    co_return std::move(*connected);
  }
  if (candidates.size() > attempts_max) candidates.resize(attempts_max);
  attempts state(std::move(candidates));
  co_await with_scope(start_first, &state);
  if (!state.connected) co_return fail(transport_error::connect_failed);
  co_return std::move(*state.connected);
}

task<result<tcp_stream, transport_error>> connect_to(const origin* to, dns::resolver* names) {
  if (const auto literal = address::parse(to->host(), to->port())) {
    std::vector<address> one{*literal};
    co_return co_await connect_to_any(std::move(one));
  }
  auto found = to->host().starts_with('_') ? co_await look_up_service(names, to->host())
                                           : co_await look_up(names, to->host(), to->port());
  if (!found) co_return fail(found.error());
  co_return co_await connect_to_any(std::move(*found));
}

}  // namespace ferrule
