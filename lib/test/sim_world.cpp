#include <algorithm>
#include <vector>

#include "ferrule/core/assert.hpp"
#include "ferrule/test/sim.hpp"
#include "test/sim_backend.hpp"
#include "test/sim_network.hpp"

namespace ferrule::test {

namespace {

// Whoever keeps a reactor busy for so long without letting time pass will never stop.
constexpr unsigned batches_per_instant_max = 1'000'000;

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

    bool is_due(mono_time now) const noexcept { return io->has_work() || loop->next_due() <= now; }
  };

  explicit state(std::uint64_t seed) : net(seed) {}

  bool run_one_due();
  mono_time next_due() const noexcept;

  sim::network net;
  std::vector<thread> threads;  // after the network, which they leave when they go
  std::vector<thread*> due;     // of run_one_due, kept for its memory
};

bool sim_world::state::run_one_due() {
  due.clear();
  for (thread& t : threads) {
    if (t.is_due(net.now())) due.push_back(&t);
  }
  if (due.empty()) return false;
  ++net.counts().batches;
  due[net.random().below(due.size())]->loop->run_once(mono_time::min());
  return true;
}

mono_time sim_world::state::next_due() const noexcept {
  mono_time next = net.next_event();
  for (const thread& t : threads) next = std::min(next, t.loop->next_due());
  return std::max(next, net.now());
}

sim_world::sim_world(std::uint64_t seed) : state_(std::make_unique<state>(seed)) {}
sim_world::~sim_world() = default;

reactor& sim_world::add_host(std::string_view ip) {
  auto io = std::make_unique<sim::backend>(state_->net, state_->net.add_host(parse_ip(ip)));
  sim::backend* const seen = io.get();
  auto loop = std::make_unique<reactor>(std::move(io), state_->net.random()());
  return *state_->threads.emplace_back(state::thread{seen, std::move(loop)}).loop;
}

std::unique_ptr<io::backend> sim_world::make_backend(std::string_view ip) {
  return std::make_unique<sim::backend>(state_->net, state_->net.add_host(parse_ip(ip)));
}

mono_time sim_world::now() const noexcept { return state_->net.now(); }
wall_time sim_world::date() const noexcept { return state_->net.date(); }

void sim_world::run_for(std::chrono::nanoseconds span) {
  run_until([] { return false; }, span);
}

bool sim_world::run_until(bool (*done)(void*), void* context, std::chrono::nanoseconds limit) {
  const mono_time end = saturating_add(now(), limit);
  unsigned batches_now = 0;
  while (!done(context)) {
    if (state_->run_one_due()) {
      FERRULE_ASSERT(++batches_now <= batches_per_instant_max,
                     "a reactor keeps itself busy without letting virtual time pass");
      continue;
    }
    batches_now = 0;
    const mono_time next = state_->next_due();
    if (next > end || next == no_deadline) {
      state_->net.advance(end);
      return done(context);
    }
    state_->net.advance(next);
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
