#pragma once
/// @file
/// The transport's seam: what changes bytes on their way between a socket and a protocol, without
/// any I/O of its own, as TLS does. A connection without one is plain.
///
/// ```cpp
/// class inverted final : public ferrule::net::byte_filter {  // each bit the other way round
///  public:
///   step receive(std::string_view wire, ferrule::buffer& plain, ferrule::buffer&) override {
///     invert(wire, plain);
///     return step::goes_on;
///   }
///   void send(std::string_view plain, ferrule::buffer& outgoing) override {
///     invert(plain, outgoing);
///   }
///
///  private:
///   static void invert(std::string_view from, ferrule::buffer& to) {
///     for (const char c : from) to.append(static_cast<char>(~c));
///   }
/// };
/// ```

#include <cstdint>
#include <string_view>

#include "ferrule/core/buffer.hpp"

namespace ferrule::net {

/// One connection's bytes in both directions, on the side of a server or of a client. Whatever it
/// throws, the connection is lost, and what is no std::bad_alloc is logged. Thread rule: the
/// reactor's thread.
class byte_filter {
 public:
  /// What came of what was received.
  enum class step : std::uint8_t {
    goes_on,
    ended,   ///< the peer has said that nothing more follows
    failed,  ///< nothing can be understood any more: what is outgoing is sent, and it ends
  };

  byte_filter() = default;
  byte_filter(const byte_filter&) = delete;
  byte_filter& operator=(const byte_filter&) = delete;
  virtual ~byte_filter() = default;

  /// Before anything arrives: what this side has to say first.
  virtual void begin(buffer& /*outgoing*/) {}
  /// Whether both sides have agreed, so that `send` may be called. May change in `receive` alone.
  virtual bool is_ready() const noexcept { return true; }
  /// Takes what arrived, all of it. Appends what it carries to `plain`, and what has to be said to
  /// the peer because of it to `outgoing`. A peer that does not take what is said to it is not
  /// received from.
  virtual step receive(std::string_view wire, buffer& plain, buffer& outgoing) = 0;
  /// Appends what carries `plain`, 64 KiB at most, to `outgoing`: all of it, for nobody asks later
  /// for what was held back.
  virtual void send(std::string_view plain, buffer& outgoing) = 0;
  /// Nothing more will be sent: appends what tells the peer so.
  virtual void send_end(buffer& /*outgoing*/) {}
};

}  // namespace ferrule::net
