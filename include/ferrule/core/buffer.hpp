#pragma once
/// @file
/// A growable run of bytes that stays in one piece: what JSON and responses are rendered into,
/// so that a batch of answers is one write.
///
/// ```cpp
/// ferrule::buffer out;
/// out.append("HTTP/1.1 ");
/// char* at = out.prepare(3);       // at least 3 writable bytes
/// at[0] = '2', at[1] = '0', at[2] = '0';
/// out.commit(3);
/// ```

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace ferrule {

/// Bytes in one piece, appended at the end. Growing doubles, so views into it last only until the
/// next `prepare` or `append`. Memory is kept by `clear` and given back by the destructor. More
/// than `bytes_max` is like having no memory: std::bad_alloc. Its own size counts, since every idle
/// connection has three, so what it knows of its bytes is 32 bits wide.
/// Thread rule: as a plain value.
class buffer {
 public:
  static constexpr std::size_t bytes_max = UINT32_MAX;

  buffer() = default;
  explicit buffer(std::size_t capacity) { reserve(capacity); }
  buffer(buffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  char* data() noexcept { return bytes_.get(); }
  const char* data() const noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }

  /// Makes room for `count` more bytes and returns where they go. They belong to the buffer only
  /// after `commit`.
  char* prepare(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return bytes_.get() + size_;
  }
  /// Takes over `count` bytes written at the place `prepare` returned.
  void commit(std::size_t count) noexcept { size_ += static_cast<std::uint32_t>(count); }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void append(char c) { *prepare(1) = c, ++size_; }

  /// Forgets the bytes and keeps the memory.
  void clear() noexcept { size_ = 0; }
  /// Cuts back to the first `count` bytes (`count <= size()`).
  void truncate(std::size_t count) noexcept { size_ = static_cast<std::uint32_t>(count); }
  /// Drops the first `count` bytes, moving the rest to the front.
  void consume(std::size_t count) noexcept {
    size_ -= static_cast<std::uint32_t>(count);
    if (size_ != 0) std::memmove(bytes_.get(), bytes_.get() + count, size_);
  }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity - size_);
  }

 private:
  void grow(std::size_t count);

  std::unique_ptr<char[]> bytes_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace ferrule
