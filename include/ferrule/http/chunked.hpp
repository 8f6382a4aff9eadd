#pragma once
/// @file
/// The chunked transfer coding: a decoder that hands out the data as views into what it was fed,
/// and the few bytes that an encoder puts around each chunk.
///
/// ```cpp
/// inline bool body_is_complete(std::string_view received) {
///   ferrule::http::chunked_decoder decoder;
///   for (;;) {
///     const auto piece = decoder.feed(received);
///     received.remove_prefix(piece.consumed);
///     if (piece.state != ferrule::http::chunk_state::data) {
///       return piece.state == ferrule::http::chunk_state::done;
///     }
///   }
/// }
/// ```
///
/// Strict: lines end in CRLF only, sizes are at most 16 hexadecimal digits behind leading zeros,
/// and nothing stands between data and its CRLF. Extensions keep to their grammar and are passed
/// over. Trailer fields are validated and handed out as they came.
///
/// Source: RFC 9112 section 7.1.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferrule::http {

/// How much a sender may put around the data.
struct chunk_limits {
  /// Of each chunk: what stands between its size and the end of that line, and the zeros before the
  /// size. More: 400.
  std::uint32_t extension_bytes_max = 256;
  /// Of the whole body: how much framing may exceed 16 bytes a chunk and two for each byte of data,
  /// so that a small body does not cost a large one's bytes. More: 400.
  std::uint32_t excess_bytes_max = 16384;
  /// All trailer fields with their CRLFs, without the empty line after them. More: 431.
  std::uint32_t trailer_bytes_max = 4096;
};

enum class chunk_state : std::uint8_t {
  need_more,  ///< all input is consumed and the body goes on
  data,       ///< `data` is the next piece of the body
  done,       ///< the body and its trailers are complete; the input from `consumed` on is not ours
  error,      ///< answer `status` and close
};

/// What came of feeding the decoder.
struct chunk_piece {
  chunk_state state = chunk_state::need_more;
  std::size_t consumed = 0;    ///< bytes of the input that are dealt with, `data` included
  std::string_view data = {};  ///< in the input; not empty for `chunk_state::data`
  std::string_view trailers = {};  ///< in the input: more of the trailer fields, as lines
  int status = 0;              ///< for an error 400 or 431
  const char* reason = "";     ///< for an error: what was wrong; static text
};

/// Decodes one chunked body from any split of its bytes. Keeps no bytes and allocates nothing.
/// Thread rule: as a plain value.
class chunked_decoder {
 public:
  chunked_decoder() = default;
  explicit chunked_decoder(const chunk_limits& limits) noexcept : limits_(limits) {}

  /// Takes `in` up to the end of the next piece of data, of the body, or of itself. Call again
  /// with what was not consumed. After `done` or `error` only a new decoder goes on.
  chunk_piece feed(std::string_view in) noexcept;

  /// How much data of the chunk at hand has yet to come, less than 2^63 bytes.
  std::uint64_t chunk_left() const noexcept { return step_ == step::data ? left_ : 0; }

 private:
  enum class step : std::uint8_t {
    size,              // before the first digit of a size
    size_digits,       // after the first digit
    before_semicolon,  // white space, which only an extension may follow
    before_name,
    name,
    before_equals,  // or before the next extension
    before_value,
    value,
    quoted,
    quoted_pair,
    after_quoted,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,  // at the beginning of a trailer line
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
  };

  const char* take(char c) noexcept;
  const char* take_size(char c) noexcept;
  const char* take_extension(char c) noexcept;
  const char* end_extension_part(char c) noexcept;
  const char* end_size_line() noexcept;
  const char* take_trailer(char c) noexcept;
  const char* expect(char wanted, char c, step next) noexcept;

  // In the order that leaves room behind it, which `body_reader` uses.
  std::uint64_t left_ = 0;  // of the size while it is read, then of the data
  chunk_limits limits_{};
  std::uint32_t line_bytes_ = 0;    // of the extension and leading zeros, or of all trailers
  std::uint32_t excess_bytes_ = 0;  // see chunk_limits
  step step_ = step::size;
  std::uint8_t digits_ = 0;  // of a size, without leading zeros
};

/// The most bytes `write_chunk_head` writes: 16 digits and CRLF.
inline constexpr std::size_t chunk_head_bytes_max = 18;
/// What follows the data of each chunk.
inline constexpr std::string_view chunk_end = "\r\n";
/// The last chunk where trailers and an empty line follow.
inline constexpr std::string_view chunk_before_trailers = "0\r\n";
/// What ends a body without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Writes the line that goes before `data_bytes` bytes of data, which must not be 0 for that would
/// end the body. `out` has room for `chunk_head_bytes_max`. Returns the bytes written.
std::size_t write_chunk_head(char* out, std::uint64_t data_bytes) noexcept;

}  // namespace ferrule::http
