#pragma once
// What tests of the simulated world share: an operation that records how it went.
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// An operation that keeps everything it is told.
struct recorded : io::operation {
  recorded() : operation(on_done) {}

  static void on_done(io::operation& op, const io::completion& c) noexcept {
    auto& self = static_cast<recorded&>(op);
    self.results.push_back(c.result);
    self.bytes.append(reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size());
    if (!c.more) ++self.ends;
  }

  bool ended() const { return ends == 1; }
  std::int32_t last() const { return results.empty() ? -EINPROGRESS : results.back(); }

  std::vector<std::int32_t> results;
  std::string bytes;
  unsigned ends = 0;
};

inline std::span<std::byte> writable(std::string& s) {
  return std::as_writable_bytes(std::span(s));
}
inline std::span<const std::byte> readable(std::string_view s) {
  return std::as_bytes(std::span(s));
}
inline iovec part(std::string_view s) { return {const_cast<char*>(s.data()), s.size()}; }

/// A send that owns what it sends.
struct sent : recorded {
  sent(io::backend& io, io::handle socket, std::string text) : text_(std::move(text)) {
    io.send(*this, socket, {&part_, 1});
  }

 private:
  std::string text_;
  iovec part_ = part(text_);
};

/// A world with a server at 10.0.0.1 and a client at 10.0.0.2.
struct two_hosts {
  explicit two_hosts(std::uint64_t seed = 1) : world(seed) {}

  sim_world world;
  io::backend& server = world.add_host("10.0.0.1").io();
  io::backend& client = world.add_host("10.0.0.2").io();

  /// Listens on `port` of the server.
  io::handle listen(std::uint16_t port, const io::socket_options& options = {}) {
    return io::handle{server.listen(*address::parse("10.0.0.1", port), options)};
  }
  /// A socket of the client, being connected to the server by `op`.
  io::handle connect(io::operation& op, std::uint16_t port) {
    const io::handle socket{client.open(AF_INET, SOCK_STREAM)};
    client.connect(op, socket, *address::parse("10.0.0.1", port));
    return socket;
  }
  /// Runs until `op` has ended, an hour at most.
  bool ends(const recorded& op) {
    return world.run_until([&op] { return op.ended(); });
  }
  std::int32_t close(io::backend& io, io::handle socket) {
    recorded closing;
    io.close(closing, socket);
    return ends(closing) ? closing.last() : -ETIME;
  }
};

/// Two hosts with a connection between them.
struct connected_hosts : two_hosts {
  explicit connected_hosts(std::uint64_t seed = 1, const io::socket_options& options = {})
      : two_hosts(seed), listener(listen(80, options)) {
    server.accept_start(accept, listener);
    recorded connecting;
    at_client = connect(connecting, 80);
    world.run_until([&] { return connecting.ended() && !accept.results.empty(); });
    if (connecting.last() == 0 && accept.last() >= 0) at_server = io::handle{accept.last()};
  }

  io::handle listener;
  recorded accept;
  io::handle at_client = io::handle::none;
  io::handle at_server = io::handle::none;
};

}  // namespace ferrule::test
