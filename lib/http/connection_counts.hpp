#pragma once
// How many connections each client has, so that one of them cannot have all.

#include <cstdint>
#include <map>
#include <mutex>

#include "ferrule/io/address.hpp"

namespace ferrule::http {

/// Counts by IPv4 address, or by the IPv6 network of 64 bits that one client commonly has to
/// itself. Holds one entry for each that has a connection. An ordered map, since a hash table's
/// cost would be in the hands of those who choose their addresses. Thread rule: any thread.
class connection_counts {
 public:
  /// Counts one more, unless there are `max` already; returns whether it did.
  bool enter(const address& client, std::uint32_t max) {
    const std::lock_guard lock(mutex_);
    std::uint32_t& count = counts_[key_of(client)];
    if (count >= max) return false;
    ++count;
    return true;
  }
  /// One that entered is gone.
  void leave(const address& client) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key_of(client));
    if (--found->second == 0) counts_.erase(found);
  }
  std::size_t clients() const noexcept {
    const std::lock_guard lock(mutex_);
    return counts_.size();
  }

 private:
  struct key {
    int family;
    std::uint64_t network;
    auto operator<=>(const key&) const = default;
  };
  static key key_of(const address& client) noexcept;

  mutable std::mutex mutex_;
  std::map<key, std::uint32_t> counts_;
};

}  // namespace ferrule::http
