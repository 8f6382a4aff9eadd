#pragma once
/// @file
/// A request and its response while they are under way: what a transport opens, and what whole
/// responses are collected from.
///
/// ```cpp
/// #include "ferrule/client/client_pool.hpp"
///
/// ferrule::task<std::size_t> size_of(ferrule::client_pool& pool, const ferrule::origin& server) {
///   auto answer = co_await pool.open(server, {.target = "/export"});
///   if (!answer) co_return 0;
///   std::size_t bytes = 0;
///   while (auto part = co_await answer->read()) bytes += part->size();
///   co_return answer->failure() == nullptr ? bytes : 0;  // it may have ended before its end
/// }
/// ```
///
/// Nothing is received before it is asked for, and nothing is produced faster than it is sent, so
/// that the slower side sets the pace, and memory holds one part: of a connection, 8 KiB at most.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "ferrule/client/transport_error.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/client_connection.hpp"

namespace ferrule {

/// What a transport makes for a stream; it ends the conversation when it dies. No other function is
/// called while a task runs, but that one reads while another writes. After a failure no more is
/// asked of that direction. Cancellation of each task: unwinds, and the conversation is of no
/// further use.
class stream_source {
 public:
  stream_source() = default;
  stream_source(const stream_source&) = delete;
  stream_source& operator=(const stream_source&) = delete;
  virtual ~stream_source() = default;

  /// Sends a part of the request's body, and ends when it was taken. Errors: as
  /// `client_stream::write`; by default `invalid_request`, for there is nothing to write to.
  virtual task<result<void, transport_failure>> write(std::string_view part);
  virtual task<result<void, transport_failure>> finish(std::span<const header_field> trailers);

  /// The head, once it has come; it lasts as long as the source.
  virtual const response_head* known_head() const noexcept = 0;
  /// Waits for it. Not called when it has come.
  virtual task<result<void, transport_failure>> wait_for_head();
  /// The next part of the body, after the head, in a view that lives until the next call; empty at
  /// the end.
  virtual task<result<std::string_view, transport_failure>> read() = 0;
  /// The fields behind the body, at its end; they last as long as the source.
  virtual std::span<const header_field> trailers() { return {}; }
  /// Drops what has come of the body and waits for nothing: whether it was all there is, and of the
  /// request nothing is left to be sent either.
  virtual bool pass_over() noexcept { return false; }
  /// What may be collected of a body. More is `too_large`.
  virtual std::uint64_t whole_bytes_max() const noexcept {
    return http::client_limits{}.body_bytes_max;
  }
};

/// A request whose response is read in parts, and whose body, if it is `streamed`, is written in
/// parts; both may go on at the same time. A stream must neither move nor die while one of its
/// tasks runs, and must die before the transport that opened it.
/// One that dies before its end is given up: what it used is given back, and its connection kept
/// only if both bodies are at their ends, or what is left of the response has been received.
/// Each step ends by the deadline of the awaiting task, as `timeout`, and a pool gives it
/// `part_timeout` at most; all steps together may take as long as they like: see `with_deadline`.
/// Cancellation of each task: unwinds, and the stream is of no further use.
/// Thread rule: the reactor's thread.
class client_stream {
 public:
  explicit client_stream(std::unique_ptr<stream_source> source) noexcept;
  /// A response that is there as a whole, in parts: one.
  static client_stream whole(http::client_response response);
  client_stream(client_stream&&) noexcept;
  client_stream& operator=(client_stream&&) noexcept;
  ~client_stream();

  // Of a request whose body is `streamed`.

  /// Sends the next part of the body, and ends when the kernel has taken it, or the server has
  /// answered that it wants no more: the response is to be read then.
  /// Errors: `closed_early`: the server reads no further, and may have answered: see `head`;
  /// `invalid_request`: more than was announced, or the request had no body in parts; `timeout`.
  task<result<void, transport_failure>> write(std::string_view part);
  /// Ends the body. `trailers` follow one without a length, and are left out behind others.
  /// Errors: as `write`; less than was announced, or a field that may be no trailer, is
  /// `invalid_request` too.
  task<result<void, transport_failure>> finish(std::span<const header_field> trailers = {});

  // Of the response.

  /// The head of the final response; its views live as long as the stream. Of a whole request it
  /// has come when the stream was opened. Errors: see `transport_error`.
  task<result<response_head, transport_failure>> head();
  /// The same without waiting; null until it has come.
  const response_head* known_head() const noexcept { return source_->known_head(); }
  /// Its status; 0 until it has come.
  int status() const noexcept;
  /// The value of its first field of that name, case ignored; empty until it has come.
  std::string_view header(std::string_view name) const noexcept;
  /// The next part of the body, in a view that lives until the next `read`; none at its end, and
  /// when it broke off: see `failure`. Waits for the head as well. A body that is read in parts is
  /// not limited as a whole.
  task<std::optional<std::string_view>> read();
  /// The fields behind a chunked body, once `read` found its end; the views live as long as the
  /// stream. Those that may not be there are left out, and what is collected has none.
  std::span<const header_field> trailers() { return source_->trailers(); }
  /// Why `read` found an end before the body's; null if it did not.
  const transport_failure* failure() const noexcept { return failure_ ? &*failure_ : nullptr; }
  /// What is left of the response, as a whole. Errors: those of the head, of reading, and
  /// `too_large` beyond the limit of the transport for whole bodies.
  task<result<http::client_response, transport_failure>> collect();
  /// Drops what has come of the body and waits for nothing: whether that was the end of the
  /// conversation.
  bool pass_over() noexcept { return source_->pass_over(); }

 private:
  std::unique_ptr<stream_source> source_;
  std::optional<transport_failure> failure_;
};

}  // namespace ferrule
