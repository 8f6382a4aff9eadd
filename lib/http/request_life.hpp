#pragma once
// A request's life, whatever protocol carries it: whether it is taken on, what it inherits, until
// when it is worked on, and what is answered in the place of its handler. An engine tells it what
// happens, and writes what it answers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/propagation.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/http/server_context.hpp"

namespace ferrule::http {

/// A refusal with what it views, told to whoever hears of such.
struct told_refusal {
  /// Of a request, whether or not it is still there.
  told_refusal(server_context& context, const address* peer, const exchange& ex, int status,
               std::string_view reason);
  /// Of what is no request.
  told_refusal(server_context& context, const address* peer, int status, std::string_view reason);
  told_refusal(const told_refusal&) = delete;
  told_refusal& operator=(const told_refusal&) = delete;

  trace_id_text trace;
  refusal why;

 private:
  void tell(server_context& context) const noexcept;
};

/// What an engine says to a request that it has the head of; 0: it is taken on.
struct admission {
  int status = 0;
  std::string_view reason{};
};
/// Finds the route of `ex`, and whether there is room for the body that is announced.
admission admit(server_context& context, exchange& ex);

enum class handler_state : std::uint8_t { not_begun, begun };
/// Answers in the place of a handler, past the layers around it.
void answer_for_handler(server_context& context, const address* peer, exchange& ex, int status,
                        std::string_view reason, handler_state handler);
/// Runs a handler that does not wait, and answers 500 where it did not. False when `has_ended()`
/// then: it gave its response up.
template <class Ended>
bool run_in_place(server_context& context, exchange& ex, Ended has_ended) {
  context.handlers().invoke(ex);
  FERRULE_ASSERT(!ex.running(), "a route whose traits say that it does not suspend did");
  if (has_ended()) return false;
  if (!ex.answered()) {
    answer_for_handler(context, ex.request().peer, ex, 500, "the handler gave no response",
                       handler_state::begun);
  }
  return true;
}

/// An exchange that outlives the receive buffer: one block with it and, if the handler needs it,
/// the request with its header fields and bytes, so that every view the handler got stays valid
/// until its task ends.
class request_life : public exchange {
 public:
  /// Refers to what `from` was asked, which must last until it is forgotten.
  static request_life* make(server_context& context, sink& engine, exchange& from);
  /// Copies what `from` was asked, with the `bytes` its views lie in.
  static request_life* make(server_context& context, sink& engine, exchange& from,
                            std::string_view bytes);
  static void destroy(request_life* self) noexcept;

  /// Begins the handler, unless nobody waits for it any more: then it is answered 504. Returns
  /// whether it goes on.
  bool start();
  /// For `sink::handler_ended`: whether it ended inside `start`, which will say so.
  bool ended_in_start(bool stopped) noexcept;
  bool is_starting() const noexcept { return starting_; }
  /// Whether the handler that ended inside `start` was stopped.
  bool was_stopped() const noexcept { return stopped_; }

  /// When the handler has to have begun its response; `no_deadline` once it has. Time in which it
  /// waits for its request's body does not count.
  mono_time deadline() const noexcept;
  /// Its response has begun, and may last: what the handler waits for from now on has the time of
  /// its caller.
  void begin_streaming() noexcept { engine_parts().env.deadline = caller_deadline_; }
  /// Stops the handler, for it is late. Its request is answered when it ends.
  void stop_late() noexcept { engine_parts().stop.request_stop(stop_reason::deadline); }
  /// Whether it has begun its response, and was not told to stop.
  bool goes_on_after_head() const noexcept { return answered() && !env().stop->stop_requested(); }

  /// From now on the client is the slow one, or it is the handler, which has as much time left as
  /// when it began to wait.
  bool waits_for_body() const noexcept { return waited_for_body().goes_on(); }
  void begin_body_wait() noexcept;
  void end_body_wait() noexcept;

  /// For `sink::handler_stopping`: 503, or 504 when nobody waits for it any more.
  void answer_stopped();
  /// Once the handler has ended: 500, if it gave no response.
  void answer_missing();
  void refuse(int status, std::string_view reason) {
    answer_for_handler(context_, peer_, *this, status, reason,
                       running() ? handler_state::begun : handler_state::not_begun);
  }

  /// How many retries are left, for the response to tell; null if the request lent none.
  const retry_allowance* retries_to_tell() const noexcept {
    return tells_retries_ ? &retries_ : nullptr;
  }
  /// What it holds in large pieces.
  std::uint32_t large_kib() const noexcept;

  buffer body;     // a whole body that did not arrive at once
  buffer reading;  // of a streamed body: received bytes, from reading_begin on not yet lent
  std::size_t reading_begin = 0;
  buffer piece;          // of the response: handed over, and sent next after the engine's `out_`
  buffer trailer_lines;  // as they came, until they are asked for
  std::optional<std::span<const header_field>> trailers;  // once they were
  std::unique_ptr<net::protocol> successor;  // after an upgrade

 private:
  request_life(server_context& context, sink& engine, exchange& from, routed_request& asked,
               std::size_t block_bytes) noexcept;
  void inherit() noexcept;
  mono_time handler_deadline() const noexcept;

  // The end of a handler needs these, and the end of the exchange before them.
  server_context& context_;
  const address* peer_;
  mono_time caller_deadline_ = no_deadline;  // when nobody waits for the response any more
  std::size_t block_bytes_;
  retry_allowance retries_;
  bool tells_retries_ = false;
  bool starting_ = false;
  bool stopped_ = false;
  trace_context trace_;
};

}  // namespace ferrule::http
