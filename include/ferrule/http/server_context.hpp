#pragma once
/// @file
/// What all server connections of one reactor share: the service, the limits, the date, buffers
/// and counters.
///
/// ```cpp
/// ferrule::http::server_limits patient() {
///   ferrule::http::server_limits limits;
///   limits.idle_timeout = std::chrono::minutes(5);
///   return limits;
/// }
/// ```

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/chunked.hpp"
#include "ferrule/http/date.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/parser.hpp"

namespace ferrule::http {

/// What a client may ask of a server, and for how long. Each limit has a documented answer.
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
  /// From the first byte of a head, or from the opening of the connection, to its last. Then: 408.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  /// Between two arrivals of a body. Then: 408, or a closed connection once the answer began.
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(10);
  /// Between an answer and the next request. Then the connection closes.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(60);
  /// Without the client taking any byte of an answer. Then the connection is reset.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  /// How long a closed connection is read on, so that the last answer is not lost to a reset.
  std::chrono::nanoseconds linger_timeout = std::chrono::seconds(2);
};

/// What happened so far. Counted on one reactor.
struct server_counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t accepts_failed = 0;    ///< EMFILE and the like
  std::uint64_t requests = 0;          ///< heads that were complete and valid
  std::uint64_t requests_refused = 0;  ///< answered by the engine: malformed, too large, too slow
  std::uint64_t handlers_stopped = 0;  ///< handlers that were cancelled
};

/// The shared surroundings of one reactor's connections. Thread rule: the reactor's thread.
class server_context {
 public:
  server_context(service& answering, executor& on, const server_limits& with)
      : limits(with), service_(answering), loop_(on), fields_(with.head.header_count_max) {}
  server_context(const server_context&) = delete;
  server_context& operator=(const server_context&) = delete;

  service& handlers() noexcept { return service_; }
  executor& loop() noexcept { return loop_; }
  /// Where the parser puts fields; one head is parsed at a time.
  std::span<header_field> fields() noexcept { return fields_; }

  /// The Date field's value. The clock is read once a batch.
  std::string_view date() {
    if (const mono_time now = loop_.now(); now != date_read_) {
      date_read_ = now;
      date_text_ = date_.at(loop_.date());
    }
    return date_text_;
  }

  /// Makes `into` a buffer with some capacity, from the pool where possible. Idle connections hold
  /// none.
  void lend_buffer(buffer& into) {
    if (into.capacity() != 0) return;
    if (kept_buffers_.empty()) {
      into.reserve(buffer_bytes);
      return;
    }
    into = std::move(kept_buffers_.back());
    kept_buffers_.pop_back();
  }
  /// Takes a buffer back; large ones and those beyond the pool's size are freed.
  void take_back(buffer& from) {
    if (from.capacity() == 0) return;
    buffer taken = std::move(from);
    taken.clear();
    if (taken.capacity() <= kept_buffer_bytes_max && kept_buffers_.size() < kept_buffers_max) {
      kept_buffers_.push_back(std::move(taken));
    }
  }

  const server_limits limits;
  server_counters counters;

 private:
  static constexpr std::size_t buffer_bytes = 4096;
  static constexpr std::size_t kept_buffer_bytes_max = 16384;
  static constexpr std::size_t kept_buffers_max = 256;

  service& service_;
  executor& loop_;
  std::vector<header_field> fields_;
  std::vector<buffer> kept_buffers_;
  date_cache date_;
  mono_time date_read_ = mono_time::min();
  std::string_view date_text_;
};

}  // namespace ferrule::http
