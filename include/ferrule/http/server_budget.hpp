#pragma once
/// @file
/// What several servers may use together, on all reactors of a process: connections, and memory for
/// large bodies and responses.
///
/// ```cpp
/// bool is_full(const ferrule::http::server_budget& all, const ferrule::http::server_limits& has) {
///   return !all.has_room(1U << 20U, has);
/// }
/// ```

#include <atomic>
#include <cstdint>
#include <memory>

#include "ferrule/http/server_limits.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule::http {

class connection_counts;

/// Counts what servers use, on however many reactors they run, against the limits that they are
/// given alike. Thread rule: any thread. Cost: an atomic addition; with a limit for each address a
/// mutex, whenever a connection begins or ends.
class server_budget {
 public:
  server_budget();
  server_budget(const server_budget&) = delete;
  server_budget& operator=(const server_budget&) = delete;
  ~server_budget();

  /// Counts a connection of `client`, unless there are `connections_max` already, or
  /// `connections_per_address_max` of its own. Returns whether it did. May throw std::bad_alloc,
  /// and has counted nothing then.
  bool enter(const address& client, const server_limits& limits);
  /// One that entered is gone.
  void leave(const address& client, const server_limits& limits) noexcept;

  /// Large buffers that held `before` bytes hold `now`.
  void hold(std::uint64_t before, std::uint64_t now) noexcept {
    bytes_held_.fetch_add(now - before, std::memory_order_relaxed);
  }
  /// Whether `bytes` more in a large buffer are within `held_bytes_max`.
  bool has_room(std::uint64_t bytes, const server_limits& limits) const noexcept {
    const std::uint64_t held = bytes_held_.load(std::memory_order_relaxed);
    return held <= limits.held_bytes_max && bytes <= limits.held_bytes_max - held;
  }

 private:
  bool take_one(std::uint32_t connections_max) noexcept;

  std::atomic<std::uint64_t> bytes_held_ = 0;
  std::atomic<std::uint32_t> connections_ = 0;
  const std::unique_ptr<connection_counts> per_address_;
};

}  // namespace ferrule::http
