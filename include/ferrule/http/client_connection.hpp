#pragma once
/// @file
/// One HTTP/1.1 connection as a client: a request, its response, and whether another may follow.
///
/// ```cpp
/// ferrule::task<int> status_of(ferrule::address server, std::string_view path) {
///   auto connected = co_await ferrule::tcp_stream::connect(server);
///   if (!connected) co_return 0;
///   ferrule::http::client_connection connection(std::move(*connected));
///   auto response = co_await connection.request({.target = path, .host = "localhost"});
///   co_return response ? response->status() : 0;
/// }
/// ```
///
/// A response comes in steps: `send`, `read_head`, and `read_body` until it gives an empty part, or
/// `collect` for the rest as a whole; `request` does all of it. A body may be sent in parts too:
/// `send_head`, `send_part` and `send_end`. One request at a time: nothing is pipelined.
///
/// Source: RFC 9112 sections 6, 7 and 9; RFC 9110 section 15.2.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/http/body_reader.hpp"
#include "ferrule/http/client_response.hpp"
#include "ferrule/http/message.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule {
class scope;
}

namespace ferrule::http {

class read_ahead;

/// What a server may send.
struct client_limits {
  head_limits head{};    ///< of each head; more is `malformed`
  chunk_limits chunk{};  ///< more is `malformed`
  /// The body of a response, however it is framed. More is `too_large`.
  std::uint64_t body_bytes_max = 16U << 20U;
  /// Interim (1xx) responses before the final one. More is `malformed`.
  std::uint16_t interim_count_max = 16;
};

/// How long the rest of a request may take when it was answered before it was sent. A server that
/// keeps the connection reads on, and mostly has done so; one that does not would never come to
/// the end. As Go's client has it.
inline constexpr std::chrono::milliseconds early_answer_wait{50};

/// Why there is no response. After each but `invalid_request` the connection is of no further use.
enum class client_error : std::uint8_t {
  invalid_request,  ///< not a valid request, or a CONNECT; nothing was sent. Of a body in parts:
                    ///< not as long as was said; the connection is of no further use
  not_reusable,     ///< what came before has left the connection unusable; nothing was sent
  no_response,      ///< the connection ended before any byte of a response: another may be tried
                    ///< if sending the request twice does no harm. Also if, on a connection that
                    ///< was used before, the answer to a small request is 408 and an end: it was
                    ///< on its way before the request was (RFC 9110 section 15.5.9)
  closed_early,     ///< the connection ended within the response
  malformed,        ///< not HTTP/1.1, or ambiguous, or beyond a limit of heads or chunks
  too_large,        ///< a body beyond `body_bytes_max`
  no_resources,     ///< this side's kernel had no memory to send or receive with (ENOBUFS, ENOMEM)
};

/// A short static text for a log line.
const char* to_string(client_error error) noexcept;

/// Says of a request that its body follows part by part.
struct streamed_body {
  std::optional<std::uint64_t> bytes{};  ///< how long it will be; if nobody knows, it is chunked
};

/// What to ask. All views must live until the task that sends it has ended.
struct client_request {
  std::string_view verb = "GET";    ///< any but CONNECT
  std::string_view target = "/";    ///< raw: encoded where need be
  std::string_view host{};          ///< with the port unless it is the scheme's; must be given
  std::string_view content_type{};  ///< empty: no field
  std::span<const header_field> fields{};  ///< not Connection, nor what frames the body
  std::string_view body{};
  bool close = false;  ///< tells the server that no other request follows
  /// In place of `body`. What sends whole requests refuses it: `invalid_request`.
  std::optional<streamed_body> streamed{};
};

/// A connection and the request in hand. It must neither move nor die while one of its tasks runs.
/// Cancellation of each task: unwinds, and the connection is not `reusable` from then on, for what
/// is under way would be taken for the next response.
/// Thread rule: the reactor's thread.
class client_connection {
 public:
  /// Takes over a connected stream on which nothing was sent or received.
  explicit client_connection(tcp_stream stream, const client_limits& limits = {});
  client_connection(client_connection&& other) noexcept;
  client_connection& operator=(client_connection&&) = delete;
  ~client_connection();

  /// Sends `what` and gives the whole response, passing over interim ones. The response is read
  /// while the request is still being sent, so that neither side waits for the other; a server may
  /// answer before it has read everything. When it has, and says no word of closing,
  /// `early_answer_wait` more is given to what is left of the request; one that was not sent to its
  /// end is the connection's last.
  /// Errors: all of `client_error`. There is no timeout: see `with_deadline`.
  task<result<client_response, client_error>> request(client_request what);
  /// Sends `what` and gives the head of the final response, as `request` does; the body follows by
  /// `read_body`. After a head of success the request is sent to its end, for which there is time
  /// until shortly before the deadline of the awaiting task.
  task<result<response_head, client_error>> request_head(client_request what);

  // In steps, for bodies that are not to be kept whole. `read_head` and `read_body` may run while
  // one of those that send does, but after the first of them was started.

  /// Sends a request. Errors: `invalid_request`, `not_reusable`, `closed_early`: not all of it
  /// could be sent; a response may still be there to read.
  task<result<void, client_error>> send(client_request what);
  /// Sends the head of a request whose body follows in parts, as `what.streamed` says; without it
  /// in chunks. `what.body` is ignored. Errors: as `send`.
  task<result<void, client_error>> send_head(client_request what);
  /// Sends the next part of the body. It ends when the kernel has taken it, so that who produces
  /// the body is not faster than the network. Errors: `closed_early`, also if sending a part was
  /// cancelled before, and `invalid_request`.
  task<result<void, client_error>> send_part(std::string_view part);
  /// Ends the body. `trailers` follow one that is chunked, and are left out behind another (RFC
  /// 9112 section 7.1.2). Errors: as `send_part`; a trailer that is not valid, or may not be one,
  /// is `invalid_request`.
  task<result<void, client_error>> send_end(std::span<const header_field> trailers = {});
  /// The head of the final response; its views live until the next request. Errors: all but the
  /// first two.
  task<result<response_head, client_error>> read_head();
  /// Of the body yet to come at most this much, instead of `body_bytes_max`, for who does not keep
  /// it. After `read_head`.
  void allow_body(std::uint64_t bytes_max) noexcept { body_.allow(bytes_max); }
  /// The next part of the body, in a view that lives until the next read; empty at its end, which
  /// has to be reached before another request. Errors: `closed_early`, `malformed`, `too_large`.
  task<result<std::string_view, client_error>> read_body();
  /// The same of what has been received already; nothing when more has to come.
  std::optional<result<std::string_view, client_error>> part_at_hand();
  /// The fields behind a chunked body, once it was read to its end; those that may not be there are
  /// left out. The views live until the next request.
  std::span<const header_field> trailers();
  /// The rest of the response whose `head` was read, as a whole. Errors: as `read_body`.
  task<result<client_response, client_error>> collect(response_head head);

  /// Whether another request may be sent: the last one was sent and answered completely, both sides
  /// keep the connection, and nothing came after the response. That the server has not closed it
  /// since is not known: see `is_quiet` and `no_response`.
  bool reusable() const noexcept {
    return stream_.is_open() && sent_ && answered_ && keep_alive_ && unread().empty();
  }
  /// Whether nothing has come since the last response: neither bytes, which would be taken for the
  /// next one, nor the server's end. What is under way is not seen. One system call.
  bool is_quiet() const noexcept;
  /// Whether the last request was sent to its end.
  bool is_sent() const noexcept { return sent_; }
  /// Whether nothing has come of the response to the last request.
  bool is_unheard() const noexcept { return !heard_; }
  /// Whether the server, or what lies between, ended the connection or lost it.
  bool is_lost() const noexcept { return lost_; }
  /// Begins to receive on a `reusable` connection, so that it is noticed when the server closes it
  /// or says what nobody asked for: `heard(context)` is called then, at most once, and may destroy
  /// the connection. Not after the next request was begun, whose response comes this way.
  void watch(void (*heard)(void*) noexcept, void* context);
  /// Closes, and ends when the socket is closed; the destructor closes too.
  task<> close();

 private:
  using response_result = result<client_response, client_error>;

  using head_result = result<response_head, client_error>;

  static task<response_result> send_and_receive(scope& sending, client_connection* self,
                                                std::string_view body);
  static task<head_result> send_and_read_head(scope& sending, client_connection* self,
                                              std::string_view body);
  static task<> send_beside(scope* sending, client_connection* self, std::string_view body);
  static task<> stop_sending(scope* sending, mono_time at);
  result<void, client_error> begin(const client_request& what);
  result<void, client_error> begin(const client_request& what, body_kind framing,
                                   std::uint64_t body_bytes);
  task<result<void, std::error_code>> write(std::string_view bytes, std::string_view more);
  task<> flush(std::string_view body);
  task<response_result> receive();
  task<result<std::size_t, std::error_code>> fill();
  void accept_head(response_head& head, std::size_t bytes);
  bool is_of_before(const response_head& head) const noexcept;
  void note(std::error_code failed) noexcept;
  client_error ended(client_error otherwise) const noexcept {
    return starved_ ? client_error::no_resources : otherwise;
  }
  std::string_view unread() const noexcept { return in_.view().substr(in_begin_); }

  tcp_stream stream_;
  client_limits limits_;
  buffer out_;         // the request's head
  buffer in_;          // received; from in_begin_ on not yet dealt with
  buffer head_bytes_;  // of the response in hand
  std::vector<header_field> fields_;
  buffer trailer_lines_;
  std::vector<header_field> trailers_;
  body_reader body_;
  std::unique_ptr<read_ahead> ahead_;  // made by the first `watch`
  std::size_t in_begin_ = 0;
  std::uint64_t unsent_bytes_ = 0;  // of a body of known length that is sent in parts
  bool sends_chunks_ = false;
  bool is_writing_ = false;  // or was when its task was cancelled: who knows how much was sent
  method verb_ = method::unknown;  // of the request in hand
  bool is_used_ = false;           // a request was begun
  bool is_reused_ = false;         // and the one in hand came after it
  bool is_small_ = false;          // it was sent at once
  bool sent_ = true;
  bool heard_ = true;     // some of the response has come
  bool answered_ = true;  // all of it
  bool lost_ = false;
  bool starved_ = false;  // this side had no memory for it
  bool keep_alive_ = true;
};

}  // namespace ferrule::http
