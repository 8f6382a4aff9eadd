#pragma once
/// @file
/// A body made part by part: a coroutine that yields text and waits while the client is slow.
///
/// ```cpp
/// ferrule::response_stream numbers(std::uint64_t count) {
///   co_yield ferrule::stream_head{.content_type = "text/plain"};
///   for (std::uint64_t i = 0; i != count; ++i) co_yield std::to_string(i) + "\n";
/// }
/// ```
///
/// The head may be yielded first; without it the answer is 200, `application/octet-stream` and
/// chunked. It is sent with the first part, or at the end if there is none. The coroutine may also
/// await tasks; one without an end of its own awaits `drain_begins()` as well (core/drain.hpp), or
/// it takes the whole grace when the service ends. An exception before the head is sent is answered
/// 500; after it, and when a promised length is not kept to, the answer is reset, so that no client
/// takes it for whole. An answer without a body (to HEAD, or 204, 205 and 304) is complete with its
/// head: the coroutine is stopped where it waits next.

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ferrule/api/answer.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/exchange.hpp"

namespace ferrule {

/// The head of a streamed answer. What it views must last until the next `co_yield`.
struct stream_head {
  int status = 200;
  std::string_view content_type = "application/octet-stream";
  std::optional<std::uint64_t> content_length{};  ///< none: chunked
  std::span<const header_field> fields{};
};

/// Fields behind the body, yielded last: a checksum of what was sent, say. They reach whoever reads
/// chunked bodies, and may get lost on the way (RFC 9110 section 6.5).
struct stream_trailers {
  std::span<const header_field> fields{};
};

/// An answer whose body is made by a coroutine. Move-only; lazy; runs once.
/// Cancellation (the client went away, the deadline passed) unwinds the coroutine where it waits.
/// Thread rule: made, run and destroyed on one thread.
class [[nodiscard]] FERRULE_CORO_TYPE response_stream {
 public:
  class promise_type;

  response_stream(response_stream&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  response_stream& operator=(response_stream&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~response_stream() {
    if (coroutine_) coroutine_.destroy();
  }

  /// Where the answer goes. To be called before it is started or awaited.
  void send_to(detail::outlet out) noexcept;

  // What `exchange::run` and awaiting need of a task.
  void start(const environment& env, detail::receiver& owner);
  /// Ends the answer; throws what the coroutine threw.
  void take();
  auto operator co_await() && noexcept;

 private:
  explicit response_stream(std::coroutine_handle<promise_type> coroutine) noexcept
      : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

class response_stream::promise_type : public detail::promise_base {
 public:
  response_stream get_return_object() noexcept {
    return response_stream(std::coroutine_handle<promise_type>::from_promise(*this));
  }
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  std::suspend_never yield_value(const stream_head& head) {
    if (out_->exchange().answered()) throw std::logic_error("a stream's head must come first");
    begin(head);
    return {};
  }
  detail::fair_awaiter<http::detail::write_awaiter> yield_value(std::string_view part) {
    note_part(part.size());
    return {env().loop->take_await(), [&] { return out_->exchange().write(part); }};
  }

  /// Hands a part over, which is sent from where it lies if it has more than 16 KiB.
  detail::fair_awaiter<http::detail::write_piece_awaiter> yield_value(buffer&& part) {
    note_part(part.size());
    return {env().loop->take_await(), [&] { return out_->exchange().write(std::move(part)); }};
  }
  /// Ends the response.
  std::suspend_never yield_value(const stream_trailers& last) {
    if (!out_->exchange().answered()) begin({});
    out_->exchange().finish(last.fields);
    return {};
  }

  void send_to(detail::outlet out) noexcept { out_ = out; }
  void finish() {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
    if (!out_->exchange().answered()) begin({.content_length = 0});
    const bool stopped = env().stop->stop_requested();  // then it may have left parts out
    if (length_ && sent_bytes_ != *length_ && !stopped) {
      throw std::length_error("a stream is shorter than its head says");
    }
    out_->exchange().finish();
  }

 private:
  void note_part(std::size_t bytes) {
    if (!out_->exchange().answered()) begin({});
    sent_bytes_ += bytes;
    if (length_ && sent_bytes_ > *length_) {
      throw std::length_error("a stream is longer than its head says");
    }
  }
  void begin(const stream_head& head) {
    length_ = head.content_length;
    out_->begin({head.status, head.content_type, head.fields}, length_);
  }

  std::optional<detail::outlet> out_;
  std::optional<std::uint64_t> length_;
  std::uint64_t sent_bytes_ = 0;
  std::exception_ptr exception_;
};

inline void response_stream::send_to(detail::outlet out) noexcept {
  coroutine_.promise().send_to(out);
}
inline void response_stream::start(const environment& env, detail::receiver& owner) {
  coroutine_.promise().start_as_root(env, owner);
  coroutine_.resume();
}
inline void response_stream::take() { coroutine_.promise().finish(); }

namespace detail {
/// Runs a stream inside a task and ends its answer.
struct stream_awaiter {
  std::coroutine_handle<response_stream::promise_type> stream;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    stream.promise().start_under(parent.promise(), parent);
    return stream;
  }
  void await_resume() { stream.promise().finish(); }
};
}  // namespace detail

inline auto response_stream::operator co_await() && noexcept {
  return detail::stream_awaiter{coroutine_};
}

}  // namespace ferrule
