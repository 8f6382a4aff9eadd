#pragma once
/// @file
/// Files for coroutines: whole, or part by part. A disk blocks, so all of it is done on the worker
/// threads of the reactor (io/blocking.hpp) while the coroutine waits.
///
/// ```cpp
/// #include "ferrule/core/task.hpp"
/// ferrule::task<bool> copy(std::string from, std::string to) {
///   auto in = co_await ferrule::file_reader::open(from);
///   auto out = co_await ferrule::file_writer::create(to);
///   while (in && out) {
///     const auto part = co_await in->read();
///     if (!part) co_return false;
///     if (part->empty()) co_return (co_await out->commit()).has_value();
///     if (!co_await out->write(*part)) co_return false;
///   }
///   co_return false;
/// }
/// ```
///
/// Only regular files are read: of a pipe or a device nobody knows when it ends. What is written is
/// there under its name once it is whole, and on the disk: readers see the file of before or the
/// new one, also after a power failure; who owned the old one and what it allowed is not kept.
///
/// Errors are those of the system calls (errno), as values. Cancellation: what has begun is awaited
/// as by `run_blocking`, so that no buffer goes while the kernel uses it. Thread rule: one
/// operation at a time, from one reactor's thread.
///
/// Source: open(2), read(2), fsync(2), rename(2).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/core/result.hpp"
#include "ferrule/io/blocking.hpp"

namespace ferrule {

/// Why a file could not be read or written.
struct file_error {
  int code = 0;  ///< of errno: ENOENT, EACCES, ENOSPC ...

  /// "No such file or directory"; a constant.
  std::string_view message() const noexcept;
  friend bool operator==(const file_error&, const file_error&) = default;
};

namespace detail {

/// Owns a file's descriptor.
class file_handle {
 public:
  file_handle() = default;
  explicit file_handle(int descriptor) noexcept : descriptor_(descriptor) {}
  file_handle(file_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file_handle() { static_cast<void>(close()); }

  int descriptor() const noexcept { return descriptor_; }
  bool is_open() const noexcept { return descriptor_ >= 0; }
  /// Closes it, once; returns 0 or what errno was.
  int close() noexcept;

 private:
  int descriptor_ = -1;
};

result<std::string, file_error> read_file_now(const std::string& path, std::size_t bytes_max);
result<void, file_error> write_file_now(const std::string& path, std::string_view bytes);

}  // namespace detail

/// A file that is read from its beginning to its end, in parts of at most 64 KiB.
class file_reader {
 public:
  static constexpr std::size_t part_bytes_max = 65536;

  /// `co_await` gives a `result<file_reader, file_error>`: EISDIR for a folder, EINVAL for what
  /// else is no regular file.
  static auto open(std::string path) {
    return run_blocking([path = std::move(path)] { return open_now(path); });
  }

  /// How large it was when it was opened.
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// The next part begins there; beyond the end there is none.
  void seek(std::uint64_t offset) noexcept { offset_ = offset; }

  /// `co_await` gives a `result<std::string_view, file_error>`: the next part, which lasts until
  /// the next call; empty at the end.
  auto read() {
    return run_blocking([this] { return read_now(); });
  }

 private:
  file_reader(detail::file_handle file, std::uint64_t bytes);
  static result<file_reader, file_error> open_now(const std::string& path);
  result<std::string_view, file_error> read_now();

  detail::file_handle file_;
  std::uint64_t bytes_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<char[]> part_;
};

/// A file that is written part by part beside the one that it will replace. Destroyed without a
/// `commit` it leaves nothing.
class file_writer {
 public:
  /// `co_await` gives a `result<file_writer, file_error>`. Its folder must be there.
  static auto create(std::string path) {
    return run_blocking([path = std::move(path)] { return create_now(path); });
  }
  file_writer(file_writer&& other) noexcept = default;
  file_writer& operator=(file_writer&& other) noexcept;
  ~file_writer() { remove_part(); }

  /// `co_await` gives a `result<void, file_error>`. `bytes` must last that long. After an error no
  /// other call succeeds.
  auto write(std::string_view bytes) {
    return run_blocking([this, bytes] { return write_now(bytes); });
  }
  /// Puts the file in its place, once: `co_await` gives a `result<void, file_error>`. When it has
  /// succeeded the file is on the disk.
  auto commit() {
    return run_blocking([this] { return commit_now(); });
  }

 private:
  friend result<void, file_error> detail::write_file_now(const std::string& path,
                                                         std::string_view bytes);
  file_writer(detail::file_handle file, std::string path, std::string part_path) noexcept;
  static result<file_writer, file_error> create_now(const std::string& path);
  result<void, file_error> write_now(std::string_view bytes);
  result<void, file_error> commit_now();
  failure<file_error> failed_with(int code) noexcept;
  void remove_part() noexcept;

  detail::file_handle file_;
  std::string path_;
  std::string part_path_;  // empty when there is none any more
  int failed_with_ = 0;
};

/// `co_await read_file(path, bytes_max)` gives a `result<std::string, file_error>`: all of a
/// regular file; EFBIG if that is more than `bytes_max`.
inline auto read_file(std::string path, std::size_t bytes_max) {
  return run_blocking(
      [path = std::move(path), bytes_max] { return detail::read_file_now(path, bytes_max); });
}

/// `co_await write_file(path, bytes)` gives a `result<void, file_error>`: puts a file with these
/// bytes in the place of what is there, as `file_writer` does.
inline auto write_file(std::string path, std::string bytes) {
  return run_blocking([path = std::move(path), bytes = std::move(bytes)] {
    return detail::write_file_now(path, bytes);
  });
}

}  // namespace ferrule
