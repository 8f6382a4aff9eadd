#include "http/authority.hpp"

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "ferrule/http/uri.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

bool is_port(std::string_view digits) noexcept {
  constexpr unsigned port_max = 65535;
  unsigned port = 0;
  for (const char c : digits) {
    if (!is(digit_char, c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > port_max) return false;
  }
  return true;
}

bool is_ipv6(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof copy) return false;
  text.copy(copy, text.size());
  in6_addr address;
  return std::strlen(copy) == text.size() && inet_pton(AF_INET6, copy, &address) == 1;
}

// Bytes of the host at the beginning of `text`; 0 when there is no valid one.
std::size_t host_bytes(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return 0;
    return close + 1;
  }
  const char* const begin = text.data();
  const auto size =
      static_cast<std::size_t>(skip_class(name_char, begin, begin + text.size()) - begin);
  const std::string_view name = text.substr(0, size);
  return !needs_decoding(name) || check_escapes(name) ? size : 0;
}

}  // namespace

bool is_authority(std::string_view text, port_rule port) noexcept {
  const std::size_t host = host_bytes(text);
  if (host == 0) return false;
  if (host == text.size()) return port == port_rule::optional;
  const std::string_view digits = text.substr(host + 1);
  if (text[host] != ':' || (digits.empty() && port == port_rule::required)) return false;
  return is_port(digits);
}

}  // namespace ferrule::http
