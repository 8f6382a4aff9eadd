#pragma once
// How the servers of one process share its connections. The kernel deals them out by a hash of the
// addresses, which is even for many and uneven for a few: of 16 on 8 listeners one gets 5.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "ferrule/io/reactor.hpp"

namespace ferrule::http {

class group_member;
class server;

/// Servers that serve the same, each on its own reactor, whether they listen at one address or only
/// the first of them does. One that accepts a connection while it has some more than another hands
/// it over.
/// Thread rule: any thread; it must outlive its servers.
class server_group {
 public:
  explicit server_group(std::size_t servers_max);
  server_group(const server_group&) = delete;
  server_group& operator=(const server_group&) = delete;
  ~server_group();

  /// On the reactor's thread. From now on it may be handed connections.
  group_member& join(server& joining, reactor& loop);

 private:
  friend group_member;

  const std::size_t servers_max_;
  const std::unique_ptr<group_member[]> members_;
  std::mutex mutex_;  ///< held while one hands over, so that the other's reactor lives
  std::atomic<std::size_t> count_ = 0;
};

/// One server's part of the group. Thread rule: the server's own thread.
class group_member {
 public:
  /// A connection of this server has begun, or ended.
  void opened() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }
  void closed() noexcept { connections_.fetch_sub(1, std::memory_order_relaxed); }

  /// Hands a socket that was just accepted to a server with clearly fewer connections. False: it
  /// stays here.
  bool hand_over(io::handle accepted) noexcept;
  /// From now on it is handed nothing more.
  void leave() noexcept;
  /// Whether nothing is on its way here.
  bool is_settled() const noexcept;

 private:
  friend server_group;
  struct gift;

  group_member* find_idler() const noexcept;
  static void unpack(posted& p) noexcept;

  server_group* group_ = nullptr;
  server* server_ = nullptr;
  reactor* loop_ = nullptr;
  /// Those on their way here count already, so that not all others think of this one.
  alignas(64) std::atomic<std::uint32_t> connections_ = 0;
  // Guarded by the group's mutex.
  bool takes_ = false;
  std::uint32_t on_the_way_ = 0;
};

}  // namespace ferrule::http
