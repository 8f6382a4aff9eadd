#pragma once
/// @file
/// Where a server is: scheme, host and port of its URL.
///
/// ```cpp
/// inline const auto users = ferrule::origin::parse("http://users:8001");
/// bool is_there() { return users && users->port() == 8001; }
/// ```
///
/// Source: RFC 6454; RFC 9110 section 4.2; RFC 3986 section 3.2.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule {

/// A parsed `http://host[:port]` or `https://host[:port]`. Thread rule: as a plain value.
class origin {
 public:
  /// Reads a URL that has no user, path (but "/"), query or fragment; nothing when it is another.
  /// The host is a name, an IPv4 address or an IPv6 address in brackets; it becomes lower case.
  static std::optional<origin> parse(std::string_view url);

  /// Without brackets: what is looked up or connected to.
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  bool is_tls() const noexcept { return is_tls_; }
  /// For the Host field: with brackets, and the port unless it is the scheme's.
  const std::string& authority() const noexcept { return authority_; }
  /// As a URL: "http://users:8001".
  std::string text() const;

  friend bool operator==(const origin&, const origin&) = default;

 private:
  std::string host_;
  std::string authority_;
  std::uint16_t port_ = 80;
  bool is_tls_ = false;
};

}  // namespace ferrule
