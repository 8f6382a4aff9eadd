#include "ferrule/http/server_budget.hpp"

#include "connection_counts.hpp"

namespace ferrule::http {
namespace {

/// How many connections `client` may have; 0: as many as it likes. All clients of a Unix socket
/// would be one, for they have no address.
std::uint32_t each_max_of(const address& client, const server_limits& limits) noexcept {
  return client.is_unix() ? 0 : limits.connections_per_address_max;
}

}  // namespace

server_budget::server_budget() : per_address_(std::make_unique<connection_counts>()) {}
server_budget::~server_budget() = default;

bool server_budget::enter(const address& client, const server_limits& limits) {
  const std::uint32_t each_max = each_max_of(client, limits);
  if (each_max != 0 && !per_address_->enter(client, each_max)) return false;
  if (take_one(limits.connections_max)) return true;
  if (each_max != 0) per_address_->leave(client);
  return false;
}

void server_budget::leave(const address& client, const server_limits& limits) noexcept {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (each_max_of(client, limits) != 0) per_address_->leave(client);
}

bool server_budget::take_one(std::uint32_t connections_max) noexcept {
  std::uint32_t open = connections_.load(std::memory_order_relaxed);
  do {
    if (open >= connections_max) return false;
  } while (!connections_.compare_exchange_weak(open, open + 1, std::memory_order_relaxed));
  return true;
}

}  // namespace ferrule::http
