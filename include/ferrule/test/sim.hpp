#pragma once
/// @file
/// A whole fleet in one process on a virtual clock: `sim_world` is a network of hosts driven by one
/// seed. Each host runs on a `reactor` as a service does, only that its sockets, its clock and its
/// chance come from the world. The same seed gives the same run, down to the order of every
/// completion; another seed gives another order. Idle time costs nothing, so a test may live
/// through hours.
///
/// ```cpp
/// bool an_hour_passes() {
///   ferrule::test::sim_world world(42);
///   ferrule::reactor& server = world.add_host("10.0.0.1");
///   ferrule::reactor& client = world.add_host("10.0.0.2");
///   world.between("10.0.0.1", "10.0.0.2").short_read = 0.5;  // every second read brings little
///   const ferrule::mono_time start = world.now();
///   world.run_for(std::chrono::hours(1));
///   return client.now() == server.now() && world.now() == start + std::chrono::hours(1);
/// }
/// ```
///
/// What is simulated: TCP as Linux does it (ordered bytes, bounded send buffers and receive
/// windows, backlog, FIN and half-close, RST when unread bytes are thrown away, -EPIPE,
/// -ECONNRESET, -ETIMEDOUT, SO_REUSEPORT) and UDP datagrams. Packets are never lost except by the
/// faults below. An address that no host has is a black hole. What is not: files, `adopt` and
/// `poll` answer -ENOTSUP, and `option` takes all but SO_RCVBUF and SO_SNDBUF without effect.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>
#include <type_traits>

#include "ferrule/io/reactor.hpp"

namespace ferrule::test {

/// How a stretch of network behaves: its speed, and its faults by name. Every fault is a chance in
/// [0, 1] drawn from the seed: 0 never, 1 each time. All are off until asked for. Changing a field
/// has effect on what is sent from then on, so a test scripts faults by setting them between runs.
struct sim_link {
  std::chrono::nanoseconds latency = std::chrono::microseconds(100);  ///< one way
  std::chrono::nanoseconds jitter = std::chrono::microseconds(100);   ///< up to this much more

  double delay = 0;  ///< per packet: it is up to `delay_max` late; a stream stays in order
  std::chrono::nanoseconds delay_max = std::chrono::milliseconds(200);
  double reset = 0;  ///< per segment: it is lost and both ends get RST
  double stall = 0;  ///< per segment: nothing flows, either way, for up to `stall_max`
  std::chrono::nanoseconds stall_max = std::chrono::seconds(2);
  double short_read = 0;  ///< per receive: it brings at most `short_read_bytes_max`
  std::uint32_t short_read_bytes_max = 16;
  double short_write = 0;  ///< per send: `short_write_bytes_max` at most are taken, the rest later
  std::uint32_t short_write_bytes_max = 16;
  double refused = 0;    ///< per connect: -ECONNREFUSED
  double half_open = 0;  ///< per segment: the peer is gone for ever, with neither FIN nor RST; of a
                         ///< SYN, which is tried again, and of a datagram: it is lost
  double accept_emfile = 0;  ///< per accept: accept_start ends with -EMFILE; the peer stays queued
};

/// What happened so far, to tell whether a test met what it meant to meet.
struct sim_counts {
  std::uint64_t events = 0;   ///< arrivals and other happenings between hosts
  std::uint64_t batches = 0;  ///< how often a reactor ran
  std::uint64_t delays = 0;
  std::uint64_t resets = 0;
  std::uint64_t stalls = 0;
  std::uint64_t short_reads = 0;
  std::uint64_t short_writes = 0;
  std::uint64_t refusals = 0;
  std::uint64_t half_opens = 0;  ///< with SYNs and datagrams lost
  std::uint64_t accept_emfiles = 0;
};

/// A simulated network with its hosts and its clock. The clock starts at a steady time of 1,000 s,
/// on 2026-01-01 at 00:00 UTC. The world owns its reactors and must outlive whatever uses them;
/// operations still pending when it is destroyed are forgotten, as a process's are at its end.
/// Thread rule: one thread runs everything. `reactor::post` works from other threads, but then the
/// run cannot be repeated.
class sim_world {
 public:
  /// `seed` decides everything.
  explicit sim_world(std::uint64_t seed);
  sim_world(const sim_world&) = delete;
  sim_world& operator=(const sim_world&) = delete;
  ~sim_world();

  /// A reactor on the host `ip` (an IP literal); asking again for the same `ip` gives one more
  /// thread of that host. Run it by `run_for` and `run_until`, never by `reactor::run`.
  reactor& add_host(std::string_view ip);
  /// A backend on the host `ip` without a reactor, for tests of the seam itself: its `wait` moves
  /// the clock. It must not outlive the world.
  std::unique_ptr<io::backend> make_backend(std::string_view ip);

  /// The thread of `host`, which `add_host` made, stands still for `span`, as a stopped process
  /// does: the network goes on, and what comes lies unread until then.
  void stand_still(reactor& host, std::chrono::nanoseconds span);

  mono_time now() const noexcept;
  wall_time date() const noexcept;
  /// From now on it is this date: the clock on the wall is set, which moves no timer.
  void set_date(wall_time to) noexcept;

  /// Lets `span` pass: every event and timer in its order.
  void run_for(std::chrono::nanoseconds span);
  /// Lets time pass until `done()` is true, asking whenever some host has run, `limit` at most.
  /// Returns whether it came true.
  template <class Predicate>
  bool run_until(Predicate&& done, std::chrono::nanoseconds limit = std::chrono::hours(1)) {
    using callable = std::remove_reference_t<Predicate>;
    return run_until(
        [](void* context) { return static_cast<bool>((*static_cast<callable*>(context))()); },
        const_cast<std::remove_const_t<callable>*>(&done), limit);
  }

  /// How the network behaves where nothing else was said. Loopback is a link like any other.
  sim_link& everywhere() noexcept;
  /// The link between two hosts; starts as a copy of `everywhere()`.
  sim_link& between(std::string_view ip, std::string_view other_ip);
  /// The link of one connection; starts as a copy of what it had. `socket` is connected, or was
  /// accepted, on `io`, a backend of this world; it is either end.
  sim_link& connection(io::backend& io, io::handle socket);

  // Faults at once, on one connection, named by either end.

  /// RST to both ends.
  void reset(io::backend& io, io::handle socket);
  /// Nothing sent from now on arrives before `span` has passed.
  void stall(io::backend& io, io::handle socket, std::chrono::nanoseconds span);
  /// Each end loses the other: what is sent vanishes and nothing comes, neither FIN nor RST. A
  /// sender learns by -ETIMEDOUT after a quarter of an hour, a mere receiver never, but for what
  /// `io::socket_options` says of keep-alive and unacknowledged bytes to accepted connections.
  void half_open(io::backend& io, io::handle socket);

  /// A hash of everything that happened so far. Equal for two runs of one seed.
  std::uint64_t digest() const noexcept;
  const sim_counts& counts() const noexcept;
  /// Writes a line per event to `out` (null: no more), to see what a seed does.
  void trace_to(std::FILE* out) noexcept;

 private:
  struct state;

  bool run_until(bool (*done)(void*), void* context, std::chrono::nanoseconds limit);

  std::unique_ptr<state> state_;
};

}  // namespace ferrule::test
