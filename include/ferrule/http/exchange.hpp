#pragma once
/// @file
/// One request and its answer, whatever protocol carries them. A connection engine makes an
/// exchange, a `service` answers it: in one piece with `respond`, or streamed with `begin`,
/// `write` and `finish`.
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

#include "ferrule/core/parked.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/message.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule {

/// A request as a handler sees it. Its views last until the handler's task ends; a plain handler's
/// until it returns.
struct request : request_head {
  const address* peer = nullptr;  ///< who sent it; null where there is no connection
  /// It is one of `server_limits::trusted_peers`, or there is no connection: what the request hands
  /// on from another is believed.
  bool has_trusted_peer = false;
};

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

/// The head of an answer. The engine adds Date, framing and connection fields itself.
struct answer_head {
  int status = 200;                 ///< 200 to 599; any other makes the answer a 500
  std::string_view content_type{};  ///< empty: no Content-Type
  /// More fields. The answer becomes a 500 when one is invalid, or says what the engine does: Date,
  /// Connection, Content-Length, Transfer-Encoding, and Content-Type beside `content_type`.
  std::span<const header_field> fields{};
};

/// How much of a request's body a route wants before its handler runs.
enum class body_mode : std::uint8_t { none, whole, stream };

/// How a service words the problems of a route: the service's own.
struct problem_wording;

/// What an engine must know of a route before it hands over the request. Constant data.
struct route_traits {
  body_mode body = body_mode::none;
  bool suspends = false;             ///< the handler is a coroutine
  bool needs_request = true;         ///< and, while it waits, uses what it was given of the request
  std::uint64_t body_bytes_max = 0;  ///< 0: the server's limit
  /// Until the answer begins; 0: no limit; negative: the server's.
  std::int64_t handler_timeout_ms = -1;
  std::string_view pattern{};  ///< as written, for metrics and logs: "GET /users/{id}"
  const problem_wording* wording = nullptr;  ///< null: as RFC 9457 has it
};

/// Where a request was routed: filled in by `service::match`, read by `service::invoke`.
struct route_match {
  const route_traits* traits = nullptr;
  std::int32_t route = -1;  ///< the service's own index
  std::uint32_t extra = 0;  ///< the service's own, such as the mask of allowed methods
  std::uint64_t body_bytes_max = 0;  ///< the route's or the server's: filled in by the engine
};

/// What stands for the placeholders of the route's pattern: filled in by `service::match`.
struct path_params {
  static constexpr std::size_t count_max = 12;

  /// Where in the request's path a parameter stands, so that both can be copied to another place.
  struct place {
    std::uint32_t begin = 0;
    std::uint32_t bytes = 0;
  };

  std::uint8_t count = 0;
  std::array<place, count_max> places;  ///< raw, undecoded, in the order of the pattern
};

/// What was asked. It can be gone before the answer is there, see `route_traits::needs_request`.
struct routed_request {
  ferrule::request head{};
  std::string_view body{};  ///< the whole, when the route asked for it
  path_params params{};
};

/// Changes a streamed body on its way to the handler: undoes its content coding.
class body_filter {
 public:
  struct step {
    enum kind : std::uint8_t { data, more, end, fault };
    kind is = more;
    std::string_view bytes{};  ///< for `data`: not empty, until the next call
    int status = 0;            ///< for `fault`: what to answer
    const char* reason = "";
  };
  body_filter() = default;
  body_filter(const body_filter&) = delete;
  body_filter& operator=(const body_filter&) = delete;
  virtual ~body_filter() = default;

  /// After `more`: the next part as it came, or the end when it is empty. It lasts until the next.
  virtual void give(std::string_view part) = 0;
  virtual step next() = 0;
  /// How much memory it takes by now, about.
  virtual std::size_t held_bytes() const noexcept { return 0; }
};

class exchange;
struct refusal;
class refusal_writer;

/// Sees the answer that an engine gives in the place of a handler, to send it with another head:
/// the layers around that handler. `respond` answers `ex`.
struct answer_filter {
  void (*respond)(answer_filter& self, exchange& ex, const answer_head& head,
                  std::string_view body) noexcept;
};

/// What answers requests, as engines see it. One object a reactor.
class service {
 public:
  /// Finds the route of `ex.request()` and fills in `ex.match()`, traits included, whatever the
  /// request is: an unknown path has a route of its own that answers 404.
  virtual void match(exchange& ex) noexcept = 0;
  /// Answers `ex`, now or later. Its body is there when the traits asked for the whole.
  virtual void invoke(exchange& ex) noexcept = 0;
  /// Answers `ex`, which was matched and will not be invoked, with what the engine has to say: too
  /// large a body, one that did not arrive, a deadline that has passed. Throws std::bad_alloc.
  virtual void refuse(exchange& ex, const refusal& why);
  /// Puts into words what a client is told of a refusal: gives `to` its head and its body, once.
  /// `traits` are those of the route; null when no request could be read. Throws std::bad_alloc.
  virtual void word(const refusal& why, const route_traits* traits, refusal_writer& to);
  /// Hears of every answer that the engine gives by itself, these included, before it is sent.
  virtual void refused(const refusal& why) noexcept;

 protected:
  ~service() = default;
};

/// Why a request is answered 503 for which `sink::has_room` has none.
inline constexpr std::string_view too_much_held = "too much is held for other requests";

/// Where an exchange's answer goes and its body comes from: the engine that made it.
class sink {
 public:
  virtual void respond(exchange& ex, const answer_head& head, std::string_view body) = 0;
  virtual void begin(exchange& ex, const answer_head& head,
                     std::optional<std::uint64_t> content_length) = 0;
  /// Takes `bytes` and returns whether more may follow at once; otherwise the engine calls
  /// `exchange::resume_writer` when it is ready for more.
  virtual bool write(exchange& ex, std::string_view bytes) = 0;
  virtual void finish(exchange& ex) = 0;
  virtual void reset(exchange& ex) = 0;
  /// The next part of the body, or nothing when it has yet to arrive; then the engine calls
  /// `exchange::resume_reader` with it. An empty part is the end.
  virtual std::optional<std::string_view> read(exchange& ex) = 0;
  /// The body turned out to be of no use: answers `status` if that is still possible, and stops the
  /// handler.
  virtual void refuse(exchange& ex, int status, std::string_view reason) = 0;
  /// Whether there is room for what the exchange holds by now and `bytes` more.
  virtual bool has_room(exchange&, std::uint64_t) noexcept { return true; }
  /// The handler's task was stopped and is about to go, with what lies around the handler.
  virtual void handler_stopping(exchange&) noexcept {}
  /// The handler no longer waits for that part.
  virtual void read_abandoned(exchange&) noexcept {}
  /// The handler's task is gone. Called once for an exchange that ran one.
  virtual void handler_ended(exchange& ex, bool stopped) noexcept = 0;

 protected:
  ~sink() = default;
};

namespace detail {
class write_awaiter;
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
  /// What was asked, for `service::match` and the engine to fill in; not once it was forgotten.
  routed_request& asked() noexcept {
    FERRULE_DEBUG_ASSERT(asked_ != nullptr, "the request was forgotten");
    return *asked_;
  }
  /// How long the handler has waited for its body; for the engine to keep.
  body_wait& waited_for_body() noexcept { return body_wait_; }
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
  /// Ends a streamed answer.
  void finish() { sink_.finish(*this); }
  /// Gives the response up: the client sees a broken one, never a short one that looks whole. The
  /// connection ends after what there is of it; by a reset, which may cost the client what it has
  /// not read yet, only where nothing else would tell it (HTTP/1.0 without a length).
  void reset() { sink_.reset(*this); }
  /// Whether `respond` or `begin` was called.
  bool answered() const noexcept { return answered_; }

  /// `co_await ex.read()`: the next part of a streamed body, empty at its end. The view lasts until
  /// the next read. Cancellation unwinds; a malformed or oversized body is answered by the engine
  /// and cancels.
  detail::read_awaiter read() noexcept;

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
  std::optional<std::string_view> next_part() {
    return filter_ == nullptr ? sink_.read(*this) : next_filtered_part();
  }
  std::optional<std::string_view> next_filtered_part();

  // What the end of a handler needs comes first: after a wait it is in no near cache any more.
  sink& sink_;
  stop_source stop_;
  runner runner_{};
  detail::write_awaiter* writer_ = nullptr;
  detail::read_awaiter* reader_ = nullptr;
  kept_block* kept_ = nullptr;
  std::size_t kept_bytes_ = 0;
  body_wait body_wait_;
  std::unique_ptr<body_filter> filter_;
  answer_filter* answer_filter_ = nullptr;
  bool answered_ = false;
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
