#pragma once
/// @file
/// The seam between a connection and what gives its bytes a meaning. A protocol does no I/O: bytes
/// go in by `feed` and come out by `take_outgoing`, and it says until when it waits. HTTP/1.1 is
/// one; what a connection is upgraded to is another.
///
/// ```cpp
/// class echo final : public ferrule::net::protocol {  // sends back what it receives
///  public:
///   void feed(std::string_view bytes) noexcept override { out_.append(bytes); }
///   void feed_end() noexcept override { state_ = ferrule::net::protocol_state::ended; }
///   bool has_outgoing() const noexcept override { return !out_.empty(); }
///   void take_outgoing(ferrule::buffer& into) noexcept override { std::swap(into, out_); }
///   ferrule::net::protocol_state state() const noexcept override { return state_; }
///   void drain() noexcept override { state_ = ferrule::net::protocol_state::ended; }
///   void abort(ferrule::stop_reason) noexcept override { out_.clear(); }
///
///  private:
///   ferrule::buffer out_;
///   ferrule::net::protocol_state state_ = ferrule::net::protocol_state::open;
/// };
/// ```

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/stop.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule::net {

/// What a protocol stands on: a connection, or another protocol that carries its bytes.
class protocol_owner {
 public:
  protocol_owner() = default;
  explicit protocol_owner(const address& peer) noexcept : peer_(peer) {}

  /// To be called when there is something new outside of a call to the protocol: bytes to send,
  /// room for input, another deadline, or the end. The last thing that its caller does: the
  /// protocol may be gone when it returns.
  virtual void protocol_changed() noexcept = 0;

  /// Who is at the other end; null where there is no connection.
  const address* peer() const noexcept { return peer_.is_none() ? nullptr : &peer_; }

 protected:
  ~protocol_owner() = default;

  address peer_ = address::none();
};

/// How far a protocol has come.
enum class protocol_state : std::uint8_t {
  open,
  ended,     ///< it takes no more, and is given none: what is outgoing is sent, then FIN
  broken,    ///< FIN would make what was sent look whole: the connection is reset
  switched,  ///< once what is outgoing has been sent, another protocol goes on: `successor`
};

/// Whether a protocol in this state is told of input, its end and the drain.
constexpr bool listens(protocol_state state) noexcept {
  return state == protocol_state::open || state == protocol_state::switched;
}

/// What still runs of a protocol's work, for whoever waits for its end.
struct unfinished_work {
  std::size_t count = 0;
  const std::string_view* example = nullptr;  ///< what one of it is, as a constant
};

/// Gives the bytes of one connection a meaning. Its owner asks for `state`, `has_outgoing`,
/// `wants_input` and `deadline` after each call, and after `protocol_owner::protocol_changed`.
/// Thread rule: the reactor's thread.
class protocol {
 public:
  protocol() = default;
  protocol(const protocol&) = delete;
  protocol& operator=(const protocol&) = delete;
  /// Not while `busy`.
  virtual ~protocol() = default;

  /// For a successor: the connection is its own from here on; `owner` outlives it. Called once,
  /// before all else.
  virtual void start(protocol_owner& /*owner*/) noexcept {}

  /// Takes what arrived; `bytes` are not needed after the call.
  virtual void feed(std::string_view bytes) noexcept = 0;
  /// The peer will send no more.
  virtual void feed_end() noexcept = 0;
  /// False while it has enough: nothing is received then.
  virtual bool wants_input() const noexcept { return true; }

  virtual bool has_outgoing() const noexcept = 0;
  /// Moves what is to be sent into `into`, which is empty. Not again before `outgoing_sent`. For
  /// want of memory `into` may stay empty, and the connection is lost.
  virtual void take_outgoing(buffer& into) noexcept = 0;
  /// Takes back what `take_outgoing` gave, before `outgoing_sent`, or when nothing more is sent.
  virtual void take_back(buffer& taken) noexcept { taken = buffer(); }
  /// What was taken has been sent, as far as this side can know.
  virtual void outgoing_sent() noexcept {}

  /// When `on_deadline` is to be called; `no_deadline` if nothing is waited for. May move its
  /// clocks, for it is asked after everything that happens.
  virtual mono_time deadline() noexcept { return no_deadline; }
  /// The deadline has passed.
  virtual void on_deadline() noexcept {}

  virtual protocol_state state() const noexcept = 0;
  /// While something runs that refers to it: it must not be destroyed yet, though its connection
  /// may be gone.
  virtual bool busy() const noexcept { return false; }
  virtual unfinished_work unfinished() const noexcept { return {}; }

  /// Whether FIN now would make what was sent look whole though it lacks something: the rest of it,
  /// or bytes that were handed over but are `unsent` and will stay so.
  virtual bool fin_misleads(bool /*unsent*/) const noexcept { return false; }
  /// Ends when what was begun is done.
  virtual void drain() noexcept = 0;
  /// Nothing more comes or goes: the connection is lost, or is made to end. Stops what runs.
  virtual void abort(stop_reason reason) noexcept = 0;

  /// After `switched`: what goes on, once. `unread` gets the bytes received behind the switch,
  /// which are fed to it. Null for want of memory: the connection is lost.
  virtual std::unique_ptr<protocol> successor(buffer& /*unread*/) noexcept { return nullptr; }
};

/// What has happened to a connection that a protocol was not there for.
struct missed_events {
  std::string_view bytes{};  ///< that arrived
  bool peer_ended = false;
  bool drain = false;
};

/// Gives a successor its connection, and tells it what it has missed.
void start_successor(protocol& successor, protocol_owner& owner,
                     const missed_events& missed) noexcept;

/// Makes what stands on new connections.
class protocol_source {
 public:
  /// `owner` outlives what is made; `protocol::start` is not called for it. Throws std::bad_alloc.
  virtual std::unique_ptr<protocol> make(protocol_owner& owner) = 0;

 protected:
  ~protocol_source() = default;
};

}  // namespace ferrule::net
