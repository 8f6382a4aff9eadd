#include "ferrule/route/resilience.hpp"

#include <netinet/in.h>

namespace ferrule {

std::string by_peer(const request& r) {
  if (r.peer == nullptr) return {};
  if (r.peer->family() != AF_INET6) return r.peer->ip();
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(r.peer->data())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return r.peer->ip();
  constexpr std::size_t network_bytes = 8;
  return {reinterpret_cast<const char*>(v6.s6_addr), network_bytes};
}

namespace detail {

problem too_many_requests(const rate_verdict& verdict) {
  using std::chrono::ceil, std::chrono::nanoseconds, std::chrono::seconds;
  problem refused{.status = 429, .detail = "the rate limit is reached"};
  if (verdict.retry_after != nanoseconds::max()) {
    refused.retry_after = std::max(seconds(1), ceil<seconds>(verdict.retry_after));
  }
  return refused;
}

problem too_busy() {
  return {.status = 503,
          .detail = "too many requests are running",
          .retry_after = std::chrono::seconds(1)};
}

}  // namespace detail
}  // namespace ferrule
