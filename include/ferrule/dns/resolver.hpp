#pragma once
/// @file
/// Names into addresses: the interface, and one that answers from a table.
///
/// ```cpp
/// ferrule::task<bool> is_known(ferrule::dns::resolver& names) {
///   const auto found = co_await names.addresses("users");
///   co_return found.has_value();
/// }
/// ```
///
/// `system_resolver` asks name servers. A `table_resolver` stands in for it where there are none:
/// in tests, or where all addresses are known beforehand.
///
/// Source: RFC 1034, RFC 1035; services: RFC 2782.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule::dns {

/// Why a name has no addresses.
enum class lookup_error : std::uint8_t {
  not_found,     ///< there is no such name, or it has no records of the wanted kind
  failed,        ///< no name server gave an answer, or a useful one
  no_resources,  ///< a limit of this side: too many lookups, or no descriptors or memory left
};

/// A short static text for a log line.
const char* to_string(lookup_error error) noexcept;

/// Where a service is offered (an SRV record).
struct service_target {
  std::string host;  ///< a name, whose addresses have to be looked up
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  ///< the lowest is to be tried first
  std::uint16_t weight = 0;    ///< the share of each among those of one priority

  friend bool operator==(const service_target&, const service_target&) = default;
};

/// The order in which targets are to be tried: by priority, and among equals by chance according to
/// their weights.
void order_targets(std::vector<service_target>& targets, rng& chance);

/// Looks names up. `name` is read until the task ends.
/// Thread rule: the reactor's thread.
class resolver {
 public:
  using addresses_result = result<std::vector<address>, lookup_error>;
  using services_result = result<std::vector<service_target>, lookup_error>;

  resolver() = default;
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;
  virtual ~resolver() = default;

  /// The addresses of a host, IPv4 and IPv6, with port 0; the preferred ones first, at least one.
  /// Cancellation: unwinds, without disturbing others who wait for the same name.
  virtual task<addresses_result> addresses(std::string_view name) = 0;
  /// The targets of a service such as `_http._tcp.users.example`, in an order made by
  /// `order_targets`, at least one. Cancellation: as above.
  virtual task<services_result> services(std::string_view name) = 0;
};

/// Answers from a table, at once. Names are compared as they are.
/// Thread rule: as a plain value.
class table_resolver final : public resolver {
 public:
  /// One more address of `name`.
  void add(std::string_view name, const address& at);
  /// One more target of the service `name`.
  void add(std::string_view name, const service_target& target);
  /// From now on `name` is not known.
  void remove(std::string_view name);

  task<addresses_result> addresses(std::string_view name) override;
  task<services_result> services(std::string_view name) override;

 private:
  std::map<std::string, std::vector<address>, std::less<>> addresses_;
  std::map<std::string, std::vector<service_target>, std::less<>> services_;
};

}  // namespace ferrule::dns
