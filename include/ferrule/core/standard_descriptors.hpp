#pragma once
/// @file
/// Of 0, 1 and 2, what is closed would become the number of the first socket or file that a program
/// opens, and what it prints would go into that. A program that opens any asks here first.
///
/// ```cpp
/// int run() { return ferrule::open_standard_descriptors() ? 0 : 1; }
/// ```

#include <fcntl.h>
#include <unistd.h>

namespace ferrule {

/// Opens on /dev/null what is closed of standard input, output and error. Returns whether all three
/// are open then. At the start, before other threads run.
inline bool open_standard_descriptors() noexcept {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != fd) return false;
  }
  return true;
}

}  // namespace ferrule
