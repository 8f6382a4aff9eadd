#include "ferrule/compress/decompressor.hpp"

#include <algorithm>
#include <array>

#include "compress/inflate.hpp"
#include "compress/unbrotli.hpp"
#include "compress/unzstd.hpp"

namespace ferrule {
namespace {

using detail::decompress_stage;

constexpr std::size_t chunk_bytes = 16384;
constexpr std::uint64_t ratio_slack_bytes = 65536;  // so that the ratio is one of some data

bool equals(std::string_view text, std::string_view lower) noexcept {
  return std::ranges::equal(text, lower, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// The stage of a coding; null when there is no such coding.
std::unique_ptr<decompress_stage> make_stage(std::string_view coding) {
  if (equals(coding, "gzip") || equals(coding, "x-gzip")) return detail::make_gunzip();
  if (equals(coding, "deflate")) return detail::make_inflate();
  if (equals(coding, "br")) return detail::make_unbrotli();
  if (equals(coding, "zstd")) return detail::make_unzstd();
  return nullptr;
}

}  // namespace

const char* to_string(decompress_error error) noexcept {
  switch (error) {
    case decompress_error::unknown_coding:
      return "the content coding is unknown";
    case decompress_error::malformed:
      return "the compressed data is malformed";
    case decompress_error::truncated:
      return "the compressed data ends too early";
    case decompress_error::too_large:
      break;
  }
  return "the decompressed data is too large";
}

decompressor::decompressor(const decompress_limits& limits) noexcept : limits_(limits) {}
decompressor::decompressor(decompressor&&) noexcept = default;
decompressor& decompressor::operator=(decompressor&&) noexcept = default;
decompressor::~decompressor() = default;

result<decompressor, decompress_error> decompressor::make(std::string_view content_encoding,
                                                          const decompress_limits& limits) {
  decompressor made(limits);
  while (!content_encoding.empty()) {
    const std::size_t comma = std::min(content_encoding.find(','), content_encoding.size());
    const std::string_view coding = trimmed(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(std::min(comma + 1, content_encoding.size()));
    if (coding.empty() || equals(coding, "identity")) continue;  // RFC 9110 5.6.1: empty elements
    auto stage = make_stage(coding);
    if (stage == nullptr || made.layers_.size() == codings_max) {
      return fail(decompress_error::unknown_coding);
    }
    made.layers_.insert(made.layers_.begin(), layer{std::move(stage)});
  }
  return made;
}

result<void, decompress_error> decompressor::feed(std::string_view part, buffer& out) {
  if (part.empty()) return {};
  fed_bytes_ += part.size();
  return run(0, part, out);
}

result<void, decompress_error> decompressor::finish() const {
  const bool ended =
      std::ranges::all_of(layers_, [](const layer& each) { return each.stage->has_ended(); });
  if (!ended) return fail(decompress_error::truncated);
  return {};
}

std::size_t decompressor::held_bytes() const noexcept {
  std::size_t all = 0;
  for (const layer& each : layers_) {
    const auto memory = each.stage->memory();
    all += memory.fixed_bytes + std::min(each.made_bytes, std::uint64_t{memory.window_bytes_max});
  }
  return all;
}

/// Feeds the layer `at`, and what comes out of it to the next one; what comes out of the last one
/// is the result. As deep as there are layers.
result<void, decompress_error> decompressor::run(std::size_t at, std::string_view in, buffer& out) {
  if (layers_.empty()) {
    if (fed_bytes_ > limits_.bytes_max) return fail(decompress_error::too_large);
    out.append(in);
    return {};
  }
  const bool is_last = at + 1 == layers_.size();
  buffer between(is_last ? 0 : chunk_bytes);
  buffer& into = is_last ? out : between;
  for (;;) {
    const auto done = layers_[at].stage->step(in, {into.prepare(chunk_bytes), chunk_bytes});
    const bool got_on = in.empty() || done.consumed != 0 || done.made != 0;
    if (!done.is_well || !got_on) return fail(decompress_error::malformed);
    in.remove_prefix(done.consumed);
    into.commit(done.made);
    if (is_too_large(at, done.made)) return fail(decompress_error::too_large);
    if (!is_last && done.made != 0) {
      if (auto next = run(at + 1, between.view(), out); !next) return next;
      between.clear();
    }
    // With room left, all that could be made of the input was made.
    if (in.empty() && done.made != chunk_bytes) return {};
  }
}

bool decompressor::is_too_large(std::size_t at, std::uint64_t made) noexcept {
  layers_[at].made_bytes += made;
  const std::uint64_t by_ratio = fed_bytes_ * limits_.ratio_max + ratio_slack_bytes;
  return layers_[at].made_bytes > std::min(limits_.bytes_max, by_ratio);
}

}  // namespace ferrule
