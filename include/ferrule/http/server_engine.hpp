#pragma once
/// @file
/// HTTP/1.1 on the server's side without any I/O: bytes go in by `feed`, answers come out by
/// `take_outgoing`. One engine a connection.
///
/// ```cpp
/// void exchange_bytes(ferrule::http::server_engine& engine, std::string_view received,
///                     ferrule::buffer& to_send) {
///   engine.feed(received);
///   engine.take_outgoing(to_send);
/// }
/// ```
///
/// Requests are answered one after the other and in order. A request for a plain handler whose
/// bytes are all there is parsed in place and answered before `feed` returns; for a coroutine that
/// needs it while it waits, or while a body is still arriving, the request is copied into a block
/// that lives until its answer is complete. Answers of one batch of pipelined requests lie in one
/// buffer.
///
/// A handler that may wait inherits what its request's fields hand on, if its sender is one of
/// `server_limits::trusted_peers`: deadline, trace and retries,
/// see http/propagation.hpp. When the deadline has passed it is not begun, and answered 504.
///
/// When memory runs out inside a handler the answer is a 500, or broken off when it had begun. When
/// it runs out in the engine, the connection is lost as by `abort`.
///
/// Source: RFC 9112.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/body_reader.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/server_context.hpp"

namespace ferrule::http {

/// Hears of an engine that has something new outside of a call to it: bytes to send, room for
/// input, or the end.
class engine_owner {
 public:
  virtual void engine_changed() noexcept = 0;

 protected:
  ~engine_owner() = default;
};

/// One connection's requests and answers. Thread rule: the reactor's thread.
class server_engine final : sink {
 public:
  /// What the connection waits for, so that its owner knows which timeout counts: `stream` is a
  /// handler that has begun its answer.
  enum class waiting_for : std::uint8_t { request, rest_of_head, body, handler, stream, nothing };

  /// All three must outlive the engine; `peer` may be null.
  server_engine(server_context& context, engine_owner& owner, const address* peer) noexcept
      : context_(context),
        owner_(owner),
        peer_(peer),
        has_trusted_peer_(peer == nullptr || context.limits.trusted_peers.contains(*peer)) {}
  server_engine(const server_engine&) = delete;
  server_engine& operator=(const server_engine&) = delete;
  /// Not while a handler runs: `abort` and wait for `busy()` to end first.
  ~server_engine();

  /// Takes what arrived; `bytes` are not needed after the call.
  void feed(std::string_view bytes) noexcept;
  /// The client will send no more (FIN). What it asked for is still answered.
  void feed_end() noexcept;
  /// Nothing more comes or goes: the connection is lost. Stops a running handler.
  void abort(stop_reason reason) noexcept;
  /// Answers what is here; the last answer says that the connection closes, and it ends. One that
  /// has nothing to answer stays, for its next request.
  void drain() noexcept;
  /// The client was too slow: answers 408 if it still can, and ends.
  void time_out() noexcept;
  /// When the running handler has to have begun its answer; `no_deadline` once it has. Time in
  /// which it waits for its request's body does not count.
  mono_time handler_deadline() const noexcept;
  /// Stops the running handler, for it is late. Its request is answered when it ends.
  void stop_late_handler() noexcept;
  /// Answers 503 before anything was asked, and ends: there are too many connections.
  void turn_away() noexcept;

  bool has_outgoing() const noexcept { return !out_.empty(); }
  /// Moves what is to be sent into `into`, which must be empty. It is given back to the context by
  /// `take_back_sent`.
  void take_outgoing(buffer& into);
  /// What was taken has been sent: goes on with what waited for room.
  void outgoing_sent() noexcept;

  /// False while the handler has to catch up: do not read the connection.
  bool wants_input() const noexcept {
    return in_.size() - in_begin_ < (context_.is_full(0) ? server_context::small_bytes_max
                                                         : context_.limits.input_bytes_max);
  }
  /// A handler runs or a body is being collected.
  bool busy() const noexcept { return kept_ != nullptr; }
  /// The route of the handler that runs; null when none does.
  const route_traits* running() const noexcept;
  /// No more input is of use: send FIN when what is outgoing has been sent. A handler may still
  /// run whose response was cut off.
  bool ended() const noexcept { return phase_ == phase::ended && (!busy() || cut_); }
  /// The connection is lost, or its last response is incomplete and FIN would make it look whole:
  /// reset it.
  bool broken() const noexcept { return broken_; }
  /// Whether FIN would make the last response look whole though it lacks something: the rest of it,
  /// or bytes that were written but are `unsent` and will stay so.
  bool fin_misleads(bool unsent) const noexcept {
    return stream_ == body_kind::until_close && (streaming_ || unsent);
  }
  waiting_for waits() const noexcept;
  /// Whether a request was begun since this was last asked.
  bool took_request() noexcept { return std::exchange(took_request_, false); }

 private:
  enum class phase : std::uint8_t {
    head,       // expecting a request
    collect,    // its whole body is collected for the handler
    handle,     // the handler runs; it may read a streamed body
    drop_body,  // answered; the rest of the body is dropped
    ended,      // input is ignored
  };
  struct kept_exchange;

  // sink
  void respond(exchange& ex, const answer_head& head, std::string_view body) override;
  void begin(exchange& ex, const answer_head& head,
             std::optional<std::uint64_t> content_length) override;
  bool write(exchange& ex, std::string_view bytes) override;
  void finish(exchange& ex) override;
  void reset(exchange& ex) override;
  std::optional<std::string_view> read(exchange& ex) override;
  void refuse(exchange& ex, int status, std::string_view reason) override {
    refuse(status, reason, &ex);
  }
  bool has_room(exchange& ex, std::uint64_t bytes) noexcept override;
  void handler_stopping(exchange& ex) noexcept override;
  void read_abandoned(exchange& ex) noexcept override;
  void handler_ended(exchange& ex, bool stopped) noexcept override;

  template <class Work>
  void run_or_lose(Work work) noexcept;

  // input
  std::size_t process(std::string_view bytes);
  void process_buffered();
  void advance();
  std::size_t take_head(std::string_view bytes);
  std::size_t take_request(std::string_view bytes, std::size_t head_bytes, routed_request& asked);
  body_reader::part next_of_body(std::string_view bytes) noexcept;
  std::size_t take_body(std::string_view bytes);
  std::size_t drop_body(std::string_view bytes);
  void collected();
  void feed_reader();
  void begin_body_wait() noexcept;
  void end_body_wait() noexcept;
  void end_input();
  void keep_input(std::string_view rest);

  // one exchange
  void answer_in_place(exchange& ex);
  void start_in_place(exchange& ex);
  void start_kept();
  mono_time deadline_of(const route_traits& traits) const noexcept;
  void end_kept(bool stopped);
  void free_kept() noexcept;
  bool goes_on_after_head() const noexcept;
  bool has_unread() const noexcept;
  void lose_body() noexcept;
  void after_answer();
  void send_continue();
  void cut_answer() noexcept;

  // output
  bool write_head(exchange& ex, const answer_head& head, body_kind body,
                  std::uint64_t content_length);
  void refuse(int status, std::string_view reason, exchange* asked);
  enum class handler : std::uint8_t { not_begun, begun };
  void answer_for_handler(exchange& ex, int status, std::string_view reason, handler is);
  void answer_unread(int status, std::string_view reason);
  void answer_invalid(exchange& ex, const answer_head& head);
  void answer_too_much(exchange& ex);
  void write_refusal(const refusal& why, const route_traits* traits);
  void tell_of(const refusal& why) noexcept;
  connection_option connection_option_now() const noexcept;
  buffer& out();
  void settle_held() noexcept;
  void tell_owner() noexcept;

  server_context& context_;
  engine_owner& owner_;
  const address* peer_;
  kept_exchange* kept_ = nullptr;
  buffer in_;   // received and not yet dealt with, from in_begin_ on
  buffer out_;  // answers not yet taken
  std::uint32_t in_begin_ = 0;
  std::uint32_t scanned_ = 0;  // the parser's note on an incomplete head
  body_reader body_;
  std::uint64_t stream_left_ = 0;  // of a streamed answer's announced length
  std::uint32_t requests_ = 0;     // begun on this connection
  std::uint32_t batch_ = 0;        // requests begun since outgoing bytes were taken
  std::uint32_t held_kib_ = 0;     // in large buffers, as the context was told
  bool has_trusted_peer_;
  phase phase_ = phase::head;
  body_kind stream_ = body_kind::none;  // framing of a streamed answer
  std::uint8_t version_minor_ = 1;
  bool in_call_ = false;       // inside feed and the like: the owner looks afterwards
  bool took_request_ = false;  // and nobody has asked since
  bool body_wanted_ = false;   // the handler waits for more of a streamed body
  // Bits, for every idle connection has them.
  bool head_only_ : 1 = false;        // the answer has no body: HEAD
  bool keep_alive_ : 1 = true;        // after the answer in hand
  bool owes_continue_ : 1 = false;    // the client waits for 100 Continue
  bool start_pending_ : 1 = false;    // the kept exchange's handler has not started yet
  bool in_invoke_ : 1 = false;        // inside service::invoke
  bool handler_stopped_ : 1 = false;  // the handler ended inside service::invoke, stopped
  bool end_of_input_ : 1 = false;
  bool draining_ : 1 = false;
  bool streaming_ : 1 = false;        // between begin and finish
  bool stream_complete_ : 1 = false;  // a streamed answer lacks nothing; its handler is still there
  bool cut_ : 1 = false;     // the last response lacks something, and nothing more of it follows
  bool broken_ : 1 = false;  // RST has to say so
};

}  // namespace ferrule::http
