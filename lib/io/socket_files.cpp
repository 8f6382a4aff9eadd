#include "io/socket_files.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "io/kernel_sockets.hpp"

namespace ferrule::io::kernel {
namespace {

const char* path_of(const address& at) noexcept {
  return reinterpret_cast<const sockaddr_un*>(at.data())->sun_path;
}

/// While it lives, no other process that asks this way looks at, replaces or removes a socket's
/// file in the directory of `path`: else two that find the same dead socket could each remove what
/// the other has just made of it. Who may not read the directory does without, and so does who has
/// no `patience` left, in hundredths of a second: anybody may hold the lock of a public directory.
class directory_lock {
 public:
  directory_lock(std::string_view path, int& patience) noexcept {
    std::array<char, sizeof(sockaddr_un::sun_path) + 1> directory{'.'};
    const std::size_t slash = path.rfind('/');
    if (slash != path.npos) path.copy(directory.data(), std::max<std::size_t>(slash, 1));
    fd_ = ::open(directory.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) < 0) {
      if (errno != EWOULDBLOCK || patience == 0) return;
      --patience;
      ::poll(nullptr, 0, 10);  // it is held for a few system calls, if by one of us
    }
  }
  directory_lock(const directory_lock&) = delete;
  ~directory_lock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_ = -1;
};

/// 0 if the file at `at` is left of a socket that is no more, else why it cannot be replaced.
std::int32_t check_dead(const address& at) noexcept {
  struct stat about{};
  if (::lstat(path_of(at), &about) < 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(about.st_mode)) return -ENOTSOCK;
  const std::int32_t probe = open(AF_UNIX, SOCK_STREAM);
  if (probe < 0) return probe;
  const int connected = ::connect(probe, at.data(), at.size());
  const int why = connected < 0 ? errno : 0;
  ::close(probe);
  if (why == ECONNREFUSED) return 0;
  return why == EACCES ? -EACCES : -EADDRINUSE;
}

std::int32_t bind_and_listen(int fd, const address& at, const socket_options& options) noexcept {
  if (::bind(fd, at.data(), at.size()) < 0) {
    if (errno != EADDRINUSE) return -errno;
    std::int32_t failed = check_dead(at);
    if (failed == -EADDRINUSE) {  // the ring of a process that was killed outlives it for a moment
      ::poll(nullptr, 0, 100);
      failed = check_dead(at);
    }
    if (failed < 0) return failed;
    if (::unlink(path_of(at)) < 0 && errno != ENOENT) return -errno;
    if (::bind(fd, at.data(), at.size()) < 0) return -errno;
  }
  // Whatever the umask says; until listen(2) nobody can connect.
  if (::chmod(path_of(at), options.file_mode) == 0 && ::listen(fd, options.backlog) == 0) return 0;
  const std::int32_t failed = -errno;
  ::unlink(path_of(at));
  return failed;
}

}  // namespace

socket_files::~socket_files() {
  while (!all_.empty()) remove(all_.back().listener);
}

std::int32_t socket_files::listen(const address& at, const socket_options& options) {
  if (at.path().empty()) return -EINVAL;
  all_.reserve(all_.size() + 1);
  const std::int32_t fd = open(AF_UNIX, SOCK_STREAM);
  if (fd < 0) return fd;
  const directory_lock lock(at.path(), patience_to_listen_);
  struct stat about{};
  std::int32_t failed = bind_and_listen(fd, at, options);
  if (failed == 0 && ::lstat(path_of(at), &about) < 0) failed = -errno;
  if (failed < 0) {
    ::close(fd);
    return failed;
  }
  all_.push_back({handle{fd}, path_of(at), about.st_dev, about.st_ino});
  return fd;
}

bool socket_files::remove(handle listener) noexcept {
  const auto found = std::ranges::find(all_, listener, &file::listener);
  if (found == all_.end()) return false;
  const file gone = *found;
  all_.erase(found);
  const directory_lock lock(gone.path, patience_to_remove_);
  struct stat about{};
  const bool is_ours = ::lstat(gone.path, &about) == 0 && about.st_dev == gone.device &&
                       about.st_ino == gone.inode;
  if (is_ours) ::unlink(gone.path);
  return true;
}

}  // namespace ferrule::io::kernel
