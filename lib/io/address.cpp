#include "ferrule/io/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

namespace ferrule {

address::address() noexcept {
  std::memset(&storage_, 0, sizeof storage_);
  storage_.v4.sin_family = AF_INET;
}

address address::loopback_v4(std::uint16_t port) noexcept {
  address a;
  a.storage_.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.set_port(port);
  return a;
}

std::optional<address> address::from_sockaddr(const sockaddr* from, socklen_t length) noexcept {
  const bool v4 = from->sa_family == AF_INET && length >= sizeof(sockaddr_in);
  const bool v6 = from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6);
  if (!v4 && !v6) return std::nullopt;
  address a;
  std::memcpy(&a.storage_, from, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  return a;
}

std::optional<address> address::parse(std::string_view ip, std::uint16_t port) noexcept {
  if (ip.size() >= 2 && ip.front() == '[' && ip.back() == ']') {
    ip = ip.substr(1, ip.size() - 2);
    if (ip.find(':') == ip.npos) return std::nullopt;  // brackets are for IPv6
  }
  char text[INET6_ADDRSTRLEN];
  if (ip.empty() || ip.size() >= sizeof text) return std::nullopt;
  std::memcpy(text, ip.data(), ip.size());
  text[ip.size()] = '\0';
  address a;
  if (inet_pton(AF_INET, text, &a.storage_.v4.sin_addr) != 1) {
    std::memset(&a.storage_, 0, sizeof a.storage_);
    a.storage_.v6.sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, text, &a.storage_.v6.sin6_addr) != 1) return std::nullopt;
  }
  a.set_port(port);
  return a;
}

std::uint16_t address::port() const noexcept {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void address::set_port(std::uint16_t port) noexcept {
  (family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port) = htons(port);
}

socklen_t address::size() const noexcept {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string address::ip() const {
  char text[INET6_ADDRSTRLEN];
  const void* bytes = family() == AF_INET6 ? static_cast<const void*>(&storage_.v6.sin6_addr)
                                           : static_cast<const void*>(&storage_.v4.sin_addr);
  inet_ntop(family(), bytes, text, sizeof text);
  return text;
}

std::string address::text() const {
  return family() == AF_INET6 ? fmt::format("[{}]:{}", ip(), port())
                              : fmt::format("{}:{}", ip(), port());
}

bool operator==(const address& a, const address& b) noexcept {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ferrule
