#pragma once
// Data as servers would send it, made by the compressors themselves.

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ferrule {

inline void require(bool done) {
  if (!done) throw std::runtime_error("cannot compress");
}

/// `window`: 31 gzip, 15 zlib, -15 bare deflate.
inline std::string deflated(std::string_view text, int window) {
  z_stream stream{};
  require(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string brotlied(std::string_view text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 16;
  std::string out(size, '\0');
  require(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, text.size(),
                                reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

inline std::string zstded(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer from{text.data(), text.size(), 0};
  ZSTD_outBuffer into{out.data(), out.size(), 0};
  require(ZSTD_compressStream2(context, &into, &from, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  out.resize(into.pos);
  return out;
}

/// By the name of a case of the tests.
inline std::string compressed(std::string_view how, std::string_view text) {
  if (how == "gzip") return deflated(text, 31);
  if (how == "deflate") return deflated(text, 15);
  if (how == "bare deflate") return deflated(text, -15);
  if (how == "br") return brotlied(text);
  if (how == "zstd") return zstded(text);
  return std::string(text);
}

/// The coding's name for a case.
inline std::string_view coding_of(std::string_view how) {
  return how == "bare deflate" ? "deflate" : how;
}

}  // namespace ferrule
