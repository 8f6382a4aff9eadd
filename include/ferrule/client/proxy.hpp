#pragma once
/// @file
/// Whether a request goes through a proxy, by the variables that other programs heed too.
///
/// ```cpp
/// const auto proxies = ferrule::proxies_from([](const char* name) -> const char* {
///   return std::string_view(name) == "http_proxy" ? "http://proxy.example:3128" : nullptr;
/// });
/// bool is_used() { return proxies.is_for(*ferrule::origin::parse("http://users.example")); }
/// ```
///
/// `http_proxy` is read in lower case only: `HTTP_PROXY` is what a web server gives a CGI program
/// for a header field `Proxy`, so whoever sends one could divert requests.
///
/// Source: curl 7.88, "Environment" in curl(1) and lib/noproxy.c; RFC 9112 section 3.2.2.

#include <optional>
#include <string>
#include <string_view>

#include "ferrule/client/origin.hpp"

namespace ferrule {

/// Which requests go through a proxy. Thread rule: as a plain value.
struct proxy_settings {
  /// `[http://][user:password@]host[:port]`; without a port 1080, as with curl. Empty: no proxy.
  std::string http_proxy{};
  /// Who is reached directly, separated by commas or spaces: hosts, which stand for all names below
  /// them too; IP addresses; networks such as 10.0.0.0/8; or a single `*` for all.
  std::string no_proxy{};

  /// Whether a request to `to` goes through the proxy.
  bool is_for(const origin& to) const noexcept;
};

/// What `http_proxy` and `no_proxy` (or else `NO_PROXY`) say. `variable` gives a variable's value
/// or null, as std::getenv does.
proxy_settings proxies_from(const char* (*variable)(const char* name));
proxy_settings proxies_from(char* (*variable)(const char* name));  ///< std::getenv's own type

/// A proxy, taken apart.
struct proxy_server {
  origin at;
  std::string authorization{};  ///< the value for Proxy-Authorization; empty without a user

  /// Reads what `http_proxy` may be; nothing when it is something else, such as a SOCKS proxy.
  static std::optional<proxy_server> parse(std::string_view url);
};

/// Whether `no_proxy` names this host, which has no brackets.
bool is_named_by(std::string_view no_proxy, std::string_view host) noexcept;

}  // namespace ferrule
