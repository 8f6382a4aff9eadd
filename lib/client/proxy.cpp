#include "ferrule/client/proxy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <vector>

#include "ferrule/http/fields.hpp"
#include "ferrule/http/uri.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule {
namespace {

/// The bytes of an address in the order of the network.
std::span<const unsigned char> bytes_of(const address& at) noexcept {
  if (at.family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in*>(at.data())->sin_addr;
    return {reinterpret_cast<const unsigned char*>(&v4), sizeof v4};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6*>(at.data())->sin6_addr;
  return {reinterpret_cast<const unsigned char*>(&v6), sizeof v6};
}

bool is_in_network(const address& host, std::string_view network) noexcept {
  const std::size_t slash = network.find('/');
  const auto base = address::parse(network.substr(0, slash), host.port());
  if (!base || base->family() != host.family()) return false;
  const auto wanted = bytes_of(*base);
  const auto given = bytes_of(host);
  std::size_t bits = wanted.size() * 8;
  if (slash != std::string_view::npos) {
    const std::string_view digits = network.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (read.ptr != digits.data() + digits.size() || bits > wanted.size() * 8) return false;
  }
  const std::size_t whole = bits / 8;
  if (!std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(whole),
                  given.begin())) {
    return false;
  }
  return bits % 8 == 0 || ((wanted[whole] ^ given[whole]) >> (8 - bits % 8)) == 0;
}

bool is_host_or_below(std::string_view host, std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.empty() || host.size() < name.size()) return false;
  const std::size_t above = host.size() - name.size();
  return equal_ignoring_case(host.substr(above), name) && (above == 0 || host[above - 1] == '.');
}

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k != 3; ++k) {
      bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k != 4; ++k) {
      text += k <= group.size() ? digits[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  if (!http::check_escapes(text)) return {};
  const auto bytes = http::decode_segment(text, out.data());
  if (!bytes) return {};
  out.resize(bytes->size());
  return out;
}

template <class Text>
proxy_settings read_proxies(Text* (*variable)(const char* name)) {
  const auto value_of = [&](const char* name) {
    const char* const value = variable(name);
    return std::string(value != nullptr ? value : "");
  };
  proxy_settings found{.http_proxy = value_of("http_proxy"), .no_proxy = value_of("no_proxy")};
  if (found.no_proxy.empty()) found.no_proxy = value_of("NO_PROXY");
  return found;
}

}  // namespace

bool is_named_by(std::string_view no_proxy, std::string_view host) noexcept {
  if (no_proxy == "*") return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto literal = address::parse(host, 0);
  constexpr std::string_view separators = ", \t";
  for (;;) {
    const std::size_t begin = no_proxy.find_first_not_of(separators);
    if (begin == std::string_view::npos) return false;
    no_proxy.remove_prefix(begin);
    const std::string_view item = no_proxy.substr(0, no_proxy.find_first_of(separators));
    no_proxy.remove_prefix(item.size());
    if (literal ? is_in_network(*literal, item) : is_host_or_below(host, item)) return true;
  }
}

bool proxy_settings::is_for(const origin& to) const noexcept {
  return !http_proxy.empty() && !to.is_tls() && !is_named_by(no_proxy, to.host());
}

proxy_settings proxies_from(const char* (*variable)(const char* name)) {
  return read_proxies(variable);
}
proxy_settings proxies_from(char* (*variable)(const char* name)) { return read_proxies(variable); }

std::optional<proxy_server> proxy_server::parse(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (url.size() >= scheme.size() && equal_ignoring_case(url.substr(0, scheme.size()), scheme)) {
    url.remove_prefix(scheme.size());
  } else if (url.find("://") != std::string_view::npos) {
    return {};
  }
  std::string authorization;
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const auto user = decoded(url.substr(0, at));
    if (!user) return {};
    authorization = "Basic " + base64_of(user->find(':') == user->npos ? *user + ':' : *user);
    url.remove_prefix(at + 1);
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  const bool has_port = url.find(':', url.starts_with('[') ? url.find(']') : 0) != url.npos;
  const auto server =
      origin::parse(std::string(scheme) + std::string(url) + (has_port ? "" : ":1080"));
  if (!server) return {};
  return proxy_server{*server, std::move(authorization)};
}

}  // namespace ferrule
