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
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    port = port * 10 + digit;
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

// The end of the host at the beginning of `text`; its beginning when there is no valid one.
const char* host_end(std::string_view text) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = skip_class(name_char, begin, end);
  while (at != end && *at == '%') {
    constexpr std::ptrdiff_t escape_bytes = 3;
    if (!check_escapes(text.substr(static_cast<std::size_t>(at - begin), escape_bytes))) break;
    at = skip_class(name_char, at + escape_bytes, end);
  }
  if (at == begin && text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close != std::string_view::npos && is_ipv6(text.substr(1, close - 1))) at += close + 1;
  }
  return at;
}

}  // namespace

bool is_authority(std::string_view text, port_rule port) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const host = host_end(text);
  if (host == begin) return false;
  if (host == end) return port == port_rule::optional;
  if (*host != ':' || (host + 1 == end && port == port_rule::required)) return false;
  return is_port({host + 1, static_cast<std::size_t>(end - host - 1)});
}

}  // namespace ferrule::http
