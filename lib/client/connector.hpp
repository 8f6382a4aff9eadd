#pragma once
// From an origin to a connected stream.

#include <chrono>
#include <system_error>
#include <vector>

#include "client/address_spread.hpp"
#include "ferrule/client/origin.hpp"
#include "ferrule/client/transport.hpp"
#include "ferrule/dns/resolver.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule {

// How long one address may keep the next from being tried (RFC 8305 section 5): as the time there
// is allows all of them a turn, within these bounds.
inline constexpr std::chrono::milliseconds attempt_delay{250};
inline constexpr std::chrono::milliseconds attempt_delay_min{100};
// A name may have any number of addresses; beyond these none is tried.
inline constexpr std::size_t attempts_max = 8;

struct connected_stream {
  tcp_stream stream;
  address at;
};
using connect_result = result<connected_stream, transport_error>;

// Looks `to` up and connects to one of its addresses, in the order of `spread`. A host that begins
// with '_' is a service (SRV), whose targets say the ports too. All must live until the task ends.
// Errors: `unknown_host`, `name_lookup_failed`, `no_resources`, `connect_failed`.
task<connect_result> connect_to(const origin* to, dns::resolver* names, address_spread* spread);

// Connects to one of `candidates`: they are tried one after the other without waiting for the end
// of those before, and the first connection is kept. `spread` is told how each went.
task<connect_result> connect_to_any(std::vector<address> candidates, address_spread* spread);

// Whether connecting failed for want of something on this side, or by the server's doing.
transport_error connect_error(const std::error_code& failed) noexcept;

}  // namespace ferrule
