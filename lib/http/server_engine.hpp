#pragma once
// HTTP/1.1 on the server's side without any I/O: bytes go in by `feed`, responses come out by
// `take_outgoing`. One engine a connection.
//
// Requests are answered one after the other and in order. A request for a plain handler whose bytes
// are all there is parsed in place and answered before `feed` returns; for a coroutine that needs
// it while it waits, or while a body is still arriving, the request is copied into a block that
// lives until its response is complete (request_life.hpp). Responses of one batch of pipelined
// requests lie in one buffer.
//
// When memory runs out inside a handler the response is a 500, or broken off when it had begun.
// When it runs out in the engine, the connection is lost as by `abort`.
//
// Source: RFC 9112.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/body_reader.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/server_context.hpp"
#include "ferrule/net/protocol.hpp"
#include "http/connection_clocks.hpp"
#include "http/request_life.hpp"
#include "http/request_watch.hpp"

namespace ferrule::http {

/// One connection's requests and responses. Thread rule: the reactor's thread.
class server_engine final : public net::protocol, sink {
 public:
  /// Both must outlive the engine.
  server_engine(server_context& context, net::protocol_owner& owner) noexcept
      : context_(context),
        owner_(owner),
        clocks_(context.loop().now(), context.limits),
        has_trusted_peer_(owner.peer() == nullptr ||
                          context.limits.trusted_peers.contains(*owner.peer())) {
    if (observer* const hears = context.loop().current_observer()) watch(*hears);
  }
  ~server_engine() override;

  void feed(std::string_view bytes) noexcept override;
  /// What the client asked for is still answered.
  void feed_end() noexcept override;
  /// False while the handler has to catch up.
  bool wants_input() const noexcept override {
    return in_.size() - in_begin_ < (context_.is_full(0) ? server_context::small_bytes_max
                                                         : context_.limits.input_bytes_max);
  }
  bool has_outgoing() const noexcept override {
    return !out_.empty() || (life_ != nullptr && !life_->piece.empty());
  }
  void take_outgoing(buffer& into) noexcept override;
  void take_back(buffer& taken) noexcept override { context_.take_back_sent(taken); }
  /// Goes on with what waited for room.
  void outgoing_sent() noexcept override;
  mono_time deadline() noexcept override;
  void on_deadline() noexcept override;
  net::protocol_state state() const noexcept override {
    if (broken()) return net::protocol_state::broken;
    if (phase_ == phase::switched) return net::protocol_state::switched;
    return ended() ? net::protocol_state::ended : net::protocol_state::open;
  }
  /// A handler runs or a body is being collected.
  bool busy() const noexcept override { return life_ != nullptr; }
  net::unfinished_work unfinished() const noexcept override;
  /// Answers what is here; the last response says that the connection closes, and it ends. One that
  /// has nothing to answer stays, for its next request.
  void drain() noexcept override;
  void abort(stop_reason reason) noexcept override;
  std::unique_ptr<net::protocol> successor(buffer& unread) noexcept override;

  /// Answers 503 before anything was asked, and ends: there are too many connections.
  void turn_away() noexcept;
  /// The client was too slow: answers 408 if it still can, and ends.
  void time_out() noexcept;
  /// Stops the running handler, for it is late. Its request is answered when it ends.
  void stop_late_handler() noexcept { life_->stop_late(); }
  /// No more input is of use: send FIN when what is outgoing has been sent. A handler may still
  /// run whose response was cut off.
  bool ended() const noexcept { return phase_ == phase::ended && (!busy() || cut_); }
  /// The connection is lost, or its last response is incomplete and FIN would make it look whole:
  /// reset it.
  bool broken() const noexcept { return broken_; }
  bool fin_misleads(bool unsent) const noexcept override {
    return stream_ == body_kind::until_close && (streaming_ || unsent);
  }

 private:
  enum class phase : std::uint8_t {
    head,       // expecting a request
    collect,    // its whole body is collected for the handler
    handle,     // the handler runs; it may read a streamed body
    drop_body,  // answered; the rest of the body is dropped
    switched,   // another protocol goes on
    ended,      // input is ignored
  };

  // sink
  void respond(exchange& ex, const answer_head& head, std::string_view body) override;
  void begin(exchange& ex, const answer_head& head,
             std::optional<std::uint64_t> content_length) override;
  bool write(exchange& ex, std::string_view bytes) override;
  bool write_piece(exchange& ex, buffer&& piece) override;
  void finish(exchange& ex, std::span<const header_field> trailers) override;
  void reset(exchange& ex, reset_reason why) override;
  void inform(exchange& ex, int status, std::span<const header_field> fields) override;
  std::optional<std::string_view> read(exchange& ex) override;
  std::span<const header_field> trailers(exchange& ex) override;
  bool may_upgrade(const exchange& ex) const noexcept override;
  void upgrade(exchange& ex, std::string_view name, std::span<const header_field> fields,
               std::unique_ptr<net::protocol> next) override;
  void refuse(exchange& ex, int status, std::string_view reason) override {
    refuse(status, reason, &ex);
  }
  bool has_room(exchange& ex, std::uint64_t bytes) noexcept override;
  void handler_stopping(exchange& ex) noexcept override;
  void read_abandoned(exchange& ex) noexcept override;
  void handler_ended(exchange& ex, bool stopped) noexcept override;

  template <class Work>
  void run_or_lose(Work work) noexcept;
  waiting_for waits() const noexcept;
  void settle_clocks() noexcept;
  mono_time input_deadline() const noexcept;

  // input
  std::size_t process(std::string_view bytes);
  void process_buffered();
  [[gnu::always_inline]] void advance();  // each of them is on the way of every request
  [[gnu::always_inline]] std::size_t take_head(std::string_view bytes);
  std::size_t take_request(std::string_view bytes, std::size_t head_bytes, routed_request& asked,
                           const connection_wishes& wishes);
  body_reader::part next_of_body(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  void make_room_for_body(std::size_t bytes);
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
  void start_life();
  void end_life(bool stopped);
  void free_life() noexcept;
  bool has_unread() const noexcept;
  void lose_body() noexcept;
  void after_answer();
  void send_continue();
  bool may_write(exchange& ex, std::size_t bytes);
  void begin_chunk(std::size_t bytes, std::size_t room);
  void copy_piece();
  bool end_chunks(std::span<const header_field> trailers);
  void cut_response() noexcept;

  // output
  bool write_head(exchange& ex, const answer_head& head, body_kind body,
                  std::uint64_t content_length);
  void refuse(int status, std::string_view reason, exchange* asked);
  void answer_unread(int status, std::string_view reason);
  void answer_invalid(exchange& ex, const answer_head& head);
  void answer_too_much(exchange& ex);
  void write_refusal(const refusal& why, const route_traits* traits);
  connection_option connection_option_now() const noexcept;
  buffer& out();
  std::size_t waiting_bytes() const noexcept {
    return out_.size() + (life_ == nullptr ? 0 : life_->piece.size());
  }
  void watch(observer& hears) noexcept;
  void note_response(int status) noexcept;
  void end_watched() noexcept;
  void settle_held() noexcept;
  void tell_owner() noexcept;

  // What one file alone writes stands under its name. Ten thousand idle connections have all of
  // this, so it is packed, with bits.

  server_context& context_;
  net::protocol_owner& owner_;
  request_life* life_ = nullptr;  // of a request that was kept
  std::unique_ptr<request_watch> watch_;  // where there is an observer
  buffer out_;                    // responses not yet taken
  body_reader body_;
  // server_engine.cpp
  buffer in_;  // received and not yet dealt with, from in_begin_ on
  std::uint32_t in_begin_ = 0;
  std::uint32_t scanned_ = 0;         // the parser's note on an incomplete head
  std::uint32_t requests_ = 0;        // begun on this connection
  std::uint32_t batch_ = 0;           // requests begun since outgoing bytes were taken
  std::uint32_t held_kib_ = 0;        // in large buffers, as the context was told
  std::uint32_t received_bytes_ = 0;  // since the clocks were settled
  // server_response.cpp
  std::uint64_t stream_left_ = 0;  // of a streamed response's announced length

  // server_engine.cpp
  [[no_unique_address]] engine_clocks clocks_;
  bool in_call_ = false;            // inside feed and the like: the owner looks afterwards
  bool took_request_ = false;       // since the clocks were settled
  bool all_sent_ : 1 = false;       // likewise
  bool start_pending_ : 1 = false;  // the kept request's handler has not started yet
  bool end_of_input_ : 1 = false;
  bool draining_ : 1 = false;
  bool has_trusted_peer_ : 1;
  bool head_only_ : 1 = false;  // the response has no body: HEAD
  bool is_http_1_0_ : 1 = false;
  bool wishes_upgrade_ : 1 = false;  // what its Upgrade names would do as well
  // server_response.cpp
  bool streaming_ : 1 = false;        // between begin and finish
  bool stream_complete_ : 1 = false;  // a streamed response lacks nothing; its handler may go on
  bool owes_chunk_end_ : 1 = false;   // goes before what follows of it
  bool cut_ : 1 = false;     // the last response lacks something, and nothing more of it follows
  bool broken_ : 1 = false;  // RST has to say so
  // server_upgrade.cpp
  bool upgraded_ : 1 = false;  // it is no HTTP any more
  // all
  bool keep_alive_ : 1 = true;          // after the response in hand
  bool owes_continue_ : 1 = false;      // the client waits for 100 Continue
  body_kind stream_ = body_kind::none;  // framing of a streamed response
  phase phase_ = phase::head;
};

}  // namespace ferrule::http
