#include <algorithm>
#include <vector>

#include "ferrule/core/assert.hpp"
#include "ferrule/test/sim.hpp"
#include "test/sim_backend.hpp"
#include "test/sim_network.hpp"

namespace ferrule::test {

namespace {

// Whoever keeps a reactor busy for so long without letting time pass will never stop.
constexpr unsigned rounds_per_instant_max = 1'000'000;

address parse_ip(std::string_view ip) {
  const std::optional<address> parsed = address::parse(ip, 0);
  FERRULE_ASSERT(parsed.has_value(), "a simulated host needs an IP literal");
  return *parsed;
}

sim::stream connection_of(io::backend& io, io::handle socket) {
  FERRULE_ASSERT(io.name() == "sim", "not a backend of a simulated world");
  return static_cast<sim::backend&>(io).connection_of(socket);
}

}  // namespace

struct sim_world::state {
  /// A thread of a host.
  struct thread {
    sim::backend* io;
    std::unique_ptr<reactor> loop;
    mono_time still_until = mono_time::min();
  };

  explicit state(std::uint64_t seed) : net(seed) {}

  mono_time find_due();
  void run_due();
  void advance(mono_time until);

  sim::network net;
  std::vector<thread> threads;  // after the network, which they leave when they go
  std::vector<reactor*> due;
};

/// Fills `due`. Returns when the next of the others is due for its own sake.
mono_time sim_world::state::find_due() {
  due.clear();
  mono_time next = no_deadline;
  for (const thread& t : threads) {
    if (net.now() < t.still_until) {
      next = std::min(next, t.still_until);
      continue;
    }
    const mono_time own = t.loop->next_due();
    if (t.io->has_work() || own <= net.now()) {
      due.push_back(t.loop.get());
    } else {
      next = std::min(next, own);
    }
  }
  return next;
}

/// Runs each of `due` once, in an order drawn by chance.
void sim_world::state::run_due() {
  while (!due.empty()) {
    std::swap(due[net.random().below(due.size())], due.back());
    reactor& drawn = *due.back();
    due.pop_back();
    ++net.counts().batches;
    drawn.run_once(mono_time::min());
  }
}

/// Lets events happen until one gives somebody work, or until `until`.
void sim_world::state::advance(mono_time until) {
  net.settle();
  while (!net.stirred() && net.next_event() <= until) net.advance(net.next_event());
  if (!net.stirred()) net.advance(until);
}

sim_world::sim_world(std::uint64_t seed) : state_(std::make_unique<state>(seed)) {}
sim_world::~sim_world() = default;

reactor& sim_world::add_host(std::string_view ip) {
  auto io = std::make_unique<sim::backend>(state_->net, state_->net.add_host(parse_ip(ip)));
  sim::backend* const seen = io.get();
  auto loop = std::make_unique<reactor>(std::move(io), state_->net.random()());
  return *state_->threads.emplace_back(state::thread{seen, std::move(loop)}).loop;
}

void sim_world::stand_still(reactor& host, std::chrono::nanoseconds span) {
  for (state::thread& t : state_->threads) {
    if (t.loop.get() == &host) t.still_until = saturating_add(now(), span);
  }
}

std::unique_ptr<io::backend> sim_world::make_backend(std::string_view ip) {
  return std::make_unique<sim::backend>(state_->net, state_->net.add_host(parse_ip(ip)));
}

mono_time sim_world::now() const noexcept { return state_->net.now(); }
wall_time sim_world::date() const noexcept { return state_->net.date(); }
void sim_world::set_date(wall_time to) noexcept { state_->net.set_date(to); }

void sim_world::run_for(std::chrono::nanoseconds span) {
  run_until([] { return false; }, span);
}

bool sim_world::run_until(bool (*done)(void*), void* context, std::chrono::nanoseconds limit) {
  const mono_time end = saturating_add(now(), limit);
  FERRULE_ASSERT(end != no_deadline, "a run of a simulated world needs a limit");
  unsigned rounds = 0;  // at one instant
  while (!done(context)) {
    const mono_time next = state_->find_due();
    if (!state_->due.empty()) {
      FERRULE_ASSERT(++rounds <= rounds_per_instant_max,
                     "a reactor keeps itself busy without letting virtual time pass");
      state_->run_due();
      continue;
    }
    rounds = 0;
    if (now() == end) return false;
    state_->advance(std::min(next, end));
  }
  return true;
}

sim_link& sim_world::everywhere() noexcept { return state_->net.everywhere(); }

sim_link& sim_world::between(std::string_view ip, std::string_view other_ip) {
  sim::network& net = state_->net;
  return net.between(net.add_host(parse_ip(ip)), net.add_host(parse_ip(other_ip)));
}

sim_link& sim_world::connection(io::backend& io, io::handle socket) {
  return connection_of(io, socket).to->own_link();
}

void sim_world::reset(io::backend& io, io::handle socket) {
  ++state_->net.counts().resets;
  connection_of(io, socket).to->reset();
}

void sim_world::stall(io::backend& io, io::handle socket, std::chrono::nanoseconds span) {
  ++state_->net.counts().stalls;
  connection_of(io, socket).to->stall(span);
}

void sim_world::half_open(io::backend& io, io::handle socket) {
  ++state_->net.counts().half_opens;
  connection_of(io, socket).to->lose();
}

std::uint64_t sim_world::digest() const noexcept { return state_->net.digest(); }
const sim_counts& sim_world::counts() const noexcept { return state_->net.counts(); }
void sim_world::trace_to(std::FILE* out) noexcept { state_->net.trace_to(out); }

}  // namespace ferrule::test
