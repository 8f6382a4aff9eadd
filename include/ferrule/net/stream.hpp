#pragma once
/// @file
/// A TCP connection for coroutines: connect, read, write, and an end that is never forgotten.
///
/// ```cpp
/// ferrule::task<bool> greets(ferrule::address server) {
///   auto connected = co_await ferrule::tcp_stream::connect(server);
///   if (!connected) co_return false;
///   ferrule::tcp_stream stream = std::move(*connected);
///   const auto written = co_await stream.write("hello");
///   co_await stream.close();
///   co_return written.has_value();
/// }
/// ```
///
/// Source: RFC 9293; errors are those of connect(2), recv(2) and send(2).

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/address.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// A connected socket. One read and one write may be under way at a time; while one is, the stream
/// must neither move nor die. Errors are error codes of the system category, which compare with
/// `std::errc`. When a task is cancelled the stream stays open; how much of a cancelled write was
/// sent is not known.
/// Thread rule: the reactor's thread.
class tcp_stream {
 public:
  /// Takes over a connected socket of `loop`, which must outlive the stream.
  tcp_stream(reactor& loop, io::handle socket) noexcept : loop_(&loop), socket_(socket) {}
  tcp_stream(tcp_stream&& other) noexcept
      : loop_(other.loop_), socket_(std::exchange(other.socket_, io::handle::none)) {
    other.assert_idle();
  }
  tcp_stream& operator=(tcp_stream&& other) noexcept {
    assert_idle();
    other.assert_idle();
    std::swap(loop_, other.loop_);
    std::swap(socket_, other.socket_);
    return *this;
  }
  /// Closes at once; `close` does not hold up the thread for it.
  ~tcp_stream() {
    assert_idle();
    if (is_open()) loop_->io().drop(socket_);
  }

  /// Connects to `to` with TCP_NODELAY set, and watched for a peer that vanishes as connections are
  /// that a listener accepts (`io::socket_options`).
  /// Errors: std::errc::connection_refused, timed_out …
  /// Cancellation: gives the attempt up, closes its socket and unwinds.
  static task<result<tcp_stream, std::error_code>> connect(address to);

  /// Reads what is there, at most `into.size()` bytes, waiting for the first of them. 0: the peer
  /// will send no more (FIN). `into` must live until the end of the task.
  /// Cancellation: unwinds; no bytes are lost by it.
  task<result<std::size_t, std::error_code>> read(std::span<std::byte> into);
  /// Writes all of `bytes`, then all of `more`, which saves joining them. Both must live until the
  /// end of the task. Cancellation: unwinds, after any part was sent.
  task<result<void, std::error_code>> write(std::string_view bytes, std::string_view more = {});
  /// Sends FIN: nothing more will be written. Reading goes on.
  void shutdown_send() noexcept;
  /// Closes, and ends when the socket is closed. Cancellation: a stop that was requested before
  /// unwinds, and leaves closing to the destructor; a later one changes nothing.
  task<> close();

  bool is_open() const noexcept { return socket_ != io::handle::none; }
  reactor& loop() const noexcept { return *loop_; }
  /// For operations of one's own; it stays the stream's.
  io::handle socket() const noexcept { return socket_; }
  /// Gives the socket away: the stream is closed then, and the socket still open.
  io::handle release() noexcept {
    assert_idle();
    return std::exchange(socket_, io::handle::none);
  }
  /// The socket's own address or the peer's.
  result<address, std::error_code> local() const;
  result<address, std::error_code> peer() const;

 private:
  class claim;

  void assert_idle() const noexcept {
    FERRULE_ASSERT(!reading_ && !writing_, "a stream moved or died while in use");
  }

  reactor* loop_;
  io::handle socket_;
  bool reading_ = false;
  bool writing_ = false;
};

}  // namespace ferrule
