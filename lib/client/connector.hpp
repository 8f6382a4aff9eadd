#pragma once
// From an origin to a connected stream.

#include <chrono>
#include <vector>

#include "ferrule/client/origin.hpp"
#include "ferrule/client/transport.hpp"
#include "ferrule/dns/resolver.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule {

// How long one address may keep the next from being tried (RFC 8305 section 5).
inline constexpr std::chrono::milliseconds attempt_delay{250};
// A name may have any number of addresses; beyond these none is tried.
inline constexpr std::size_t attempts_max = 8;

// Looks `to` up and connects to one of its addresses. A host that begins with '_' is a service
// (SRV), whose targets say the ports too. `to` must live until the task ends.
// Errors: `unknown_host`, `name_lookup_failed`, `connect_failed`.
task<result<tcp_stream, transport_error>> connect_to(const origin* to, dns::resolver* names);

// The addresses in the order in which they are tried: families in turn, beginning with that of the
// first (RFC 8305 section 4).
void interleave_families(std::vector<address>& addresses);

// Connects to one of `candidates`: they are tried one after the other without waiting for the end
// of those before, and the first connection is kept.
task<result<tcp_stream, transport_error>> connect_to_any(std::vector<address> candidates);

}  // namespace ferrule
