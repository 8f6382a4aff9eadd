#include "compress/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace ferrule::detail {
namespace {

// What inflateInit2 takes for the window: 15 bits, and what wraps the data.
constexpr int bare = -15;
constexpr int in_zlib = 15;
constexpr int in_gzip = 15 + 16;

constexpr decompress_stage::footprint zlib_memory{8U << 10U, 32U << 10U};

/// A stream of zlib's.
class zlib_stream {
 public:
  zlib_stream() = default;
  zlib_stream(const zlib_stream&) = delete;
  ~zlib_stream() {
    if (is_open_) inflateEnd(&stream_);
  }
  void open(int window) {
    if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
    is_open_ = true;
  }
  bool is_open() const noexcept { return is_open_; }
  bool reset() noexcept { return inflateReset(&stream_) == Z_OK; }

  /// zlib's answer; what it did is in `done`.
  int inflate_some(std::string_view in, std::span<char> out,
                   decompress_stage::progress& done) noexcept {
    constexpr std::size_t most = 1U << 30U;  // zlib counts in unsigned
    const auto in_bytes = static_cast<uInt>(std::min(in.size(), most));
    const auto out_bytes = static_cast<uInt>(std::min(out.size(), most));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = in_bytes;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = out_bytes;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    done.consumed += in_bytes - stream_.avail_in;
    done.made += out_bytes - stream_.avail_out;
    return code;
  }

 private:
  z_stream stream_{};
  bool is_open_ = false;
};

/// Z_BUF_ERROR only says that there was nothing to be done.
bool is_well(int code) noexcept {
  return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
}

class gunzip final : public decompress_stage {
 public:
  gunzip() { stream_.open(in_gzip); }

  progress step(std::string_view in, std::span<char> out) noexcept override {
    progress done{0, 0, true};
    if (member_ended_ && !in.empty()) {
      done.is_well = stream_.reset();  // another member follows, or what is not one
      member_ended_ = false;
    }
    if (member_ended_ || !done.is_well) return done;
    const int code = stream_.inflate_some(in, out, done);
    member_ended_ = code == Z_STREAM_END;
    done.is_well = is_well(code);
    return done;
  }
  bool has_ended() const noexcept override { return member_ended_; }
  footprint memory() const noexcept override { return zlib_memory; }

 private:
  zlib_stream stream_;
  bool member_ended_ = false;
};

class inflate final : public decompress_stage {
 public:
  progress step(std::string_view in, std::span<char> out) noexcept override {
    progress done{0, 0, true};
    if (ended_) {
      done.is_well = in.empty();
      return done;
    }
    if (!stream_.is_open() && !open(in, done)) return done;
    if (held_ != 0) {  // the first two bytes; too few to make anything that `out` has no room for
      int code = stream_.inflate_some({head_, held_}, out, done);
      done.consumed = in_head_;
      held_ = 0;
      if (!is_well(code) || code == Z_STREAM_END) return finish(code, done);
      in.remove_prefix(in_head_);
      out = out.subspan(done.made);
    }
    return finish(stream_.inflate_some(in, out, done), done);
  }
  bool has_ended() const noexcept override { return ended_; }
  footprint memory() const noexcept override { return zlib_memory; }

 private:
  /// Holds back two bytes, which tell what wraps the data. False: there are not yet so many.
  bool open(std::string_view in, progress& done) {
    in_head_ = std::min(in.size(), sizeof head_ - held_);
    std::copy_n(in.data(), in_head_, head_ + held_);
    held_ += in_head_;
    if (held_ != sizeof head_) {
      done.consumed = in_head_;
      return false;
    }
    const auto first = static_cast<unsigned char>(head_[0]);
    const auto second = static_cast<unsigned char>(head_[1]);
    const bool is_zlib = (first & 0x0fU) == Z_DEFLATED && (first * 256U + second) % 31U == 0;
    stream_.open(is_zlib ? in_zlib : bare);
    return true;
  }
  progress finish(int code, progress done) noexcept {
    ended_ = code == Z_STREAM_END;
    done.is_well = is_well(code);
    return done;
  }

  zlib_stream stream_;
  char head_[2] = {};
  std::size_t held_ = 0;     // bytes in `head_`
  std::size_t in_head_ = 0;  // of these, from the last input
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<decompress_stage> make_gunzip() { return std::make_unique<gunzip>(); }
std::unique_ptr<decompress_stage> make_inflate() { return std::make_unique<inflate>(); }

}  // namespace ferrule::detail
