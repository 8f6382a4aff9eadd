#include "test/sim_network.hpp"

#include <algorithm>
#include <cstring>

#include "ferrule/core/assert.hpp"

namespace ferrule::test::sim {

namespace {

const sockaddr_in& v4(const address& a) { return *reinterpret_cast<const sockaddr_in*>(a.data()); }
const sockaddr_in6& v6(const address& a) {
  return *reinterpret_cast<const sockaddr_in6*>(a.data());
}

std::pair<std::uint32_t, std::uint32_t> link_key(const host& a, const host& b) {
  return std::minmax(a.number, b.number);
}

}  // namespace

bool is_loopback(const address& a) noexcept {
  if (a.is_unix()) return true;
  if (a.family() == AF_INET) return ntohl(v4(a).sin_addr.s_addr) >> 24U == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6(a).sin6_addr);
}

bool is_any(const address& a) noexcept {
  if (a.is_unix()) return false;
  if (a.family() == AF_INET) return v4(a).sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED(&v6(a).sin6_addr);
}

bool same_ip(const address& a, const address& b) noexcept {
  if (a.family() != b.family()) return false;
  if (a.is_unix()) return a == b;
  if (a.family() == AF_INET) return v4(a).sin_addr.s_addr == v4(b).sin_addr.s_addr;
  return std::memcmp(&v6(a).sin6_addr, &v6(b).sin6_addr, sizeof(in6_addr)) == 0;
}

std::optional<std::uint16_t> port_space::take_any(rng& random) {
  const std::uint64_t start = random.below(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first + (start + i) % count);
    if (users_.contains(port)) continue;
    take(port);
    return port;
  }
  return std::nullopt;
}

void port_space::release(std::uint16_t port) {
  const auto user = users_.find(port);
  if (user != users_.end() && --user->second == 0) users_.erase(user);
}

bool host::has_ip(const address& a) const noexcept {
  return is_any(a) || is_loopback(a) || same_ip(a, ip);
}

std::optional<address> host::source_for(const address& to) const {
  if (to.is_unix()) return address::from_sockaddr(to.data(), to.size());  // without a path
  address source = ip;
  if (is_loopback(to) || is_any(to)) {
    source = to.family() == AF_INET ? address::loopback_v4(0) : *address::parse("::1", 0);
  }
  if (source.family() != to.family()) return std::nullopt;
  source.set_port(0);
  return source;
}

wall_time network::date() const noexcept {
  return date_of_start_ + std::chrono::duration_cast<wall_time::duration>(now_ - start);
}

void network::set_date(wall_time to) noexcept {
  date_of_start_ = to - std::chrono::duration_cast<wall_time::duration>(now_ - start);
}

void network::advance(mono_time to) {
  FERRULE_ASSERT(to >= now_, "virtual time never goes back");
  now_ = to;
  while (!(next_event() > now_)) {
    ++counts_.events;
    events_.happen();
  }
}

host& network::add_host(const address& ip) {
  for (const auto& known : hosts_) {
    if (same_ip(known->ip, ip)) return *known;
  }
  auto added = std::make_unique<host>();
  added->number = static_cast<std::uint32_t>(hosts_.size());
  added->ip = ip;
  return *hosts_.emplace_back(std::move(added));
}

host* network::find_host(host& from, const address& to) noexcept {
  if (from.has_ip(to)) return &from;
  for (const auto& known : hosts_) {
    if (same_ip(known->ip, to)) return known.get();
  }
  return nullptr;
}

sim_link& network::between(const host& a, const host& b) {
  return links_.try_emplace(link_key(a, b), everywhere_).first->second;
}

const sim_link& network::link(const host& a, const host& b) const noexcept {
  const auto own = links_.find(link_key(a, b));
  return own == links_.end() ? everywhere_ : own->second;
}

bool network::strikes(double probability, std::uint64_t sim_counts::* counter,
                      std::string_view fault) {
  if (!chance(probability)) return false;
  ++(counts_.*counter);
  note("fault {}", fault);
  return true;
}

mono_time::duration network::up_to(mono_time::duration most) noexcept {
  return mono_time::duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

mono_time::duration network::transit(const sim_link& l) {
  mono_time::duration time = l.latency + up_to(l.jitter);
  if (strikes(l.delay, &sim_counts::delays, "delay")) time += up_to(l.delay_max);
  return time;
}

void network::digest_bytes(std::span<const std::byte> bytes) noexcept {
  // FNV-1a by words, folded because a multiplication alone never moves a high bit down.
  for (std::uint64_t word = 0; !bytes.empty(); word = 0) {
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), count);
    digest_ = (digest_ ^ word) * 0x100000001B3U;
    digest_ ^= digest_ >> 32U;
    bytes = bytes.subspan(count);
  }
}

void network::record(std::string_view line) noexcept {
  const auto time = static_cast<std::uint64_t>(now_.time_since_epoch().count());
  digest_bytes(std::as_bytes(std::span(&time, 1)));
  digest_bytes(std::as_bytes(std::span(line)));
  if (trace_ == nullptr) return;
  fmt::print(trace_, "{:>16.6f} {}\n", std::chrono::duration<double>(now_ - start).count(), line);
}

}  // namespace ferrule::test::sim
