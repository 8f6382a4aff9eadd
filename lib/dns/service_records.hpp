#pragma once
// SRV records out of a name server's message. c-ares reads them too, but keeps their TTL to itself.
// Source: RFC 1035 section 4.1; RFC 2782.

#include <chrono>
#include <span>
#include <vector>

#include "ferrule/dns/resolver.hpp"

namespace ferrule::dns {

// Appends the targets in `message` and gives their shortest TTL, aliases included. A service that
// is decidedly not available (a target of ".") has none. False: the message is malformed.
bool read_services(std::span<const unsigned char> message, std::vector<service_target>& targets,
                   std::chrono::seconds& ttl);

}  // namespace ferrule::dns
