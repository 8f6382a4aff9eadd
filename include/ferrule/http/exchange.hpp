#pragma once
/// @file
/// One request and its response, whatever protocol carries them. A connection engine makes an
/// exchange, a `service` answers it: in one piece with `respond`, or streamed with `begin`,
/// `write` and `finish`. Before that it may `inform`, and instead of it `upgrade`.
///
/// ```cpp
/// void answer(ferrule::http::exchange& ex) {
///   ex.respond({.status = 200, .content_type = "text/plain"}, "Hello, World!");
/// }
/// ```

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/parked.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/service.hpp"

namespace ferrule {

/// How long a handler has waited for more of its request's body: time that is its client's, not its
/// own. Thread rule: the reactor's thread.
class body_wait {
 public:
  /// For the engine: a wait begins, or it ends. `end` returns how long it was.
  void begin(mono_time now) noexcept { since_ = now; }
  std::chrono::nanoseconds end(mono_time now) noexcept {
    const std::chrono::nanoseconds span = now - std::exchange(since_, no_deadline);
    ended_ += span;
    return span;
  }
  /// It waits now.
  bool goes_on() const noexcept { return since_ != no_deadline; }
  /// All waits until `now` together.
  std::chrono::nanoseconds until(mono_time now) const noexcept {
    return ended_ + (goes_on() ? now - since_ : std::chrono::nanoseconds(0));
  }

 private:
  mono_time since_ = no_deadline;
  std::chrono::nanoseconds ended_{0};
};

}  // namespace ferrule

namespace ferrule::http {
namespace detail {
class write_awaiter;
class write_piece_awaiter;
class read_awaiter;
}  // namespace detail

/// One request and its answer. It belongs to the engine that made it.
/// Thread rule: the reactor's thread.
class exchange {
 public:
  /// `asked` must last until the handler has ended, or until `forget_request`.
  exchange(sink& to, const environment& surroundings, routed_request& asked) noexcept
      : sink_(to), asked_(&asked), env_(surroundings) {
    env_.stop = &stop_;
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  ~exchange() {
    FERRULE_DEBUG_ASSERT(!running(), "an exchange died before its handler");
    if (kept_ != nullptr) give_back_kept();
  }

  /// An empty one once it was forgotten.
  const ferrule::request& request() const noexcept {
    static constexpr ferrule::request forgotten{};
    return asked_ == nullptr ? forgotten : asked_->head;
  }
  route_match& match() noexcept { return match_; }
  const route_match& match() const noexcept { return match_; }
  /// What was asked, for `service::match` and the engine to fill in; not once it was forgotten.
  routed_request& asked() noexcept {
    FERRULE_DEBUG_ASSERT(asked_ != nullptr, "the request was forgotten");
    return *asked_;
  }
  /// How long the handler has waited for its body; for the engine to keep.
  body_wait& waited_for_body() noexcept { return body_wait_; }
  const body_wait& waited_for_body() const noexcept { return body_wait_; }
  /// The surroundings of the handler's task; its stop is requested when the client goes away, the
  /// deadline passes or the grace of the server's drain is over. That this begins, `drain` tells.
  const environment& env() const noexcept { return env_; }

  /// Answers in one piece; once, and not after `begin`. The body is left out where HTTP says so
  /// (HEAD, 204, 205, 304).
  void respond(const answer_head& head, std::string_view body) {
    answered_ = true;
    sink_.respond(*this, head, body);
  }
  /// For the engine: answers in the place of the handler, past the answer's filter.
  void respond_for_handler(const answer_head& head, std::string_view body) {
    if (answer_filter_ == nullptr) return respond(head, body);
    answer_filter_->respond(*answer_filter_, *this, head, body);
  }
  /// What sees such an answer; it must be taken away, by null, before it goes.
  void set_answer_filter(answer_filter* filter) noexcept { answer_filter_ = filter; }
  /// Starts a streamed answer: with a length, which must then be kept to, or chunked. One without a
  /// body (HEAD, 204, 205, 304) is complete with its head: then the handler is stopped, with
  /// `stop_reason::answered`.
  void begin(const answer_head& head, std::optional<std::uint64_t> content_length) {
    answered_ = true;
    sink_.begin(*this, head, content_length);
  }
  /// `co_await ex.write(bytes)`: takes all of `bytes`, which must outlive the await, and suspends
  /// while the client is slow. Cancellation unwinds. No errors: a lost client is a cancellation.
  detail::write_awaiter write(std::string_view bytes) noexcept;
  /// The same of bytes that are handed over: those of more than 16 KiB are not copied but sent from
  /// where they lie.
  detail::write_piece_awaiter write(buffer&& piece) noexcept;
  /// Ends a streamed response. `trailers` follow the body where it is chunked, and are left out
  /// elsewhere, as they may be on any way (RFC 9110 section 6.5.1): nobody must depend on them. One
  /// that is not valid, or may not be a trailer, resets the response.
  void finish(std::span<const header_field> trailers = {}) { sink_.finish(*this, trailers); }
  /// Gives the response up: the client sees a broken one, never a short one that looks whole. The
  /// connection ends after what there is of it; by a reset, which may cost the client what it has
  /// not read yet, only where nothing else would tell it (HTTP/1.0 without a length).
  void reset(reset_reason why = reset_reason::failed) { sink_.reset(*this, why); }

  /// Sends an interim response before the other, as 103 Early Hints with what will be needed
  /// (RFC 8297). Nothing is sent to HTTP/1.0, once the response has begun, or while the client does
  /// not take what was sent before. Throws std::invalid_argument for a status that is not 102 to
  /// 199, and for fields that are not valid.
  void inform(int status, std::span<const header_field> fields);

  /// Whether the client would go on in `protocol` (RFC 9110 section 7.8), and may: its request has
  /// no body that is not read yet, nothing was answered, and the service does not end. For handlers
  /// that may wait.
  bool offers(std::string_view protocol) const noexcept;
  /// Answers 101 and goes on in `protocol`, which the client must have offered; also when the
  /// service has begun to end since that was asked. From here on `read` gives whatever it sends,
  /// until it has sent FIN, `write` sends, and FIN follows when the handler ends. No deadline but
  /// `server_limits::stream_idle_timeout`, in which neither side sends anything, ends it. Layers
  /// see the 101 and may add fields. Throws std::invalid_argument for fields that are not valid,
  /// and what layers throw.
  void upgrade(std::string_view protocol, std::span<const header_field> fields = {}) {
    upgrade_to(protocol, fields, nullptr);
  }
  /// The same, but `next` has the connection once the handler has ended, with what the client has
  /// already sent. Nothing is left to the handler to do: it is stopped where it waits next, as
  /// after a response without a body.
  void upgrade(std::string_view protocol, std::span<const header_field> fields,
               std::unique_ptr<net::protocol> next) {
    upgrade_to(protocol, fields, std::move(next));
  }
  /// Whether `respond` or `begin` was called.
  bool answered() const noexcept { return answered_; }

  /// `co_await ex.read()`: the next part of a streamed body, empty at its end. The view lasts until
  /// the next read. Cancellation unwinds; a malformed or oversized body is answered by the engine
  /// and cancels.
  detail::read_awaiter read() noexcept;
  /// The fields behind the request's body (RFC 9110 section 6.5), once all of it was read; the
  /// views last as long as the exchange. Those that may not be there are left out. Throws
  /// std::bad_alloc.
  std::span<const header_field> trailers() { return sink_.trailers(*this); }

  /// Sends what `read` gives through a filter. Before the first read.
  void filter_body(std::unique_ptr<body_filter> by) noexcept { filter_ = std::move(by); }

  /// Runs a handler's task, or what is started like one, once. `Done(exchange&, Task&)` is called
  /// when it completed, to take its result (which may throw) and answer; it is not called when
  /// the task was cancelled.
  template <auto Done, class Task>
  void run(Task handler);

  /// Memory that lasts as long as the exchange, for what a handler's views point to. Throws
  /// std::bad_alloc.
  char* keep(std::size_t bytes);
  /// Whether the engine has room for so much; else the answer is 503, `too_much_held`.
  bool has_room(std::uint64_t bytes) noexcept { return sink_.has_room(*this, bytes); }

  // For the engine.

  struct parts {
    stop_source& stop;
    environment& env;
  };
  parts engine_parts() noexcept { return {stop_, env_}; }
  /// The handler was started and needs the request no more: its memory may go.
  void forget_request() noexcept { asked_ = nullptr; }
  /// Whether a handler's task exists.
  bool running() const noexcept { return runner_.running; }
  /// Whether that task has completed: `sink::handler_ended` follows.
  bool completing() const noexcept { return completing_; }
  /// What `keep` and the body's filter take.
  std::size_t held_bytes() const noexcept {
    return kept_bytes_ + (filter_ == nullptr ? 0 : filter_->held_bytes());
  }
  /// After `sink::write` returned false: there is room again.
  void resume_writer() noexcept;
  /// Whether the handler waits for more of the body: `sink::read` returned nothing.
  bool reader_waits() const noexcept { return reader_ != nullptr; }
  /// Gives the waiting reader its part, or the end, if there is one now.
  void feed_reader();

 private:
  friend detail::write_awaiter;
  friend detail::write_piece_awaiter;
  friend detail::read_awaiter;

  struct runner : ferrule::detail::receiver {
    exchange* self = nullptr;
    bool running = false;
    alignas(task<>) std::array<std::byte, sizeof(task<>)> handler;  // a task<T>, its type erased
  };
  /// Comes before the bytes that `keep` returned.
  struct kept_block {
    kept_block* next;
    std::size_t bytes;  // this included
  };
  template <class Task>
  static void end_handler(runner& r, bool stopped) noexcept;

  void give_back_kept() noexcept;
  bool may_go_on_in(std::string_view protocol) const noexcept;
  void upgrade_to(std::string_view protocol, std::span<const header_field> fields,
                  std::unique_ptr<net::protocol> next);
  std::optional<std::string_view> next_part() {
    return filter_ == nullptr ? sink_.read(*this) : next_filtered_part();
  }
  std::optional<std::string_view> next_filtered_part();

  // What the end of a handler needs comes first: after a wait it is in no near cache any more.
  sink& sink_;
  stop_source stop_;
  runner runner_{};
  parked* writer_ = nullptr;
  detail::read_awaiter* reader_ = nullptr;
  kept_block* kept_ = nullptr;
  std::size_t kept_bytes_ = 0;
  body_wait body_wait_;
  std::unique_ptr<body_filter> filter_;
  answer_filter* answer_filter_ = nullptr;
  bool answered_ = false;
  bool upgraded_ = false;
  bool completing_ = false;
  routed_request* asked_;
  route_match match_;
  environment env_;
};

template <class Task>
void exchange::end_handler(runner& r, bool stopped) noexcept {
  std::destroy_at(std::launder(reinterpret_cast<Task*>(r.handler.data())));
  r.running = false;
  r.self->sink_.handler_ended(*r.self, stopped);  // may destroy the exchange
}

template <auto Done, class Task>
void exchange::run(Task handler) {
  static_assert(sizeof(Task) == sizeof(task<>) && alignof(Task) == alignof(task<>));
  using ferrule::detail::receiver;
  runner_.completed = [](receiver& owner) noexcept {
    auto& r = static_cast<runner&>(owner);
    r.self->completing_ = true;
    Done(*r.self, *std::launder(reinterpret_cast<Task*>(r.handler.data())));
    end_handler<Task>(r, false);
  };
  runner_.stopped = [](receiver& owner) noexcept {
    auto& r = static_cast<runner&>(owner);
    r.self->sink_.handler_stopping(*r.self);
    end_handler<Task>(r, true);
  };
  runner_.self = this;
  runner_.running = true;
  env_.loop->begin_turn();
  auto* const kept = ::new (runner_.handler.data()) Task(std::move(handler));
  kept->start(env_, runner_);  // may end it, and the exchange with it
}

namespace detail {

class [[nodiscard]] write_awaiter : public parked {
 public:
  write_awaiter(exchange& ex, std::string_view bytes) noexcept
      : parked([](parked& self) noexcept {
          static_cast<write_awaiter&>(self).exchange_.writer_ = nullptr;
        }),
        exchange_(ex),
        bytes_(bytes) {}
  bool await_ready() const noexcept { return bytes_.empty(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    const bool stopped = exchange_.stop_.stop_requested();
    if (!stopped && exchange_.sink_.write(exchange_, bytes_)) return false;
    exchange_.writer_ = this;
    park(self);
    return true;
  }
  void await_resume() const noexcept {}

 private:
  exchange& exchange_;
  std::string_view bytes_;
};

class [[nodiscard]] write_piece_awaiter : public parked {
 public:
  write_piece_awaiter(exchange& ex, buffer&& piece) noexcept
      : parked([](parked& self) noexcept {
          static_cast<write_piece_awaiter&>(self).exchange_.writer_ = nullptr;
        }),
        exchange_(ex),
        piece_(std::move(piece)) {}
  bool await_ready() const noexcept { return piece_.empty(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    const bool stopped = exchange_.stop_.stop_requested();
    if (!stopped && exchange_.sink_.write_piece(exchange_, std::move(piece_))) return false;
    exchange_.writer_ = this;
    park(self);
    return true;
  }
  void await_resume() const noexcept {}

 private:
  exchange& exchange_;
  buffer piece_;
};

class [[nodiscard]] read_awaiter : public parked {
 public:
  explicit read_awaiter(exchange& ex) noexcept
      : parked([](parked& self) noexcept {
          exchange& read = static_cast<read_awaiter&>(self).exchange_;
          read.reader_ = nullptr;
          read.sink_.read_abandoned(read);
        }),
        exchange_(ex) {}
  bool await_ready() {
    if (!exchange_.stop_.stop_requested()) part_ = exchange_.next_part();
    return part_.has_value();
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    exchange_.reader_ = this;
    park(self);
  }
  std::string_view await_resume() const noexcept { return *part_; }

 private:
  friend exchange;

  exchange& exchange_;
  std::optional<std::string_view> part_;
};

}  // namespace detail

inline detail::write_awaiter exchange::write(std::string_view bytes) noexcept {
  return {*this, bytes};
}
inline detail::write_piece_awaiter exchange::write(buffer&& piece) noexcept {
  return {*this, std::move(piece)};
}
inline detail::read_awaiter exchange::read() noexcept { return detail::read_awaiter(*this); }

inline void exchange::resume_writer() noexcept {
  if (writer_ != nullptr) std::exchange(writer_, nullptr)->wake();
}
inline void exchange::feed_reader() {
  const auto part = next_part();
  if (!part) return;  // perhaps there is no exchange any more
  reader_->part_ = part;
  std::exchange(reader_, nullptr)->wake();
}

}  // namespace ferrule::http
