#include "ferrule/io/file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ferrule {
namespace {

/// `call()` anew for as long as a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto done = call();
  while (done < 0 && errno == EINTR) done = call();
  return done;
}

failure<file_error> last_error() { return fail(file_error{errno}); }

struct opened_file {
  detail::file_handle file;
  std::uint64_t bytes = 0;
};

result<opened_file, file_error> open_regular(const std::string& path) {
  // Without O_NONBLOCK a pipe would wait for its other end.
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  detail::file_handle file(uninterrupted([&] { return ::open(path.c_str(), flags); }));
  if (!file.is_open()) return last_error();
  struct stat about{};
  if (::fstat(file.descriptor(), &about) != 0) return last_error();
  if (S_ISDIR(about.st_mode)) return fail(file_error{EISDIR});
  if (!S_ISREG(about.st_mode)) return fail(file_error{EINVAL});
  return opened_file{std::move(file), static_cast<std::uint64_t>(about.st_size)};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name in the folder of `path` that nothing has, however long the name of `path` is.
result<std::string, file_error> name_beside(const std::string& path) {
  std::array<unsigned char, 8> random{};
  // So few bytes are given all at once.
  if (::getrandom(random.data(), random.size(), 0) < 0) return last_error();
  std::string name = folder_of(path) + "/.part-";
  for (const unsigned char byte : random) {
    constexpr std::string_view digits = "0123456789abcdef";
    name.append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
  }
  return name;
}

/// A rename is on the disk once its folder is.
int sync_folder(const std::string& path) noexcept {
  const detail::file_handle folder(
      ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.is_open() && ::fsync(folder.descriptor()) == 0 ? 0 : errno;
}

}  // namespace

std::string_view file_error::message() const noexcept {
  const char* const text = ::strerrordesc_np(code);
  return text == nullptr ? "unknown error" : text;
}

int detail::file_handle::close() noexcept {
  if (!is_open()) return 0;
  return ::close(std::exchange(descriptor_, -1)) == 0 ? 0 : errno;
}

file_reader::file_reader(detail::file_handle file, std::uint64_t bytes)
    : file_(std::move(file)), bytes_(bytes), part_(new char[part_bytes_max]) {}

result<file_reader, file_error> file_reader::open_now(const std::string& path) {
  auto opened = open_regular(path);
  if (!opened) return fail(opened.error());
  return file_reader(std::move(opened->file), opened->bytes);
}

result<std::string_view, file_error> file_reader::read_now() {
  const auto bytes = uninterrupted([this] {
    return ::pread(file_.descriptor(), part_.get(), part_bytes_max, static_cast<off_t>(offset_));
  });
  if (bytes < 0) return last_error();
  offset_ += static_cast<std::uint64_t>(bytes);
  return std::string_view(part_.get(), static_cast<std::size_t>(bytes));
}

file_writer::file_writer(detail::file_handle file, std::string path, std::string part_path) noexcept
    : file_(std::move(file)), path_(std::move(path)), part_path_(std::move(part_path)) {}

file_writer& file_writer::operator=(file_writer&& other) noexcept {
  std::swap(file_, other.file_);
  path_.swap(other.path_);
  part_path_.swap(other.part_path_);
  std::swap(failed_with_, other.failed_with_);
  return *this;
}

result<file_writer, file_error> file_writer::create_now(const std::string& path) {
  auto name = name_beside(path);
  if (!name) return fail(name.error());
  constexpr mode_t any_mode = 0666;  // without what the process' umask forbids
  detail::file_handle file(uninterrupted([&] {
    return ::open(name->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, any_mode);
  }));
  if (!file.is_open()) return last_error();
  return file_writer(std::move(file), path, *std::move(name));
}

failure<file_error> file_writer::failed_with(int code) noexcept {
  failed_with_ = code;
  return {file_error{code}};
}

result<void, file_error> file_writer::write_now(std::string_view bytes) {
  if (failed_with_ != 0) return failed_with(failed_with_);
  if (!file_.is_open()) return failed_with(EBADF);  // it was committed, or moved from
  while (!bytes.empty()) {
    const auto written = uninterrupted(
        [&] { return ::write(file_.descriptor(), bytes.data(), bytes.size()); });
    if (written < 0) return failed_with(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

result<void, file_error> file_writer::commit_now() {
  if (failed_with_ != 0) return failed_with(failed_with_);
  if (!file_.is_open()) return failed_with(EBADF);
  if (::fsync(file_.descriptor()) != 0) return failed_with(errno);
  if (const int code = file_.close(); code != 0) return failed_with(code);
  if (::rename(part_path_.c_str(), path_.c_str()) != 0) return failed_with(errno);
  part_path_.clear();
  if (const int code = sync_folder(path_); code != 0) return failed_with(code);
  return {};
}

void file_writer::remove_part() noexcept {
  if (!part_path_.empty()) ::unlink(part_path_.c_str());
}

result<std::string, file_error> detail::read_file_now(const std::string& path,
                                                      std::size_t bytes_max) {
  auto opened = open_regular(path);
  if (!opened) return fail(opened.error());
  if (opened->bytes > bytes_max) return fail(file_error{EFBIG});
  // The size is a hint: a file grows, and those of /proc say 0.
  std::string text;
  std::size_t used = 0;
  for (;;) {
    constexpr std::size_t step_bytes = 4096;
    const std::size_t wanted = std::max<std::size_t>(opened->bytes, used + step_bytes);
    text.resize(std::min(wanted, bytes_max));
    if (used == text.size()) break;
    const auto bytes = uninterrupted([&] {
      return ::read(opened->file.descriptor(), text.data() + used, text.size() - used);
    });
    if (bytes < 0) return last_error();
    if (bytes == 0) break;
    used += static_cast<std::size_t>(bytes);
  }
  char more = 0;
  const bool is_full = used == bytes_max;
  if (is_full && uninterrupted([&] { return ::read(opened->file.descriptor(), &more, 1); }) > 0) {
    return fail(file_error{EFBIG});
  }
  text.resize(used);
  return text;
}

result<void, file_error> detail::write_file_now(const std::string& path, std::string_view bytes) {
  auto made = file_writer::create_now(path);
  if (!made) return fail(made.error());
  if (auto written = made->write_now(bytes); !written) return written;
  return made->commit_now();
}

}  // namespace ferrule
