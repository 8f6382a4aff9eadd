#include "ferrule/io/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <forward_list>
#include <mutex>

namespace ferrule {
namespace {

constexpr sockaddr_un without_path{.sun_family = AF_UNIX, .sun_path = {}};

/// The one place of each path that was ever asked for.
const sockaddr_un* place_of(std::string_view path) {
  static std::mutex guard;
  static auto& all = *new std::forward_list<sockaddr_un>;  // addresses may outlive what is static
  const std::lock_guard lock(guard);
  for (const sockaddr_un& each : all) {
    if (path == each.sun_path) return &each;
  }
  sockaddr_un& added = all.emplace_front(without_path);
  std::memcpy(added.sun_path, path.data(), path.size());
  return &added;
}

}  // namespace

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

std::optional<address> address::unix_socket(std::string_view path) {
  const bool fits = !path.empty() && path.size() < sizeof(sockaddr_un::sun_path);
  if (!fits || path.find('\0') != path.npos) return std::nullopt;
  address a;
  a.storage_.local = {.family = AF_UNIX, .place = place_of(path)};
  return a;
}

std::optional<address> address::from_sockaddr(const sockaddr* from, socklen_t length) noexcept {
  if (from->sa_family == AF_UNIX) {
    address a;
    a.storage_.local = {.family = AF_UNIX, .place = nullptr};
    return a;
  }
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
  if (is_unix()) return 0;
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void address::set_port(std::uint16_t port) noexcept {
  if (is_unix()) return;
  (family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port) = htons(port);
}

std::string_view address::path() const noexcept {
  if (!is_unix() || storage_.local.place == nullptr) return {};
  return storage_.local.place->sun_path;
}

const sockaddr* address::data() const noexcept {
  if (!is_unix()) return &storage_.any;
  const sockaddr_un* const place = storage_.local.place;
  return reinterpret_cast<const sockaddr*>(place != nullptr ? place : &without_path);
}

socklen_t address::size() const noexcept {
  if (is_unix()) {
    const std::string_view at = path();
    const std::size_t with_nul = at.empty() ? 0 : at.size() + 1;
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + with_nul);
  }
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string address::ip() const {
  if (is_unix()) return "unix";
  char text[INET6_ADDRSTRLEN];
  const void* bytes = family() == AF_INET6 ? static_cast<const void*>(&storage_.v6.sin6_addr)
                                           : static_cast<const void*>(&storage_.v4.sin_addr);
  inet_ntop(family(), bytes, text, sizeof text);
  return text;
}

std::string address::text() const {
  if (is_unix()) return fmt::format("unix:{}", path());
  return family() == AF_INET6 ? fmt::format("[{}]:{}", ip(), port())
                              : fmt::format("{}:{}", ip(), port());
}

bool operator==(const address& a, const address& b) noexcept {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ferrule
