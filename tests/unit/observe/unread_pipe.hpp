#pragma once
// Standard error in hands that do not read it.

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace ferrule {

/// Puts a pipe of one page in the place of standard error while it lives, and reads nothing of it
/// unless asked to.
class unread_pipe {
 public:
  unread_pipe() : before_(::dup(STDERR_FILENO)) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    reading_ = ends[0];
    ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  unread_pipe(const unread_pipe&) = delete;
  unread_pipe& operator=(const unread_pipe&) = delete;
  ~unread_pipe() {
    close_reader();
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }

  void close_reader() {
    if (reading_ >= 0) ::close(reading_);
    reading_ = -1;
  }
  /// Fills the pipe to the last byte.
  void fill() {
    ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    for (const std::string some(512, '.'); ::write(STDERR_FILENO, some.data(), some.size()) > 0;) {
    }
    ::fcntl(STDERR_FILENO, F_SETFL, 0);
  }
  /// Reads until what was read ends with `end`.
  std::string read_until(std::string_view end) {
    std::string text;
    char part[4096];
    while (!text.ends_with(end)) {
      const ssize_t size = ::read(reading_, part, sizeof part);
      if (size <= 0) break;
      text.append(part, static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  int before_;
  int reading_ = -1;
};

}  // namespace ferrule
