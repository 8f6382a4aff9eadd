#pragma once
/// @file
/// One request to one server, and its response or the reason why there is none. What stands behind
/// it is a pool of connections, or a stand-in in a test; retries, breakers and balancing are built
/// on top of it. What a transport does is to open a stream; a whole response is what was read of
/// it.
///
/// ```cpp
/// ferrule::task<int> health_of(ferrule::transport& network, const ferrule::origin& server) {
///   auto answered = co_await network.send(server, {.target = "/health"});
///   co_return answered ? answered->status() : 0;
/// }
/// ```

#include <chrono>
#include <cstdint>

#include "ferrule/client/client_stream.hpp"
#include "ferrule/client/origin.hpp"
#include "ferrule/client/transport_error.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/client_connection.hpp"

namespace ferrule {

/// How far a request has come.
enum class send_stage : std::uint8_t {
  waiting,     ///< in this side's own queue for a connection
  connecting,  ///< looking the name up included
  sent,        ///< there is a connection, and the request is on its way
};

/// The times of one try, and how far it came. Whoever sends hands it in and reads it afterwards,
/// be the try ended, cancelled or out of time.
struct send_watch {
  /// For connecting to an address: `connect_timeout`. A name has all the time that the transport
  /// gives it, since it has to be looked up and may have many.
  std::chrono::nanoseconds connect_within = std::chrono::nanoseconds::max();
  /// From the moment when there is a connection: `timeout`.
  std::chrono::nanoseconds answer_within = std::chrono::nanoseconds::max();
  send_stage stage = send_stage::waiting;
  mono_time since{};  ///< when the stage began; of `waiting`, nothing

  /// The request is on its way.
  void note_sent(mono_time now) noexcept {
    stage = send_stage::sent;
    since = now;
  }
  /// When the time for the response of a request on its way is up.
  mono_time answer_by() const noexcept { return saturating_add(since, answer_within); }
};

/// Sends requests. `what` and `to` are read until the task has ended, as are all views in them.
/// Thread rule: the reactor's thread.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  /// One try, and a conversation: sends `what` to `to`, once, and gives the stream. Of a whole
  /// request the head of the response has been read, and `watch` gives the time until then. Of one
  /// whose body is `streamed` its head has been sent; the head of the response is yet to be read.
  /// An empty `what.host` is filled in from `to`. `watch` must live until the task has ended. What
  /// has no connections and no queue is `sent` from the beginning on: see `note_sent`.
  /// Ends by the deadline of the awaiting task's environment, as `timeout`.
  /// Cancellation: ends this request's work and no other's; unwinds. The connection it used is
  /// closed.
  virtual task<result<client_stream, transport_failure>> open_within(const origin& to,
                                                                     http::client_request what,
                                                                     send_watch* watch) = 0;
  /// The same without times of its own.
  task<result<client_stream, transport_failure>> open(const origin& to, http::client_request what);

  /// One try: the whole response, collected from a stream. The times of `watch` are for all of it.
  /// A request whose body is `streamed` is an `invalid_request`. Cancellation: as with `open`.
  virtual task<result<http::client_response, transport_failure>> send_within(
      const origin& to, http::client_request what, send_watch* watch);
  /// The same without times of its own.
  virtual task<result<http::client_response, transport_failure>> send(const origin& to,
                                                                      http::client_request what);
};

}  // namespace ferrule
