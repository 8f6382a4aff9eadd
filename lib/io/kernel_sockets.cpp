#include "io/kernel_sockets.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace ferrule::io::kernel {
namespace {

int fd_of(handle any) noexcept { return static_cast<int>(any); }

std::int32_t result_of(int returned) noexcept { return returned < 0 ? -errno : returned; }

std::int32_t set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept {
  return result_of(::setsockopt(fd, level, name, value, size));
}

std::int32_t set_option(int fd, int level, int name, int value) noexcept {
  return set_option(fd, level, name, &value, sizeof value);
}

std::int32_t set_keepalive(int fd, const socket_options& options) noexcept {
  std::int32_t failed = 0;
  if (options.unacknowledged_s != 0) {
    const auto milliseconds = static_cast<int>(options.unacknowledged_s * 1000);
    failed = set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds);
  }
  const std::pair<int, std::uint32_t> values[] = {{TCP_KEEPIDLE, options.keepalive_idle_s},
                                                  {TCP_KEEPINTVL, options.keepalive_interval_s},
                                                  {TCP_KEEPCNT, options.keepalive_probes}};
  if (std::ranges::any_of(values, [](const auto& each) { return each.second == 0; })) return failed;
  for (const auto& [name, value] : values) {
    if (failed == 0) failed = set_option(fd, IPPROTO_TCP, name, static_cast<int>(value));
  }
  return failed == 0 ? set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) : failed;
}

/// Set on the listener because the connections it accepts inherit them: no call a connection.
std::int32_t set_options(int fd, const socket_options& options) noexcept {
  std::int32_t failed = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (failed == 0 && options.nodelay) failed = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (failed == 0 && options.linger_s >= 0) {
    const linger value{.l_onoff = 1, .l_linger = options.linger_s};
    failed = set_option(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
  }
  if (failed == 0 && options.receive_buffer_bytes != 0) {
    // Before listen(2), because the window scale is agreed on in the handshake.
    failed = set_option(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
                        sizeof options.receive_buffer_bytes);
  }
  if (failed == 0 && options.unsent_bytes_max != 0) {
    failed = set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &options.unsent_bytes_max,
                        sizeof options.unsent_bytes_max);
  }
  if (failed == 0) failed = set_keepalive(fd, options);
  return failed;
}

std::int32_t share_port(int fd) noexcept { return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1); }

using name_function = int (*)(int, sockaddr*, socklen_t*);

std::int32_t name_of(name_function get, handle socket, address& out) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const any = reinterpret_cast<sockaddr*>(&storage);
  if (get(fd_of(socket), any, &size) < 0) return -errno;
  const auto found = address::from_sockaddr(any, size);
  if (!found) return -EAFNOSUPPORT;
  out = *found;
  return 0;
}

bool has_come(handle listener) noexcept {
  pollfd asked{fd_of(listener), POLLIN, 0};
  return ::poll(&asked, 1, 0) != 0;
}

}  // namespace

std::int32_t listen(const address& at, const socket_options& options) noexcept {
  const std::int32_t fd = open(at.family(), SOCK_STREAM);
  if (fd < 0) return fd;
  const bool is_first = options.reuse_port && options.is_first_of_port;
  std::int32_t failed = set_options(fd, options);
  // Whatever net.ipv6.bindv6only says, "::" is every address, those of IPv4 too.
  if (failed == 0 && at.family() == AF_INET6) failed = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (failed == 0 && options.reuse_port && !is_first) failed = share_port(fd);
  if (failed == 0) failed = result_of(::bind(fd, at.data(), at.size()));
  if (failed == 0) failed = result_of(::listen(fd, options.backlog));
  // Only now others may join: until then whoever listens there, sharing or not, is in the way.
  if (failed == 0 && is_first) failed = share_port(fd);
  if (failed == 0) return fd;
  ::close(fd);
  return failed;
}

std::int32_t open(int family, int type) noexcept {
  return result_of(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

std::int32_t take_listener(handle listening, const socket_options& options) noexcept {
  const auto value_of = [&](int name) -> std::int32_t {
    int value = 0;
    socklen_t size = sizeof value;
    const int got = ::getsockopt(fd_of(listening), SOL_SOCKET, name, &value, &size);
    return got < 0 ? (errno == ENOTSOCK ? 0 : -errno) : value;
  };
  const std::int32_t listens = value_of(SO_ACCEPTCONN);
  if (listens < 0) return listens;
  const std::int32_t family = value_of(SO_DOMAIN);
  const bool is_ip = family == AF_INET || family == AF_INET6;
  const bool is_known = is_ip || family == AF_UNIX;
  if (listens == 0 || !is_known || value_of(SO_TYPE) != SOCK_STREAM) return -EINVAL;
  return is_ip ? set_options(fd_of(listening), options) : 0;
}

std::int32_t adopt(int fd) noexcept {
  struct stat about{};
  if (::fstat(fd, &about) < 0) return -errno;
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
  // A regular file is always ready; io_uring would take the flag as a wish to fail with EAGAIN.
  if (S_ISREG(about.st_mode)) return fd;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  return fd;
}

std::int32_t local(handle socket, address& out) {
  const std::int32_t failed = name_of(::getsockname, socket, out);
  if (failed != 0 || !out.is_unix()) return failed;
  sockaddr_un place{};
  socklen_t size = sizeof place;
  if (::getsockname(fd_of(socket), reinterpret_cast<sockaddr*>(&place), &size) < 0) return -errno;
  if (const auto found = address::unix_socket(place.sun_path)) out = *found;
  return 0;
}

std::int32_t peer(handle socket, address& out) noexcept {
  return name_of(::getpeername, socket, out);
}

std::int32_t peek(handle socket) noexcept {
  char byte = 0;
  return result_of(
      static_cast<int>(::recv(fd_of(socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT)));
}

send_progress progress(handle socket) noexcept {
  // Linux' tcp_info has it since 4.2; the one of <netinet/tcp.h> ends before.
  struct {
    std::array<std::byte, 120> others;
    std::uint64_t bytes_acked;
  } about{};
  socklen_t size = sizeof about;
  int left = 0;
  if (::getsockopt(fd_of(socket), IPPROTO_TCP, TCP_INFO, &about, &size) < 0 ||
      ::ioctl(fd_of(socket), SIOCOUTQ, &left) < 0) {
    return {.acknowledged = -errno};
  }
  if (size != sizeof about) return {.acknowledged = -ENOTSUP};
  return {static_cast<std::int64_t>(about.bytes_acked), left};
}

std::int32_t option(handle socket, int level, int name, int value) noexcept {
  if (level == SOL_SOCKET && name == SO_LINGER) {
    const linger seconds{.l_onoff = 1, .l_linger = value};
    return set_option(fd_of(socket), level, name, &seconds, sizeof seconds);
  }
  return set_option(fd_of(socket), level, name, value);
}

std::int32_t refuse_handshakes(handle listener) noexcept {
  constexpr std::uint32_t flags_byte = 13;  // of a TCP header, which is what a filter sees first
  constexpr std::uint32_t syn = 0x02;
  constexpr std::uint32_t everything = std::numeric_limits<std::uint32_t>::max();
  std::array<sock_filter, 4> filter{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_byte),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, everything),
  }};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return set_option(fd_of(listener), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

std::int32_t accept(handle listener) noexcept {
  for (;;) {
    const std::int32_t result =
        result_of(::accept4(fd_of(listener), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (result >= 0) return result;
    // The kernel looks for a descriptor first.
    const bool is_short = result == -EMFILE || result == -ENFILE;
    if (is_short && !has_come(listener)) return -EAGAIN;
    if (!is_passing_accept_error(result)) return result;
  }
}

void shutdown(handle socket, int how) noexcept { ::shutdown(fd_of(socket), how); }

void close(handle any) noexcept { ::close(fd_of(any)); }

bool is_socket(handle any) noexcept {
  struct stat about{};
  return ::fstat(fd_of(any), &about) == 0 && S_ISSOCK(about.st_mode);
}

bool is_passing_accept_error(std::int32_t result) noexcept {
  switch (-result) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // a firewall's refusal
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
      return true;
    default:
      return false;
  }
}

}  // namespace ferrule::io::kernel
