#pragma once
// Clients that pipeline whatever their script says over a network with faults, and what a server
// owes them all the same. The script is bytes: a fuzzer's input, or random ones.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ferrule::test {

/// How a storm went.
struct storm_report {
  std::string wrong;  ///< the first thing that must not be; empty when all is well
  unsigned asked = 0;
  unsigned answered = 0;
  unsigned refused = 0;  ///< malformed requests that were answered as such
  unsigned connections = 0;
  unsigned undisturbed = 0;  ///< connections on which everything had to be answered
};

/// Runs the world that `script` describes to its end: up to four clients, each with some
/// connections one after the other, each connection with some requests, cut into pieces, and
/// perhaps a fault. Checks that
/// - every request is answered once, in order, and with its own token; all of them on a connection
///   without a fault;
/// - after a malformed request the connection ends, with one answer that says so;
/// - in the end no connection, no handler and no coroutine is left.
storm_report run_storm(std::span<const std::uint8_t> script);

}  // namespace ferrule::test
