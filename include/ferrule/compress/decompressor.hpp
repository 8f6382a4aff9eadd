#pragma once
/// @file
/// The content codings of HTTP undone: gzip, deflate, br and zstd, part by part, and no further
/// than a limit, so that a few bytes that claim to be terabytes cost next to nothing.
///
/// ```cpp
/// ferrule::result<std::string, ferrule::decompress_error> plain(std::string_view coding,
///                                                               std::string_view body) {
///   auto decoder = ferrule::decompressor::make(coding, {.bytes_max = 1U << 20U});
///   if (!decoder) return ferrule::fail(decoder.error());
///   ferrule::buffer out;
///   if (auto fed = decoder->feed(body, out); !fed) return ferrule::fail(fed.error());
///   if (auto ended = decoder->finish(); !ended) return ferrule::fail(ended.error());
///   return std::string(out.view());
/// }
/// ```
///
/// | coding | what is taken |
/// | --- | --- |
/// | `gzip`, `x-gzip` | one member or several in a row |
/// | `deflate` | the zlib format, as the RFC says, and bare deflate data, which some servers send
/// and browsers accept: told apart by the first two bytes | | `br` | one stream with a window of up
/// to 16 MiB | | `zstd` | frames with windows of up to 8 MiB, as RFC 9659 asks | | `identity` |
/// anything, as it is |
///
/// Source: RFC 9110 section 8.4, RFC 1950 to 1952, RFC 7932, RFC 8878, RFC 9659.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/result.hpp"

namespace ferrule {

/// How far decompression may go.
struct decompress_limits {
  /// Of each coding's result. More is `too_large`; at most 16 KiB beyond it are produced.
  std::uint64_t bytes_max = 16U << 20U;
  /// The whole result may be so many times as large as what was fed, and 64 KiB more, so that
  /// a bomb is known by its first bytes. Text reaches 20; gzip cannot exceed 1,032.
  std::uint32_t ratio_max = 1100;
};

/// Why there is no plain text.
enum class decompress_error : std::uint8_t {
  unknown_coding,  ///< not one of those above, or more than three in a row
  malformed,       ///< not in the coding's format, or something follows its end
  truncated,       ///< it ended too early
  too_large,       ///< beyond a limit
};

/// A short static text for a log line.
const char* to_string(decompress_error error) noexcept;

namespace detail {
class decompress_stage;
}

/// Decodes one body. After an error it is of no further use.
/// Memory: what the coding's window takes, up to 16 MiB for br and 8 MiB for zstd, 32 KiB for the
/// others, and 16 KiB for each but the last of several codings.
/// Thread rule: as a plain value, move-only.
class decompressor {
 public:
  static constexpr std::size_t codings_max = 3;
  /// For an Accept-Encoding field.
  static constexpr std::string_view accepted = "gzip, deflate, br, zstd";

  /// `content_encoding` is the value of a Content-Encoding field: codings in the order in which
  /// they were applied, of any case; empty is `identity`. Error: `unknown_coding`.
  static result<decompressor, decompress_error> make(std::string_view content_encoding,
                                                     const decompress_limits& limits = {});
  decompressor(decompressor&&) noexcept;
  decompressor& operator=(decompressor&&) noexcept;
  ~decompressor();

  /// Decodes the next part, of any size, and appends what comes out of it to `out`. What was
  /// appended before an error is there. Errors: `malformed`, `too_large`.
  result<void, decompress_error> feed(std::string_view part, buffer& out);
  /// Says that no further part comes. Error: `truncated`, also when nothing was ever fed, unless
  /// the coding is `identity`.
  result<void, decompress_error> finish() const;
  /// How much memory it takes by now, about: windows are touched as far as there is data for them.
  std::size_t held_bytes() const noexcept;

 private:
  explicit decompressor(const decompress_limits& limits) noexcept;
  result<void, decompress_error> run(std::size_t stage, std::string_view in, buffer& out);
  bool is_too_large(std::size_t stage, std::uint64_t made) noexcept;

  struct layer {
    std::unique_ptr<detail::decompress_stage> stage;
    std::uint64_t made_bytes = 0;
  };

  decompress_limits limits_;
  std::vector<layer> layers_;  // the coding that was applied last comes first
  std::uint64_t fed_bytes_ = 0;
};

}  // namespace ferrule
