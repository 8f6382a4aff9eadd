#pragma once
/// @file
/// What the hosts of a simulated world share: the clock, chance, the events to come, who has which
/// address, and how each link behaves.

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ferrule/core/rng.hpp"
#include "ferrule/io/backend.hpp"
#include "ferrule/test/sim.hpp"
#include "test/sim_events.hpp"

namespace ferrule::test::sim {

class listener;
class datagram_port;

bool is_loopback(const address& a) noexcept;
bool is_any(const address& a) noexcept;
bool same_ip(const address& a, const address& b) noexcept;

/// Who hears of changes on a socket: a backend.
class socket_owner {
 public:
  virtual void on_connected(io::handle socket, std::int32_t result) = 0;
  virtual void on_readable(io::handle socket) = 0;  ///< bytes, an end, a connection, a datagram
  virtual void on_writable(io::handle socket) = 0;

 protected:
  ~socket_owner() = default;
};

/// The ports of one protocol on one host.
class port_space {
 public:
  /// A port that nothing uses, by chance as on Linux, or nothing when all are taken.
  std::optional<std::uint16_t> take_any(rng& random);
  void take(std::uint16_t port) { ++users_[port]; }
  void release(std::uint16_t port);

 private:
  static constexpr unsigned first = 32768;  // Linux' ip_local_port_range
  static constexpr unsigned count = 28232;

  std::unordered_map<std::uint16_t, unsigned> users_;
};

/// One machine of the network: its address, its ports and what is bound to them.
struct host {
  /// Whether a socket may be bound to `a` here.
  bool has_ip(const address& a) const noexcept;
  /// The address that a packet to `to` is sent from, port 0; nothing when the family is not its
  /// own.
  std::optional<address> source_for(const address& to) const;

  std::uint32_t number;
  address ip;
  port_space tcp;
  port_space udp;
  std::vector<listener*> listeners;
  std::vector<datagram_port*> datagram_ports;
};

class network {
 public:
  explicit network(std::uint64_t seed) : random_(seed) {}

  mono_time now() const noexcept { return now_; }
  wall_time date() const noexcept;
  void set_date(wall_time to) noexcept;
  rng& random() noexcept { return random_; }
  sim_counts& counts() noexcept { return counts_; }

  // Events.

  template <class F>
  void plan(mono_time at, F happen) {
    events_.plan(at, std::move(happen));
  }
  mono_time next_event() const noexcept { return events_.next(); }
  /// Moves the clock to `to`, which no event may precede, and lets happen what is due then.
  void advance(mono_time to);
  /// Whether some backend was given work since `settle`.
  bool stirred() const noexcept { return stirred_; }
  void stir() noexcept { stirred_ = true; }
  void settle() noexcept { stirred_ = false; }

  // Hosts and links.

  host& add_host(const address& ip);
  /// Who gets what `from` sends to `to`; null when nobody does.
  host* find_host(host& from, const address& to) noexcept;
  sim_link& everywhere() noexcept { return everywhere_; }
  sim_link& between(const host& a, const host& b);
  const sim_link& link(const host& a, const host& b) const noexcept;

  // Chance.

  bool chance(double probability) noexcept {
    return probability > 0 && random_.uniform() < probability;
  }
  /// The same, counting in `counter` and telling the trace when it strikes.
  bool strikes(double probability, std::uint64_t sim_counts::* counter, std::string_view fault);
  /// In [0, most].
  mono_time::duration up_to(mono_time::duration most) noexcept;
  /// How long one packet takes on `l`.
  mono_time::duration transit(const sim_link& l);

  // The record of the run.

  /// Adds an event to the digest and, formatted, to the trace.
  template <class... Args>
  void note(fmt::format_string<Args...> line, const Args&... args) {
    fmt::basic_memory_buffer<char, 128> text;
    fmt::vformat_to(fmt::appender(text), line, fmt::make_format_args(args...));
    record({text.data(), text.size()});
  }
  void digest_bytes(std::span<const std::byte> bytes) noexcept;
  std::uint64_t digest() const noexcept { return digest_; }
  void trace_to(std::FILE* out) noexcept { trace_ = out; }

  std::int32_t next_handle() noexcept { return next_handle_++; }
  std::uint32_t next_connection() noexcept { return next_connection_++; }

 private:
  void record(std::string_view line) noexcept;

  static constexpr mono_time start{std::chrono::seconds(1000)};

  mono_time now_ = start;
  wall_time date_of_start_ = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  rng random_;
  event_queue events_;
  bool stirred_ = false;
  std::vector<std::unique_ptr<host>> hosts_;
  sim_link everywhere_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, sim_link> links_;  // by host numbers, ascending
  sim_counts counts_;
  std::uint64_t digest_ = 0xCBF29CE484222325U;  // FNV-1a's offset basis
  std::FILE* trace_ = nullptr;
  // Handles are never used twice, so that a stale one is caught as -EBADF.
  std::int32_t next_handle_ = 3;
  std::uint32_t next_connection_ = 1;
};

}  // namespace ferrule::test::sim
