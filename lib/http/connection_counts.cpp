#include "http/connection_counts.hpp"

#include <netinet/in.h>

#include <cstring>

namespace ferrule::http {

connection_counts::key connection_counts::key_of(const address& client) noexcept {
  if (client.family() == AF_INET) {
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(client.data());
    return {AF_INET, v4.sin_addr.s_addr};
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(client.data())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {  // an IPv4 client of a socket for both
    std::uint32_t v4 = 0;
    std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
    return {AF_INET, v4};
  }
  std::uint64_t network = 0;
  std::memcpy(&network, v6.s6_addr, sizeof network);
  return {AF_INET6, network};
}

}  // namespace ferrule::http
