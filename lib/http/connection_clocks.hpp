#pragma once
// How long a connection waits, and for what. Each direction has clocks of its own, so that what a
// client does in one buys it no time in the other.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/core/clock.hpp"
#include "ferrule/http/server_limits.hpp"
#include "ferrule/io/backend.hpp"

namespace ferrule::http {

/// What an event does to a clock while it runs.
enum class clock_effect : std::uint8_t {
  nothing,
  restarts,    // it has all of its time again
  earns,       // it has a little more, see `body_bytes_per_second_min`
  ends,        // it runs no more
  impossible,  // the event cannot happen then
};

/// One clock and what moves it.
struct clock_rule {
  std::string_view name;
  std::string_view limit;      // of server_limits
  std::string_view runs;       // from when
  clock_effect byte_received;  // that ends nothing that was waited for
  clock_effect part_taken;     // by the client, of what is being sent
  clock_effect handler_wrote;
  std::string_view then;
};

/// Which event moves which clock. `include/ferrule/http/README.md` shows it, and
/// tests/unit/http/connection_clocks_test.cpp does to a server what it says.
inline constexpr std::array<clock_rule, 7> clock_rules = [] {
  using enum clock_effect;
  return std::array<clock_rule, 7>{{
      {"head", "header_timeout",
       "the connection's opening or a head's first byte, and all being sent", nothing, impossible,
       impossible, "408, closed where none of a head came"},
      {"idle", "idle_timeout", "all of an answer being sent", ends, impossible, impossible,
       "closed"},
      {"body", "body_timeout", "a body being waited for", earns, nothing, nothing,
       "408, cut off once the response began"},
      {"handler", "handler_timeout", "a handler's start, but not while it waits for the body",
       nothing, nothing, ends, "503, 504 for the client's own time"},
      {"write", "write_timeout", "the sending of 64 KiB or less", nothing, restarts, nothing,
       "reset"},
      {"stream", "stream_idle_timeout", "all being sent that a handler wrote", nothing,
       impossible, restarts, "cut off"},
      {"linger", "linger_timeout", "FIN being sent", nothing, impossible, impossible, "closed"},
  }};
}();

/// What an engine waits for: `stream` is a handler that has begun its response.
enum class waiting_for : std::uint8_t { request, rest_of_head, body, handler, stream, nothing };

/// The clocks that an engine of HTTP/1 keeps; the handler's is kept by its request.
class engine_clocks {
 public:
  /// A connection is opened: it has sent nothing yet, and has as long as for a head.
  engine_clocks(mono_time now, const server_limits& limits) noexcept
      : input_(saturating_add(now, limits.header_timeout)) {}

  /// The engine waits for `waits` now, after `received_bytes`; with `new_request` a request began
  /// since the last call.
  void engine_waits(waiting_for waits, bool new_request, std::size_t received_bytes, mono_time now,
                    const server_limits& limits) noexcept;
  /// What it has to send was handed over.
  void send_started() noexcept { is_sending_ = true; }
  /// Everything that was handed over was taken.
  void all_sent(mono_time now, const server_limits& limits) noexcept;
  /// After an upgrade, where what is received counts like what is written.
  void stream_goes_on(mono_time now, const server_limits& limits) noexcept;

  /// Whether it is between requests, with nothing on its way, and since when.
  bool is_idle() const noexcept { return waited_for_ == waiting_for::request && !is_sending_; }
  mono_time idle_since(const server_limits& limits) const noexcept {
    return input_ == no_deadline ? mono_time::min() : input_ - limits.idle_timeout;
  }
  /// Until when the client has to have sent something; `no_deadline` where it need not.
  mono_time input_deadline() const noexcept {
    const bool runs = waited_for_ == waiting_for::body || (awaits_request() && !is_sending_);
    return runs ? input_ : no_deadline;
  }
  /// Until when a handler that streams has to have written something, or ended; likewise.
  mono_time stream_deadline() const noexcept {
    return waited_for_ == waiting_for::stream && !is_sending_ ? stream_ : no_deadline;
  }

 private:
  bool awaits_request() const noexcept {
    return waited_for_ == waiting_for::request || waited_for_ == waiting_for::rest_of_head;
  }
  void restart_input(mono_time now, const server_limits& limits) noexcept;
  std::chrono::nanoseconds left_for_body(std::size_t received_bytes, mono_time now,
                                         const server_limits& limits) const noexcept;

  // When it runs out. While neither a request nor a body is waited for: the epoch, and as much more
  // as the present request's body may still be waited for.
  mono_time input_;
  mono_time stream_{};  // when it runs out
  waiting_for waited_for_ = waiting_for::rest_of_head;
  bool is_sending_ = false;
};

/// The clock of a connection's output, whatever protocol stands on it.
class send_clock {
 public:
  bool is_sending() const noexcept { return state_ == state::sending || state_ == state::watched; }
  bool is_lingering() const noexcept { return state_ == state::lingering; }

  void send_started(mono_time now, const server_limits& limits) noexcept {
    state_ = state::sending;
    at_ = saturating_add(now, first_look(limits));
  }
  /// The deadline has passed while it sends: whether the client has taken enough meanwhile to have
  /// more time.
  bool may_go_on(const io::send_progress& taken, mono_time now,
                 const server_limits& limits) noexcept;
  void all_sent() noexcept { state_ = state::idle; }
  void fin_sent(mono_time now, const server_limits& limits) noexcept {
    state_ = state::lingering;
    at_ = saturating_add(now, limits.linger_timeout);
  }
  /// Until when the client has to have taken something, or closed its side.
  mono_time deadline() const noexcept { return state_ == state::idle ? no_deadline : at_; }

 private:
  enum class state : std::uint8_t { idle, sending, watched, lingering };

  // Not long after a send was begun, and not by the send, which mostly is over long before.
  static std::chrono::nanoseconds first_look(const server_limits& limits) noexcept {
    return limits.write_timeout / 8;
  }

  mono_time at_{};           // when it runs out, or what the client took is looked at
  std::uint32_t taken_ = 0;  // when it was looked at last: bytes, the lower 32 bits of it
  state state_ = state::idle;
};

}  // namespace ferrule::http
