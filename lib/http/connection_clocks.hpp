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
#include "ferrule/http/server_engine.hpp"
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

/// The clocks that a connection keeps; the handler's is kept by its engine.
class connection_clocks {
 public:
  using waiting_for = server_engine::waiting_for;

  /// A connection is opened: it has sent nothing yet, and has as long as for a head.
  connection_clocks(mono_time now, const server_limits& limits) noexcept
      : input_(saturating_add(now, limits.header_timeout)) {}

  bool is_sending() const noexcept {
    return output_state_ == output::sending || output_state_ == output::watched;
  }
  bool is_lingering() const noexcept { return output_state_ == output::lingering; }

  /// The engine waits for `waits` now, after `received_bytes`; with `new_request` a request began
  /// since the last call.
  void engine_waits(waiting_for waits, bool new_request, std::size_t received_bytes, mono_time now,
                    const server_limits& limits) noexcept;
  void send_started(mono_time now, const server_limits& limits) noexcept {
    output_state_ = output::sending;
    output_ = saturating_add(now, first_look(limits));
  }
  /// The output deadline has passed while it sends: whether the client has taken enough meanwhile
  /// to have more time.
  bool may_go_on(const io::send_progress& taken, mono_time now,
                 const server_limits& limits) noexcept;
  /// Everything that was handed over was taken.
  void all_sent(mono_time now, const server_limits& limits) noexcept;
  void fin_sent(mono_time now, const server_limits& limits) noexcept {
    output_state_ = output::lingering;
    output_ = saturating_add(now, limits.linger_timeout);
  }

  /// Whether it is between requests, with nothing on its way, and since when.
  bool is_idle() const noexcept {
    return waited_for_ == waiting_for::request && output_state_ == output::idle;
  }
  mono_time idle_since(const server_limits& limits) const noexcept {
    return input_ == no_deadline ? mono_time::min() : input_ - limits.idle_timeout;
  }
  /// Until when the client has to have sent something; `no_deadline` where it need not.
  mono_time input_deadline() const noexcept {
    const bool runs = waited_for_ == waiting_for::body || (awaits_request() && !is_sending());
    return runs ? input_ : no_deadline;
  }
  /// Until when it has to have taken, or the handler written, something, or closed its side;
  /// `no_deadline` likewise.
  mono_time output_deadline() const noexcept {
    const bool runs = output_state_ != output::idle || waited_for_ == waiting_for::stream;
    return runs ? output_ : no_deadline;
  }

 private:
  enum class output : std::uint8_t { idle, sending, watched, lingering };

  // Not long after a send was begun, and not by the send, which mostly is over long before.
  static std::chrono::nanoseconds first_look(const server_limits& limits) noexcept {
    return limits.write_timeout / 8;
  }

  bool awaits_request() const noexcept {
    return waited_for_ == waiting_for::request || waited_for_ == waiting_for::rest_of_head;
  }
  void restart_input(mono_time now, const server_limits& limits) noexcept;
  std::chrono::nanoseconds left_for_body(std::size_t received_bytes, mono_time now,
                                         const server_limits& limits) const noexcept;

  // When it runs out. While neither a request nor a body is waited for: the epoch, and as much more
  // as the present request's body may still be waited for.
  mono_time input_;
  mono_time output_{};  // when it runs out, or what the client took is looked at
  std::uint32_t taken_ = 0;  // when it was looked at last: bytes, the lower 32 bits of it
  waiting_for waited_for_ = waiting_for::rest_of_head;
  output output_state_ = output::idle;
};

}  // namespace ferrule::http
