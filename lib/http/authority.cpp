#include "http/authority.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "ferrule/http/uri.hpp"
#include "http/scan.hpp"

namespace ferrule::http {
namespace {

// A colon and a port, or nothing where the port may be left out.
bool is_port_part(std::string_view text, port_rule rule) noexcept {
  if (text.size() <= 1) return rule == port_rule::optional && (text.empty() || text == ":");
  const std::string_view digits = text.substr(1);
  constexpr unsigned port_max = 65535;
  unsigned port = 0;
  for (const char c : digits) {
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (!is(digit_char, c) || port > port_max) return false;
  }
  return text.front() == ':';
}

bool is_ipv6(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof copy) return false;
  text.copy(copy, text.size());
  in6_addr address;
  return std::strlen(copy) == text.size() && inet_pton(AF_INET6, copy, &address) == 1;
}

// The bytes of an address in brackets, or of a name with escapes, at the beginning of `text`; 0
// when there is neither. Out of line because hardly anyone sends them.
[[gnu::noinline]] std::size_t unusual_host_bytes(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return 0;
    return close + 1;
  }
  const std::size_t bytes = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, bytes);
  const auto fits = [](char c) { return c == '%' || is(name_char, c); };
  return std::all_of(name.begin(), name.end(), fits) && check_escapes(name) ? bytes : 0;
}

}  // namespace

bool is_authority(std::string_view text, port_rule port) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  auto host = static_cast<std::size_t>(skip_host(begin, end) - begin);
  if (host != text.size() && text[host] != ':') host = unusual_host_bytes(text);
  return host != 0 && is_port_part(text.substr(host), port);
}

}  // namespace ferrule::http
