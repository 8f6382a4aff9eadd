#pragma once
// From an origin to a connected stream.

#include "ferrule/client/origin.hpp"
#include "ferrule/client/transport.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule {

// Connects to one of the addresses of `to`, which must live until the task ends.
// Errors: `unknown_host`, `connect_failed`.
task<result<tcp_stream, transport_error>> connect_to(const origin* to);

}  // namespace ferrule
