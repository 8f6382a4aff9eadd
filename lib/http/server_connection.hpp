#pragma once
// One accepted connection: moves bytes between the backend and a server_engine, and keeps time.

#include <array>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/http/server_engine.hpp"
#include "http/connection_clocks.hpp"

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

class server_connection final : engine_owner,
                                timer,
                                receive_operation,
                                send_operation,
                                close_operation {
 public:
  /// Owns itself from here on: it goes when the socket is closed and no handler runs.
  static void open(server& on, io::handle socket);

  const address& peer() const noexcept { return peer_; }
  server::admission admitted() const noexcept { return admitted_; }

  ~server_connection() {
    loop().disarm(*this);
    server_.context_.take_back_sent(sending_);
  }

  /// Ends when what was begun is answered, or when nothing more came in some time.
  void drain() noexcept;
  /// Ends now; handlers are stopped.
  void abort(stop_reason reason) noexcept;

  /// The route whose handler runs; null when none does.
  const route_traits* running() const noexcept { return engine_.running(); }

  server_connection* next = nullptr;
  server_connection** link = nullptr;

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* self, std::size_t bytes) noexcept {
    frame_pool::deallocate(self, bytes);
  }

 private:
  server_connection(server& on, io::handle socket);

  void engine_changed() noexcept override;
  static void on_received(io::operation& op, const io::completion& c) noexcept;
  static void on_sent(io::operation& op, const io::completion& c) noexcept;
  static void on_closed(io::operation& op, const io::completion& c) noexcept;
  static void on_timer(timer& t) noexcept;

  void step() noexcept;
  void start_send() noexcept;
  void send_part(char* from, std::size_t left) noexcept;
  void update_reading() noexcept;
  void finish() noexcept;
  enum class ending : std::uint8_t { fin, reset };
  void close(ending how) noexcept;
  void lose(stop_reason reason) noexcept;
  void fail(std::int32_t error) noexcept;
  void note_waits(std::size_t received_bytes = 0) noexcept;
  mono_time deadline() const noexcept;
  mono_time input_deadline() const noexcept;
  void watch_deadline() noexcept;
  void time_out() noexcept;
  void judge_taking(mono_time now) noexcept;
  reactor& loop() const noexcept { return server_.loop_; }
  io::backend& io() const noexcept { return server_.loop_.io(); }
  const server_limits& limits() const noexcept { return server_.context_.limits; }

  server& server_;
  io::handle socket_;
  address peer_;
  // What every request needs stands together, for the cache's sake, and in the order that wastes
  // no room.
  server::admission admitted_;
  bool receiving_ = false;
  bool receive_cancelled_ = false;
  bool peer_ended_ = false;  // FIN arrived
  bool closing_ = false;
  bool closed_ = false;
  buffer sending_;
  iovec sending_part_{};
  connection_clocks clocks_;
  server_engine engine_;
};

}  // namespace ferrule::http
