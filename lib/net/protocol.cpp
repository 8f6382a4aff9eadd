#include "ferrule/net/protocol.hpp"

namespace ferrule::net {

void start_successor(protocol& successor, protocol_owner& owner,
                     const missed_events& missed) noexcept {
  successor.start(owner);
  if (!missed.bytes.empty() && listens(successor.state())) successor.feed(missed.bytes);
  if (missed.peer_ended && listens(successor.state())) successor.feed_end();
  if (missed.drain && listens(successor.state())) successor.drain();
}

}  // namespace ferrule::net
