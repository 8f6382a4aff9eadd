// Compressed bodies: whatever the bytes are, the result keeps to its limit, and parts give what the
// whole gives. The first byte chooses the codings.

#include <array>
#include <limits>
#include <optional>

#include "check.hpp"
#include "ferrule/compress/decompressor.hpp"

namespace {

using namespace ferrule;

constexpr std::size_t bytes_max = 100'000;
constexpr std::array<std::string_view, 7> codings = {
    "gzip", "deflate", "br", "zstd", "gzip, br", "deflate, zstd, gzip", "identity"};

/// Decodes `bytes` in parts of up to `part_bytes_max`; nothing when they are refused.
std::optional<std::string> decode(std::string_view coding, std::string_view bytes,
                                  std::size_t part_bytes_max) {
  auto decoder = decompressor::make(
      coding, {.bytes_max = bytes_max, .ratio_max = std::numeric_limits<std::uint32_t>::max()});
  FUZZ_CHECK(decoder.has_value());
  rng chance(std::hash<std::string_view>{}(bytes));
  buffer out;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), 1 + chance.below(part_bytes_max));
    const auto fed = decoder->feed(bytes.substr(0, size), out);
    FUZZ_CHECK(out.size() <= bytes_max + 16'384);
    if (!fed) {
      FUZZ_CHECK(fed.error() == decompress_error::malformed ||
                 fed.error() == decompress_error::too_large);
      return std::nullopt;
    }
    bytes.remove_prefix(size);
  }
  if (!decoder->finish()) return std::nullopt;
  return std::string(out.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view coding = codings[data[0] % codings.size()];
  const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
  const auto whole = decode(coding, bytes, size);
  FUZZ_CHECK(decode(coding, bytes, 1) == whole);
  FUZZ_CHECK(decode(coding, bytes, 40) == whole);
  return 0;
}
