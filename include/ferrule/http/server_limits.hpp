#pragma once
/// @file
/// What a client may ask of a server, and for how long. Every limit has a name, a default and a
/// documented answer.
///
/// ```cpp
/// ferrule::http::server_limits patient() {
///   ferrule::http::server_limits limits;
///   limits.idle_timeout = std::chrono::minutes(5);
///   return limits;
/// }
/// ```
///
/// Whatever is refused closes its connection after the answer; the answer is not lost to a reset.
/// A 503 carries Retry-After.
///
/// What one connection can cost follows from what it sent: each byte is looked at at most four
/// times, and memory grows with what arrived, to at most twice what the limits let it keep.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ferrule/http/chunked.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/io/network.hpp"

namespace ferrule::http {

/// The limits of a service's connections, and whom it believes. A table or a route may set its
/// own body size and handler time, see route/limits.hpp.
struct server_limits {
  head_limits head{};    ///< 414 and 431, see there
  chunk_limits chunk{};  ///< 400 and 431, see there
  /// The body of a request, unless its route says otherwise. More: 413.
  std::uint64_t body_bytes_max = 1U << 20U;
  /// How much of a body nobody wanted is dropped to keep a connection; with more it closes after
  /// the answer.
  std::uint64_t drop_bytes_max = 64U << 10U;
  /// Received and not yet wanted: a connection with more is not read until the handler catches up.
  std::size_t input_bytes_max = 64U << 10U;
  /// Answered and not yet taken by the client: with more, no further request is begun and
  /// streaming handlers wait.
  std::size_t output_bytes_max = 64U << 10U;
  /// Of the process's bodies and answers, all together: those that take more than 16 KiB of memory
  /// each, and what decodes compressed bodies. What would be more is answered 503, be it a body
  /// that arrives or is decoded, an answer that was made, or one that begins to stream; so a body
  /// larger than this is never taken.
  std::uint64_t held_bytes_max = 256U << 20U;
  /// Pipelined requests that are answered before the answers are sent: those behind them wait, so
  /// that one connection does not keep a reactor to itself.
  std::uint32_t pipelined_max = 64;

  /// Who is believed when a request says by when, in which trace and with how many retries it is
  /// made: the fields of http/propagation.hpp, which are as if not there from anybody else. None by
  /// default: whoever is believed has retries made, traces sampled and calls cut short as he likes,
  /// and neither loopback nor a private network tells a service of ours from a proxy that hands on
  /// what strangers sent. "unix" among the networks are the clients of Unix sockets.
  network_list trusted_peers{};

  /// Connections of the process that are open at once. Further ones: 503, as the answer to
  /// whatever they ask.
  std::uint32_t connections_max = 65536;
  /// The same from one IPv4 address or one IPv6 network of 64 bits; 0: no limit of its own. Clients
  /// of a Unix socket have no address, and are not limited so.
  std::uint32_t connections_per_address_max = 0;
  /// Requests of one connection; the last answer says that it closes. 0: no limit.
  std::uint32_t requests_per_connection_max = 0;

  /// From the first byte of a head, or from the opening of the connection, to its last. Then: 408,
  /// or the connection closes if there was no first byte: an empty line is none.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  /// The time a body may be waited for without any of it arriving. Then: 408, or a closed
  /// connection once the answer began.
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(10);
  /// What a body must bring, once `body_timeout` has been waited for it in all: each byte earns
  /// the time in which it is due, and with none left it is too late as above. 0: no minimum.
  std::uint32_t body_bytes_per_second_min = 240;
  /// Between an answer and the next request. Then the connection closes. Longer than the 60 s after
  /// which most balancers close theirs, so that it is not ours that closes while a request is on
  /// its way.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
  /// While the server drains: how long a connection on which requests were answered may bring one
  /// more, so that what its client has just sent is not lost. Then it closes.
  std::chrono::nanoseconds drain_idle_timeout = std::chrono::milliseconds(500);
  /// From a complete head to the beginning of a coroutine's answer, unless its route says
  /// otherwise; the handler sees its end as its `deadline`. Time in which it waits for more of a
  /// streamed body is not counted, for that is limited by `body_timeout`. Then it is stopped: 503.
  /// 0: no limit. A client's Request-Timeout-Ms makes it shorter, never longer, and the answer then
  /// is 504; it is counted from the head, whatever is waited for.
  std::chrono::nanoseconds handler_timeout = std::chrono::seconds(60);
  /// For the client to take `output_bytes_max` of a response, or the rest of it: 2.2 kB/s, by what
  /// its kernel acknowledges. Whoever took less has as much less time for what follows; then the
  /// connection is reset. A kernel whose window was full acknowledges in steps, which over
  /// the loopback are as large as its receive buffer, and a step must not be longer in coming than
  /// this either. Beyond two minutes, `io::socket_options::unacknowledged_s` has to be raised too.
  /// Of a Unix socket Linux does not tell it: there the kernel has to have room again in this time,
  /// for which three quarters of its buffer, of 208 KiB, have to be taken.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  /// After the beginning of an answer, the time in which its handler neither writes, nor ends, nor
  /// waits for more of a streamed body. Then it is stopped, and its response cut off if that lacks
  /// something. Five minutes, for whoever keeps a quiet stream open on purpose has to write
  /// something each minute anyway, lest a balancer on the way closes it. After an upgrade, the time
  /// in which neither side sends anything. 0: no limit.
  std::chrono::nanoseconds stream_idle_timeout = std::chrono::minutes(5);
  /// How long a closed connection is read on, so that the last answer is not lost to a reset.
  /// Nothing makes it longer.
  std::chrono::nanoseconds linger_timeout = std::chrono::seconds(2);
};

/// What happened so far. Counted on one reactor.
struct server_counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_refused = 0;  ///< beyond `connections_max` or that of their address
  std::uint64_t accepts_failed = 0;       ///< EMFILE and the like
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_held = 0;        ///< now, by bodies and answers of more than 16 KiB
  std::uint64_t bytes_scanned = 0;     ///< by parsers: heads, chunked framing and bodies
  std::uint64_t requests = 0;          ///< heads that were complete and valid
  std::uint64_t requests_refused = 0;  ///< answered by the engine: malformed, too large, too slow
  std::uint64_t handlers_stopped = 0;  ///< handlers that were cancelled
  /// Connections closed for want of memory, the process's own or the kernel's for their socket.
  std::uint64_t out_of_memory = 0;
};

}  // namespace ferrule::http
