#pragma once
/// @file
/// Simulated UDP: datagrams arrive whole, late, out of order or not at all, and wait in a bounded
/// queue.

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "test/sim_network.hpp"

namespace ferrule::test::sim {

inline constexpr std::size_t datagram_bytes_max = 65507;  ///< what UDP over IPv4 can carry
inline constexpr std::size_t datagrams_queued_max =
    256;  ///< more are dropped, as by a full SO_RCVBUF

struct datagram {
  address from;
  std::vector<std::byte> bytes;
};

/// A bound UDP socket.
class datagram_port {
 public:
  /// `port` was taken from the host's UDP ports.
  datagram_port(network& net, host& at, const address& local, socket_owner& owner,
                io::handle handle);
  datagram_port(const datagram_port&) = delete;
  datagram_port& operator=(const datagram_port&) = delete;
  ~datagram_port();

  const address& local() const noexcept { return local_; }
  void send(const address& to, std::span<const std::byte> bytes);
  /// The oldest datagram not yet taken.
  std::optional<datagram> take();

 private:
  static void deliver(network& net, host& at, const address& to, datagram arrived);

  network& net_;
  host& at_;
  address local_;
  socket_owner& owner_;
  io::handle handle_;
  std::deque<datagram> inbox_;
};

}  // namespace ferrule::test::sim
