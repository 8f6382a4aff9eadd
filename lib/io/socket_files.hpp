#pragma once
/// @file
/// Unix sockets have files, which stay when their socket is closed. This is what listening at one
/// means besides the socket calls.

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "ferrule/io/backend.hpp"

namespace ferrule::io::kernel {

/// The files of the Unix sockets at which one backend listens. Those that are left at its end go.
class socket_files {
 public:
  socket_files() = default;
  socket_files(const socket_files&) = delete;
  socket_files& operator=(const socket_files&) = delete;
  ~socket_files();

  /// A bound, listening socket at the path of `at`, or -errno. A file that is left of a socket
  /// which is no more is replaced; -EADDRINUSE: somebody listens there; -ENOTSOCK: the file is none
  /// of a socket. Where somebody seems to listen it waits a tenth of a second to look again.
  std::int32_t listen(const address& at, const socket_options& options);
  /// Removes the file of `listener`, unless another has taken its place. False: it has none.
  bool remove(handle listener) noexcept;

 private:
  struct file {
    handle listener;
    const char* path;
    dev_t device;
    ino_t inode;
  };
  std::vector<file> all_;
  // For the locks of directories, all together, in hundredths of a second. While one is waited for
  // at the end, the reactor's requests wait too.
  int patience_to_listen_ = 100;
  int patience_to_remove_ = 10;
};

}  // namespace ferrule::io::kernel
