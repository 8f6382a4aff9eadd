#pragma once
/// @file
/// One instance of a service that is called, as a value: who it is, where it is, and how much it
/// gets. An `upstream` takes a set of them, and later another.
///
/// ```cpp
/// std::vector<ferrule::upstream_endpoint> two_zones() {
///   return {{.id = "users-1",
///            .address = *ferrule::origin::parse("http://10.0.0.1:8001"),
///            .authority = "users.example",
///            .weight = 2,
///            .zone = "a"},
///           {.id = "users-2",
///            .address = *ferrule::origin::parse("http://10.1.0.1:8001"),
///            .authority = "users.example",
///            .zone = "b"}};
/// }
/// ```

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ferrule/client/origin.hpp"
#include "ferrule/resilience/balancer.hpp"

namespace ferrule {

/// Thread rule: as a plain value.
struct upstream_endpoint {
  /// Who it is, once in a set. Empty: its address, as a URL. With the same id at another address it
  /// is another endpoint.
  std::string id{};
  /// Where its connections go; must be given.
  origin address{};
  /// What the Host field says, as "users.example:8001". Empty: that of the address.
  std::string authority{};
  /// Its part of the calls, in proportion to the others'; `balancer::weight_max` at most. 0: it is
  /// kept and gets none.
  std::uint32_t weight = 1;
  std::string zone{};                           ///< for people: where it is
  std::map<std::string, std::string> labels{};  ///< for people and policies of one's own

  friend bool operator==(const upstream_endpoint&, const upstream_endpoint&) = default;
};

/// Endpoints at these addresses, with nothing more said of them. One that is given several times
/// counts once.
std::vector<upstream_endpoint> endpoints_at(const std::vector<origin>& addresses);

/// What an update came to.
struct endpoint_changes {
  std::uint32_t added = 0;    ///< those included that were still leaving and came back
  std::uint32_t removed = 0;  ///< calls under way keep them until they end
  std::uint32_t kept = 0;     ///< with all that is known of them
  friend bool operator==(const endpoint_changes&, const endpoint_changes&) = default;
};

/// What is wrong with a set of endpoints.
enum class endpoints_fault : std::uint8_t {
  too_many,           ///< more than `balancer_settings::endpoints_max`
  no_address,         ///< `address` was not given
  repeated_id,        ///< two have one id
  invalid_authority,  ///< no host with or without a port
  weight_too_large,   ///< above `balancer::weight_max`
};

/// A short static text for a log line.
const char* to_string(endpoints_fault fault) noexcept;

/// Why a set of endpoints was not taken.
struct endpoints_refusal {
  endpoints_fault fault = endpoints_fault::too_many;
  std::string id{};  ///< of the first that has the fault; of `too_many`, none
};

/// One line for a log.
std::string to_string(const endpoints_refusal& refused);

}  // namespace ferrule
