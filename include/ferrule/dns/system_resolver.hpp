#pragma once
/// @file
/// Names looked up as the system does it: /etc/hosts, then the name servers of /etc/resolv.conf,
/// by c-ares. It never blocks on the network, and it links statically, which getaddrinfo does not.
///
/// ```cpp
/// ferrule::task<std::string> first_address(std::string_view name) {
///   ferrule::dns::system_resolver names;
///   const auto found = co_await names.addresses(name);
///   co_return found ? found->front().ip() : "none";
/// }
/// ```
///
/// Answers are kept for as long as their servers allow, and however many ask for a name at a time,
/// it is looked up once. IPv4 and IPv6 addresses are asked for together. When one answer has
/// brought addresses the other is waited for no longer than `resolution_delay`, and what it brings
/// later is there for later lookups: so a lost answer delays nobody, whichever it is. IPv6 comes
/// first where there is a route, but for networks that RFC 6724 puts behind IPv4; the order within
/// a family is that of RFC 6724.
///
/// An answer that has expired is used on while no name server gives a new one: a lookup waits for
/// that no longer than `stale_wait`, and once a refresh was in vain not at all, until one succeeds.
/// When a server says that the name is gone, it is.
///
/// Source: RFC 1034 and 1035; RFC 2308 for what does not exist, RFC 9520 for what failed; RFC 8305
/// section 3; RFC 8767; resolv.conf(5), hosts(5).

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/dns/resolver.hpp"

namespace ferrule {
class reactor;
}

namespace ferrule::dns {

/// How names are looked up.
struct resolver_settings {
  /// The name servers; empty: those of /etc/resolv.conf.
  std::vector<address> servers{};
  /// Where names of few dots are searched too. If `servers` is empty: as /etc/resolv.conf says.
  std::vector<std::string> search_domains{};
  /// How long one server has to answer the first time; later tries wait longer.
  std::chrono::milliseconds try_timeout{500};
  /// How often each server is asked.
  std::uint8_t tries_max = 3;
  /// Answers kept. Beyond, the one that was not asked for longest is forgotten.
  std::uint32_t cached_max = 1024;
  /// Names looked up at a time. A lookup beyond is `no_resources`.
  std::uint32_t lookups_max = 256;
  /// The longest that an answer is kept, whatever its TTL.
  std::chrono::nanoseconds ttl_max = std::chrono::minutes(5);
  /// How long it is remembered that a name does not exist.
  std::chrono::nanoseconds negative_ttl = std::chrono::seconds(1);
  /// How long it is remembered that no name server gave an answer. RFC 9520 asks for one second at
  /// least.
  std::chrono::nanoseconds failure_ttl = std::chrono::seconds(1);
  /// How long the addresses of one family wait for those of the other: the value of RFC 8305.
  std::chrono::nanoseconds resolution_delay = std::chrono::milliseconds(50);
  /// For how long beyond its time an answer is used when there is no new one; RFC 8767 suggests one
  /// to three days. 0: not at all.
  std::chrono::nanoseconds stale_max = std::chrono::hours(24);
  /// How long a lookup waits for a new answer before it takes one that has expired. A name server
  /// that is there answers within it; the time of a call, which is less than what RFC 8767 has in
  /// mind (1.8 s), bears it.
  std::chrono::nanoseconds stale_wait = std::chrono::milliseconds(100);
  /// After how long the servers are asked again when they gave no new answer.
  std::chrono::nanoseconds recheck_wait = std::chrono::seconds(5);
};

/// Looks names up with name servers. It belongs to the reactor of the first task that uses it, and
/// must die before that reactor, with no task waiting. /etc/hosts is read at each lookup that is
/// not answered from memory, and the other files at the first. Thread rule: that reactor's thread.
class system_resolver final : public resolver {
 public:
  explicit system_resolver(resolver_settings settings = {});
  ~system_resolver() override;

  task<addresses_result> addresses(std::string_view name) override;
  task<services_result> services(std::string_view name) override;

 private:
  struct state;

  void set_up(reactor& loop);

  resolver_settings settings_;
  std::unique_ptr<state> state_;  // made by the first lookup
};

}  // namespace ferrule::dns
