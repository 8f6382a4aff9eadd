#pragma once
/// @file
/// A socket address as a plain value: IPv4, IPv6, or the path of a Unix socket.
///
/// ```cpp
/// ferrule::address local = ferrule::address::loopback_v4(8001);
/// bool is_8001() { return local.port() == 8001; }
/// auto beside = ferrule::address::unix_socket("/run/shop/shop.sock");
/// ```

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule {

/// An IPv4 or IPv6 address with its port, or a Unix socket. Thread rule: as a plain value.
class address {
 public:
  /// 0.0.0.0, port 0.
  address() noexcept;
  /// In the place of an address where there is none.
  static address none() noexcept {
    address made;
    made.storage_.any.sa_family = AF_UNSPEC;
    return made;
  }
  bool is_none() const noexcept { return family() == AF_UNSPEC; }
  /// 127.0.0.1; 127.0.0.0/8 has sixteen million more.
  static address loopback_v4(std::uint16_t port) noexcept;
  /// The Unix socket at `path`. Nothing where a Unix socket cannot be: the path is empty, holds a
  /// NUL, or has more than 107 bytes. The process remembers each path for ever, so that addresses
  /// stay small: this is for paths of a configuration, not for what clients send. May throw
  /// std::bad_alloc.
  static std::optional<address> unix_socket(std::string_view path);
  /// From what the kernel filled in; nothing when it is of another family. Of a Unix socket this is
  /// an address without a path, as its clients have it.
  static std::optional<address> from_sockaddr(const sockaddr* from, socklen_t length) noexcept;
  /// Reads an IP literal ("127.0.0.1", "::1", "[::1]"); nothing when it is not one. Names are not
  /// looked up.
  static std::optional<address> parse(std::string_view ip, std::uint16_t port) noexcept;

  int family() const noexcept { return storage_.any.sa_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  /// 0 of a Unix socket, which has none.
  std::uint16_t port() const noexcept;
  /// Of a Unix socket: does nothing.
  void set_port(std::uint16_t port) noexcept;
  /// Of a Unix socket; empty for any other address, and for a client that is bound to no path.
  std::string_view path() const noexcept;
  /// The kernel's form. Of a Unix socket it lives as long as the process.
  const sockaddr* data() const noexcept;
  socklen_t size() const noexcept;
  /// The address without its port: "127.0.0.1", "::1"; "unix" of any Unix socket.
  std::string ip() const;
  /// As an authority: "127.0.0.1:8001", "[::1]:8001"; "unix:/run/shop/shop.sock".
  std::string text() const;

  friend bool operator==(const address& a, const address& b) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    struct {
      sa_family_t family;
      const sockaddr_un* place;  // null: without a path
    } local;
  } storage_;
};

}  // namespace ferrule
