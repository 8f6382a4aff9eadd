#pragma once
/// @file
/// A call whose response is read in parts, and whose request may be written in parts, with all that
/// a call has: balancing, breaker, ejection, limits, and retries until the response begins.
///
/// ```cpp
/// #include "ferrule/client/upstream.hpp"
///
/// ferrule::task<std::size_t> size_of_export(ferrule::upstream& service) {
///   auto answer = co_await service.open({.request = {.target = "/export"}});
///   if (!answer) co_return 0;  // as with `call`: answer.error()
///   std::size_t bytes = 0;
///   while (auto part = co_await answer->read()) bytes += part->size();
///   co_return answer->failure() == nullptr ? bytes : 0;  // it may have broken off
/// }
///
/// ferrule::task<int> import(ferrule::upstream& service) {
///   auto answer = co_await service.open({.request = {.verb = "POST",
///                                                    .target = "/import",
///                                                    .streamed =
///                                                    ferrule::http::streamed_body{}}});
///   if (!answer) co_return 0;
///   for (const char* row : {"1,one\n", "2,two\n"}) {
///     const auto written = co_await answer->write(row);
///     if (!written) break;  // it wants no more, and may have said why
///   }
///   const auto finished = co_await answer->finish();
///   const auto head = co_await answer->head();
///   co_return head ? head->status : 0;
/// }
/// ```

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "ferrule/client/call_failure.hpp"
#include "ferrule/client/client_stream.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"

namespace ferrule {

/// What a caller holds for a stream, and is told of it. It dies with the stream: one that was told
/// neither `ended` nor `failed` was left before its end.
class stream_account {
 public:
  stream_account() = default;
  stream_account(const stream_account&) = delete;
  stream_account& operator=(const stream_account&) = delete;
  virtual ~stream_account() = default;

  /// The request's body, written in parts, has been sent to its end.
  virtual void sent() noexcept {}
  /// Some of it could not be sent. The response may come all the same. `is_late`: the caller had no
  /// more time.
  virtual void send_failed(transport_error, bool /*is_late*/) noexcept {}
  /// The head of the response has come, after the stream was opened.
  virtual void answered(const response_head&) {}
  /// All of the response was read.
  virtual void ended() noexcept {}
  /// It did not come, or broke off.
  virtual void failed(transport_error, bool /*is_late*/) noexcept {}
};

/// One call under way. Rules of life, of cancellation and of what is held in memory: those of a
/// `client_stream`. It must die before its caller.
///
/// What the call holds of its caller's limits, and of its endpoint, it holds until its end: that is
/// when the response was read to its end or broke off, or else when the stream dies. Only then is
/// it judged; one that is left before its end says nothing against the service.
///
/// A call is never made again once its stream is open: the response has begun, or a part of the
/// request was handed on that nobody could send twice.
class call_stream {
 public:
  /// `until`: by when all of it has to be done.
  call_stream(client_stream opened, std::unique_ptr<stream_account> account,
              mono_time until = no_deadline) noexcept;
  call_stream(call_stream&&) noexcept;
  call_stream& operator=(call_stream&&) noexcept;
  ~call_stream();

  // Of a request whose body is `streamed`. Errors besides those of `client_stream`: none.

  task<result<void, call_failure>> write(std::string_view part);
  task<result<void, call_failure>> finish(std::span<const header_field> trailers = {});

  // Of the response.

  /// Of a whole request it has come. Its views live as long as the stream.
  task<result<response_head, call_failure>> head();
  /// 0 until the head has come.
  int status() const noexcept { return stream_.status(); }
  /// Empty until it has come.
  std::string_view header(std::string_view name) const noexcept { return stream_.header(name); }
  /// The next part of the body, in a view that lives until the next `read`; none at its end, and
  /// when it broke off: see `failure`.
  task<std::optional<std::string_view>> read();
  /// The fields behind a chunked body, once `read` found its end: see `client_stream::trailers`.
  std::span<const header_field> trailers() { return stream_.trailers(); }
  /// Why `read` found an end before the body's, as the fault `broken_off` or `timeout`; null if it
  /// did not.
  const call_failure* failure() const noexcept { return failure_ ? &*failure_ : nullptr; }
  /// What is left of the response, as a whole, within the transport's limit for that: `too_large`.
  task<result<http::client_response, call_failure>> collect();

 private:
  template <class T>
  task<result<T, transport_failure>> in_time(task<result<T, transport_failure>> step);
  task<result<void, call_failure>> send(task<result<void, transport_failure>> step);
  void note_answer();
  void end() noexcept;
  void break_off(const transport_failure& why, bool is_late);
  call_failure failure_of(const transport_failure& why) const;

  std::unique_ptr<stream_account> account_;  // null: nothing is held any more
  client_stream stream_;                     // dies first
  mono_time until_;
  bool is_answered_;
  bool is_streamed_;
  std::optional<call_failure> failure_;
};

}  // namespace ferrule
