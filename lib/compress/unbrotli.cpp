#include "compress/unbrotli.hpp"

#include <brotli/decode.h>

#include <new>

namespace ferrule::detail {
namespace {

class unbrotli final : public decompress_stage {
 public:
  unbrotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  ~unbrotli() override { BrotliDecoderDestroyInstance(state_); }

  progress step(std::string_view in, std::span<char> out) noexcept override {
    if (has_ended()) return {0, 0, in.empty()};
    std::size_t in_left = in.size();
    std::size_t out_left = out.size();
    auto next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const BrotliDecoderResult code =
        BrotliDecoderDecompressStream(state_, &in_left, &next_in, &out_left, &next_out, nullptr);
    return {in.size() - in_left, out.size() - out_left, code != BROTLI_DECODER_RESULT_ERROR};
  }
  bool has_ended() const noexcept override { return BrotliDecoderIsFinished(state_) != 0; }
  footprint memory() const noexcept override { return {32U << 10U, 16U << 20U}; }

 private:
  BrotliDecoderState* state_;
};

}  // namespace

std::unique_ptr<decompress_stage> make_unbrotli() { return std::make_unique<unbrotli>(); }

}  // namespace ferrule::detail
