#pragma once
/// @file
/// What engines and services agree on: what of a request is matched to a route, what answers it,
/// and where the response goes. `exchange` (http/exchange.hpp) is what passes between them.
///
/// ```cpp
/// /// Whether a request of the route is copied while its handler waits.
/// bool is_copied(const ferrule::http::route_traits& route) {
///   return route.suspends && route.needs_request;
/// }
/// ```

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/message.hpp"
#include "ferrule/io/address.hpp"
#include "ferrule/net/protocol.hpp"

namespace ferrule {

/// A request as a handler sees it. Its views last until the handler's task ends; a plain handler's
/// until it returns.
struct request : request_head {
  const address* peer = nullptr;  ///< who sent it; null where there is no connection
  /// It is one of `server_limits::trusted_peers`, or there is no connection: what the request hands
  /// on from another is believed.
  bool has_trusted_peer = false;
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
  std::int32_t route = -1;           ///< the service's own index
  std::uint32_t extra = 0;           ///< the service's own, such as the mask of allowed methods
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

/// Sees the head of a response that goes past a handler's results: the layers around it.
struct answer_filter {
  /// What an engine answers in the place of the handler: answers `ex` with another head.
  void (*respond)(answer_filter& self, exchange& ex, const answer_head& head,
                  std::string_view body) noexcept;
  /// The 101 of an upgrade, to which it may add fields. Throws what hooks do.
  void (*upgrade)(answer_filter& self, std::span<const header_field> given,
                  std::vector<header_field>& fields);
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

/// Why a response is given up; HTTP/2 tells its peer.
enum class reset_reason : std::uint8_t {
  failed,     ///< the handler did, or did not keep to what it had announced
  cancelled,  ///< it is of no use any more
  refused,    ///< nothing was done for the request, which may be made again
};

/// Where an exchange's response goes and its body comes from: the engine that made it.
class sink {
 public:
  /// Sends an interim response, 102 to 199, before the other; not where the protocol has none.
  virtual void inform(exchange&, int /*status*/, std::span<const header_field>) {}
  virtual void respond(exchange& ex, const answer_head& head, std::string_view body) = 0;
  virtual void begin(exchange& ex, const answer_head& head,
                     std::optional<std::uint64_t> content_length) = 0;
  /// Takes `bytes` and returns whether more may follow at once; otherwise the engine calls
  /// `exchange::resume_writer` when it is ready for more.
  virtual bool write(exchange& ex, std::string_view bytes) = 0;
  /// The same of memory that is handed over, to be sent from where it lies if that is worth it.
  virtual bool write_piece(exchange& ex, buffer&& piece) { return write(ex, piece.view()); }
  /// Ends a streamed response, with `trailers` where there is a place for them.
  virtual void finish(exchange& ex, std::span<const header_field> trailers) = 0;
  virtual void reset(exchange& ex, reset_reason why) = 0;
  /// The next part of the body, or nothing when it has yet to arrive; then the engine calls
  /// `exchange::resume_reader` with it. An empty part is the end.
  virtual std::optional<std::string_view> read(exchange& ex) = 0;
  /// The fields behind the body, once all of it was read or collected.
  virtual std::span<const header_field> trailers(exchange&) { return {}; }
  /// Whether the client would go on in another protocol now, of those that its Upgrade names.
  virtual bool may_upgrade(const exchange&) const noexcept { return false; }
  /// Goes on in `protocol`: with `next`, once the handler has ended, or without as a stream in both
  /// directions for `read` and `write`.
  virtual void upgrade(exchange&, std::string_view /*protocol*/, std::span<const header_field>,
                       std::unique_ptr<net::protocol> /*next*/) {}
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

}  // namespace ferrule::http
