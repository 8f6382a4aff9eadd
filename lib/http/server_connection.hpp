#pragma once
// One accepted connection: moves bytes between the backend and the protocol that stands on it, and
// wakes that when its time has come. HTTP/1.1 stands in place, and its calls are direct; whatever
// takes its place is called through `net::protocol`.

#include <memory>
#include <utility>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/net/protocol.hpp"
#include "http/connection_clocks.hpp"
#include "http/server_engine.hpp"

namespace ferrule::http {

// The operations of a connection. They are bases of it, so that its place tells whose each is
// without a pointer, of which ten thousand idle connections would have three each.
struct receive_operation : io::operation {
  using operation::operation;
};
struct send_operation : io::operation {
  using operation::operation;
};
struct close_operation : io::operation {
  using operation::operation;
};

class server_connection final : net::protocol_owner,
                                timer,
                                receive_operation,
                                send_operation,
                                close_operation {
 public:
  /// Owns itself from here on: it goes when the socket is closed and no handler runs.
  static void open(server& on, io::handle socket);

  using net::protocol_owner::peer;
  server::admission admitted() const noexcept { return admitted_; }

  ~server_connection();

  /// Ends when what was begun is answered, or when nothing more came in some time.
  void drain() noexcept;
  /// Ends now; handlers are stopped.
  void abort(stop_reason reason) noexcept;

  net::unfinished_work unfinished() const noexcept;

  server_connection* next = nullptr;
  server_connection** link = nullptr;

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* self, std::size_t bytes) noexcept {
    frame_pool::deallocate(self, bytes);
  }

 private:
  server_connection(server& on, io::handle socket);

  void protocol_changed() noexcept override { step(); }
  static void on_received(io::operation& op, const io::completion& c) noexcept;
  static void on_sent(io::operation& op, const io::completion& c) noexcept;
  static void on_closed(io::operation& op, const io::completion& c) noexcept;
  static void on_timer(timer& t) noexcept;

  template <class Call>
  decltype(auto) with_protocol(Call call) {
    return other_ == nullptr ? call(engine_) : call(*other_);
  }
  template <class Call>
  decltype(auto) with_protocol(Call call) const {
    return other_ == nullptr ? call(engine_) : call(std::as_const(*other_));
  }
  void step() noexcept;
  template <class Protocol>
  void step_open(Protocol& protocol) noexcept;
  void switch_protocol() noexcept;
  bool choose_protocol() noexcept;
  void send_part(char* from, std::size_t left) noexcept;
  void update_reading(bool wanted) noexcept;
  void finish() noexcept;
  enum class ending : std::uint8_t { fin, reset };
  void close(ending how) noexcept;
  void lose(stop_reason reason) noexcept;
  void fail(std::int32_t error) noexcept;
  void watch(mono_time deadline) noexcept;
  void judge_taking(mono_time now) noexcept;
  net::protocol_state state() const noexcept {
    return with_protocol([](const auto& protocol) { return protocol.state(); });
  }
  reactor& loop() const noexcept { return server_.loop_; }
  io::backend& io() const noexcept { return server_.loop_.io(); }
  const server_limits& limits() const noexcept { return server_.context_.limits; }

  // What every request needs stands together, for the cache's sake, and in the order that wastes
  // no room.
  server& server_;
  buffer sending_;
  iovec sending_part_{};
  [[no_unique_address]] send_clock send_clock_;
  server::admission admitted_;
  bool receiving_ = false;
  bool receive_cancelled_ = false;
  bool peer_ended_ = false;  // FIN arrived
  bool closing_ = false;
  bool closed_ = false;
  io::handle socket_;
  server_engine engine_;
  std::unique_ptr<net::protocol> other_;  // has taken the engine's place
};

}  // namespace ferrule::http
