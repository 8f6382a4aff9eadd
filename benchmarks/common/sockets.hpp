#pragma once
// TCP over the loopback.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "common/tool.hpp"

namespace bench {

/// 127.0.0.`host`. A client that leaves from another address than the server's cannot end up
/// connected to itself while nobody listens yet.
inline sockaddr_in loopback(std::uint16_t port, std::uint8_t host = 1) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000000U | host);
  return address;
}

inline const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

inline std::uint16_t local_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  check(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

inline void set(int fd, int level, int option) {
  const int on = 1;
  check(setsockopt(fd, level, option, &on, sizeof on), "setsockopt");
}

/// A listening socket; what it accepts inherits TCP_NODELAY. `type_flags` as for socket(2).
inline int listen_on(std::uint16_t port, int type_flags) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0), "socket");
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  set(fd, IPPROTO_TCP, TCP_NODELAY);
  const sockaddr_in address = loopback(port);
  check(bind(fd, generic(address), sizeof address), "bind");
  check(listen(fd, SOMAXCONN), "listen");
  return fd;
}

inline void allow_all_open_files() {
  rlimit limit{};
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

}  // namespace bench
