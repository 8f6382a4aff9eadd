#include "compress/unzstd.hpp"

#include <zstd.h>

#include <new>

namespace ferrule::detail {
namespace {

constexpr int window_log_max = 23;  // 8 MiB, RFC 9659 section 3

class unzstd final : public decompress_stage {
 public:
  unzstd() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, window_log_max);
  }
  ~unzstd() override { ZSTD_freeDCtx(context_); }

  progress step(std::string_view in, std::span<char> out) noexcept override {
    if (frame_ended_ && in.empty()) return {0, 0, true};
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer into{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context_, &into, &from);
    frame_ended_ = code == 0;
    return {from.pos, into.pos, ZSTD_isError(code) == 0};
  }
  bool has_ended() const noexcept override { return frame_ended_; }
  footprint memory() const noexcept override { return {96U << 10U, 1U << window_log_max}; }

 private:
  ZSTD_DCtx* context_;
  bool frame_ended_ = false;
};

}  // namespace

std::unique_ptr<decompress_stage> make_unzstd() { return std::make_unique<unzstd>(); }

}  // namespace ferrule::detail
