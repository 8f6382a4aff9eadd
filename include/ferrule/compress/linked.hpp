#pragma once
/// @file
/// A decompressor for whoever uses one where the program has it and does without otherwise: a
/// server that is sent compressed bodies. Whether it is there is decided by linking
/// `ferrule::compress`, and nothing of it is carried by programs that do not.
///
/// ```cpp
/// inline bool takes(std::string_view coding) {
///   return ferrule::has_decompressor() && ferrule::detail::make_linked_decompressor(coding, {});
/// }
/// ```

#include <cstddef>
#include <memory>
#include <string_view>

#include "ferrule/compress/decompressor.hpp"

namespace ferrule {

/// A `decompressor` behind an interface. Errors and memory as there.
class linked_decompressor {
 public:
  linked_decompressor() = default;
  linked_decompressor(const linked_decompressor&) = delete;
  linked_decompressor& operator=(const linked_decompressor&) = delete;
  virtual ~linked_decompressor() = default;

  virtual result<void, decompress_error> feed(std::string_view part, buffer& out) = 0;
  virtual result<void, decompress_error> finish() const = 0;
  virtual std::size_t held_bytes() const noexcept = 0;
};

namespace detail {

/// Makes one, as `decompressor::make`. It is not there without `ferrule::compress`: ask
/// `has_decompressor` first.
[[gnu::weak]] result<std::unique_ptr<linked_decompressor>, decompress_error>
make_linked_decompressor(std::string_view content_encoding, const decompress_limits& limits);

}  // namespace detail

/// Whether this program has the library.
inline bool has_decompressor() noexcept { return &detail::make_linked_decompressor != nullptr; }

}  // namespace ferrule
