#pragma once
/// @file
/// The heads of HTTP/1.1 messages out of bytes: pure functions that allocate nothing, copy
/// nothing and can be called again with more bytes after any split.
///
/// ```cpp
/// inline bool asks_for_users(std::string_view received) {
///   ferrule::header_field storage[100];
///   ferrule::request_head head;
///   const auto parsed = ferrule::http::parse_request_head(received, {}, storage, head);
///   return parsed.state == ferrule::http::head_parse::complete && head.path == "/users";
/// }
/// ```
///
/// Where RFC 9112 leaves a choice the strict one is taken, since two parsers that differ are how
/// requests are smuggled: lines end in CRLF only; no folded lines; no space before a colon; a
/// Content-Length is one number, given once; no Content-Length beside Transfer-Encoding, which is
/// refused in HTTP/1.0; a target has no control byte, space, quotation mark, `<`, `>`, `#` or byte
/// beyond ASCII, no %00 and no dot segments, not even escaped ones; one empty line may precede a
/// request. Looser than RFC 3986 only in what browsers send, see http/uri.hpp.
///
/// Source: RFC 9112; RFC 9110 sections 4.2, 5, 7.2, 8.6 and 10.1.1; RFC 3986; the URL standard.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ferrule/http/message.hpp"

namespace ferrule::http {

/// How much head a peer may send.
struct head_limits {
  /// Request line or status line, without its CRLF. More: 414 (a response is refused).
  std::uint32_t request_line_bytes_max = 8192;
  /// All field lines with their CRLFs, without the empty line after them. More: 431.
  std::uint32_t header_bytes_max = 16384;
  /// Field lines; the storage given to the parser limits them too. More: 431.
  std::uint16_t header_count_max = 100;
};

/// The most bytes a head within these limits takes, so the most that is ever worth keeping of an
/// incomplete one: an empty line, the first line, the fields, an empty line.
constexpr std::size_t head_bytes_max(const head_limits& limits) noexcept {
  constexpr std::size_t line_end_bytes = 2;
  return std::size_t{limits.request_line_bytes_max} + limits.header_bytes_max + 3 * line_end_bytes;
}

/// What became of an attempt to parse a head.
struct head_parse {
  enum outcome : std::uint8_t {
    complete,    ///< the head is filled in; `bytes` of the input belong to it
    incomplete,  ///< valid so far; call again when there are more bytes
    error,       ///< answer `status` and close: where the next message begins is not known
  };
  outcome state = incomplete;
  int status = 0;                 ///< for an error in a request 400, 414, 417, 421, 431, 501 or 505
  std::size_t bytes = 0;          ///< consumed, when complete
  const char* reason = "";        ///< for an error: what was wrong, in a few words; static text
  std::size_t scanned_bytes = 0;  ///< how many bytes this call looked at, some perhaps twice
};

/// What a request's head says to the connection that it came on, and not to its handler.
struct connection_wishes {
  bool keep_alive = true;        ///< what the client allows: by version and Connection
  bool expect_continue = false;  ///< it waits for 100 Continue; never set for HTTP/1.0
  /// Connection names Upgrade, so that an Upgrade field counts; never set for HTTP/1.0.
  bool upgrade = false;
};

/// Parses the head of a request at the beginning of `bytes`.
///
/// `scanned` makes feeding in small pieces cheap: begin with 0 for each message and hand in the
/// same variable with the same bytes plus more. The first call parses at once, later ones only
/// look through the new bytes until the head's end, a control byte or a limit appears, so that
/// one-byte pieces cost O(n) in all. An error that is none of these and lies in a later piece is
/// therefore reported when the head is complete; bytes that cannot begin a request (a TLS
/// handshake) are refused by the first call. The HTTP/2 preface gets 505.
///
/// `storage` receives the fields; `out` and `wishes` are meaningful only when complete. An unknown
/// method or a CONNECT parses like any other; the caller decides what to answer.
head_parse parse_request_head(std::string_view bytes, const head_limits& limits,
                              std::span<header_field> storage, request_head& out,
                              std::size_t& scanned, connection_wishes& wishes) noexcept;

/// The same when the connection does not matter.
inline head_parse parse_request_head(std::string_view bytes, const head_limits& limits,
                                     std::span<header_field> storage, request_head& out,
                                     std::size_t& scanned) noexcept {
  connection_wishes wishes;
  return parse_request_head(bytes, limits, storage, out, scanned, wishes);
}
/// The same when all the bytes that matter are at hand, or how often they are looked through
/// does not matter.
inline head_parse parse_request_head(std::string_view bytes, const head_limits& limits,
                                     std::span<header_field> storage, request_head& out) noexcept {
  std::size_t scanned = 0;
  return parse_request_head(bytes, limits, storage, out, scanned);
}

/// Parses the head of a response to a request with method `request`, on which the framing of the
/// body depends: none after HEAD, with 1xx, 204 and 304, and with 2xx to CONNECT (a tunnel
/// begins). Interim (1xx) responses are reported like others: the caller goes on to the next.
/// Errors have status 502, for that is what a caller on behalf of others answers. `scanned` as
/// for requests.
head_parse parse_response_head(std::string_view bytes, const head_limits& limits,
                               std::span<header_field> storage, method request, response_head& out,
                               std::size_t& scanned) noexcept;

inline head_parse parse_response_head(std::string_view bytes, const head_limits& limits,
                                      std::span<header_field> storage, method request,
                                      response_head& out) noexcept {
  std::size_t scanned = 0;
  return parse_response_head(bytes, limits, storage, request, out, scanned);
}

}  // namespace ferrule::http
