#pragma once
/// @file
/// HTTP/1.1 service on one reactor: a listener, its connections, and an orderly end.
///
/// ```cpp
/// std::int32_t start(ferrule::http::server& server) {
///   return server.listen(ferrule::address::loopback_v4(0), {});  // 0, or -errno
/// }
/// ```

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ferrule/http/server_context.hpp"
#include "ferrule/io/reactor.hpp"
#include "ferrule/net/protocol.hpp"

namespace ferrule::http {

class group_member;
class server_connection;
class server_group;

/// Accepts connections and serves them with one `service`.
/// Shortage: when descriptors or memory run out it goes on with what it has. A connection that
/// cannot be accepted waits in the kernel and is tried again every 100 ms; one for which there is
/// no memory is closed, as is one whose read or write the kernel refuses (ENOBUFS, ENOMEM). All
/// are counted.
/// Thread rule: made, used and destroyed on the reactor's thread.
class server {
 public:
  /// Called once when draining has ended: no listener, no connection, no handler is left.
  using drained_function = void (*)(void* context) noexcept;

  /// `loop` and `handlers` must outlive the server.
  server(reactor& loop, service& handlers, const server_limits& limits = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Only when nothing was started, or after draining has ended.
  ~server();

  /// Listens and begins to accept. Returns 0, or -errno (-EADDRINUSE: the port is taken, or
  /// somebody listens at the path of the Unix socket).
  std::int32_t listen(const address& at, const io::socket_options& options);
  /// Has `source` make what stands on each new connection, instead of plain HTTP/1.1: that behind a
  /// filter (net/filtered.hpp), say, or another protocol. Before it listens; it must outlive this.
  void speak(net::protocol_source& source) noexcept { source_ = &source; }
  /// Makes HTTP/1.1 as this server speaks it, for such a source to build on.
  net::protocol_source& http1() noexcept { return http1_; }
  /// The same at a listening socket that was made elsewhere, and that goes on elsewhere when this
  /// is drained: what waits there then is left to whoever is next. Returns 0, or -errno, with which
  /// the descriptor stays the caller's.
  std::int32_t adopt(int listening);
  /// Shares connections with the other servers of `group`: see `server_group`. One that does not
  /// listen serves what the others hand over. Before its reactor runs; the group must outlive this.
  void join(server_group& group);
  /// Counts connections and what is held in memory against what others use too, which must outlive
  /// this. Before its reactor runs.
  void share(server_budget& connections, server_budget& memory) noexcept {
    context_.share(connections, memory);
  }
  /// What records of requests call its listener. Before its reactor runs; `name` must outlive it.
  void set_listener_name(std::string_view name) noexcept { context_.listener = name; }
  /// Where it listens, with the real port.
  const address& local() const noexcept { return local_; }
  bool listens() const noexcept { return listener_ != io::handle::none; }
  /// Ends listening before it has served anybody. Only what other processes see of it: the file of
  /// a Unix socket goes.
  void give_up() noexcept;

  /// Ends without losing what was accepted or received. First no new connection is begun at the
  /// listener; those whose handshake is under way, 50 ms at most, and those that wait there are
  /// still accepted, unless the listener was adopted: then they are left to the next. Handlers are
  /// told (see core/drain.hpp), and go on. Then the listener closes, and each connection's next
  /// answer says that it does, too. A connection on which nothing was asked yet has the time of a
  /// head, one between requests `drain_idle_timeout`. After `grace` what is left is cancelled.
  /// `done(context)` follows, perhaps before this returns.
  void drain(std::chrono::nanoseconds grace, drained_function done, void* context);
  bool draining() const noexcept { return draining_; }
  /// The handlers that run now, and the route of one of them.
  net::unfinished_work running() const noexcept;

  const server_counters& counters() const noexcept { return context_.counters; }

 private:
  friend group_member;
  friend server_connection;

  /// How a new connection is received: served, answered 503, or closed without a word.
  enum class admission : std::uint8_t { served, turned_away, refused };
  admission admit(const address& peer);
  void begin_at(io::handle listener);
  void start_accepting();
  void retry_accepting();
  void accept_rest() noexcept;
  void begin_closing() noexcept;
  void accepted(const io::completion& c) noexcept;
  void serve(io::handle socket) noexcept;
  /// Serves a connection that another server of the group has accepted.
  void take_over(std::int32_t descriptor) noexcept;
  void connection_gone(server_connection& gone) noexcept;
  void close_listener() noexcept;
  void finish_draining() noexcept;

  struct accept_operation : io::operation {
    using io::operation::operation;
    server* self = nullptr;
  };
  struct server_timer : timer {
    using timer::timer;
    server* self = nullptr;
  };

  struct http1_source final : net::protocol_source {
    explicit http1_source(server_context& with) noexcept : context(with) {}
    std::unique_ptr<net::protocol> make(net::protocol_owner& owner) override;
    server_context& context;
  };

  reactor& loop_;
  server_context context_;
  http1_source http1_{context_};
  net::protocol_source* source_ = nullptr;  // of what stands on connections; none: plain HTTP/1.1
  address local_;
  io::handle listener_ = io::handle::none;
  accept_operation accept_;
  accept_operation close_;
  server_timer retry_;  // after the kernel refused to accept; while draining, of the last accepts
  server_timer grace_;
  server_connection* first_ = nullptr;
  group_member* group_ = nullptr;   // only where connections are shared
  std::uint32_t turned_away_ = 0;   // and not gone yet
  bool accepting_ = false;
  bool adopted_ = false;
  bool closing_listener_ = false;
  bool draining_ = false;
  drained_function drained_ = nullptr;
  void* drained_context_ = nullptr;
};

}  // namespace ferrule::http
