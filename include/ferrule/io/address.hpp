#pragma once
/// @file
/// A socket address, IPv4 or IPv6, as a plain value.
///
/// ```cpp
/// ferrule::address local = ferrule::address::loopback_v4(8001);
/// bool is_8001() { return local.port() == 8001; }
/// ```

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule {

/// An IPv4 or IPv6 address with its port. Thread rule: as a plain value.
class address {
 public:
  /// 0.0.0.0, port 0.
  address() noexcept;
  /// 127.0.0.1; 127.0.0.0/8 has sixteen million more.
  static address loopback_v4(std::uint16_t port) noexcept;
  /// From what the kernel filled in; nothing when it is neither IPv4 nor IPv6.
  static std::optional<address> from_sockaddr(const sockaddr* from, socklen_t length) noexcept;
  /// Reads an IP literal ("127.0.0.1", "::1", "[::1]"); nothing when it is not one. Names are not
  /// looked up.
  static std::optional<address> parse(std::string_view ip, std::uint16_t port) noexcept;

  int family() const noexcept { return storage_.any.sa_family; }
  std::uint16_t port() const noexcept;
  void set_port(std::uint16_t port) noexcept;
  /// The kernel's form.
  const sockaddr* data() const noexcept { return &storage_.any; }
  socklen_t size() const noexcept;
  /// The address without its port: "127.0.0.1", "::1".
  std::string ip() const;
  /// As an authority: "127.0.0.1:8001", "[::1]:8001".
  std::string text() const;

  friend bool operator==(const address& a, const address& b) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_;
};

}  // namespace ferrule
