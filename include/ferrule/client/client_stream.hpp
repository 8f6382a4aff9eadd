#pragma once
/// @file
/// A request and its response whose bodies are too large, or too slow, to be kept whole.
///
/// ```cpp
/// ferrule::task<std::size_t> size_of(ferrule::client_pool& pool, const ferrule::origin& server) {
///   auto opened = co_await pool.open(server, {.target = "/export"});
///   std::size_t bytes = 0;
///   while (opened) {
///     const auto part = co_await opened->read();
///     if (!part || part->empty()) break;
///     bytes += part->size();
///   }
///   co_return bytes;
/// }
/// ```
///
/// Nothing is read before it is asked for, and nothing is produced faster than it is sent, so that
/// the slower side sets the pace.

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "ferrule/client/client_pool.hpp"

namespace ferrule {

/// A connection in use. It is kept for another request when both bodies were gone through to their
/// ends before the stream dies, else closed. Each step may take `part_timeout` of the pool, or
/// until the deadline of the awaiting task if that is earlier: `timeout`. After an error the stream
/// is of no further use. A stream must neither move nor die while one of its tasks runs, and must
/// die before its pool. Cancellation of each task: unwinds, and the stream is of no further use.
/// Thread rule: the reactor's thread. Reading and writing may go on at the same time.
class client_stream {
 public:
  struct state;
  /// More than this no body can be: it is not limited.
  static constexpr std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();

  /// For the pool.
  explicit client_stream(std::unique_ptr<state> opened) noexcept;
  client_stream(client_stream&&) noexcept;
  client_stream& operator=(client_stream&&) noexcept;
  ~client_stream();

  // Of the request; only after `client_pool::upload`.

  /// Sends the next part of the body, and ends when the kernel has taken it, or the server has
  /// answered that it wants no more.
  /// Errors: `closed_early`: the server reads no further, and may have answered: see `head`;
  /// `invalid_request`: more than was announced.
  task<result<void, transport_failure>> write(std::string_view part);
  /// Ends the body. Errors: as `write`; less than was announced is `invalid_request` too.
  task<result<void, transport_failure>> finish();

  // Of the response.

  /// The status of the response; 0 until `head` was read, as after `client_pool::open` it was.
  int status() const noexcept;
  /// The head of the final response; its views live as long as the stream.
  task<result<response_head, transport_failure>> head();
  /// The next part of the body, in a view that lives until the next `read`; empty at the end.
  /// Trailer fields are checked and dropped. The body as a whole is not limited. Errors:
  /// `closed_early`, `malformed`, and those of `head`.
  task<result<std::string_view, transport_failure>> read();

 private:
  std::unique_ptr<state> state_;
};

}  // namespace ferrule
