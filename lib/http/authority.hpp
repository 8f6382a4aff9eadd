#pragma once
// Host names with ports, as in the Host field and in request targets.

#include <string_view>

namespace ferrule::http {

enum class port_rule { optional, required };

// Whether `text` is uri-host [ ":" port ] with a host that is not empty: a name, an IPv4 address
// or an IPv6 address in brackets; a port of at most 65535. Userinfo is refused (RFC 9110 section
// 4.2.4), and so are the IPvFuture form and zone identifiers, which nobody serves.
bool is_authority(std::string_view text, port_rule port) noexcept;

}  // namespace ferrule::http
