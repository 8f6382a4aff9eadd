#include "load/url.hpp"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace ferrule::load {
namespace {

failure<std::string> refuse(std::string_view text, std::string_view why) {
  return fail(fmt::format("'{}' is not a URL to load: {}", text, why));
}

/// Splits "host:port", "[::1]:port"; the port may be missing. False when it is none of these.
bool split_authority(std::string_view authority, url& into) {
  std::size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == authority.npos) return false;
    into.host = authority.substr(1, bracket - 1);
    host_end = bracket + 1 == authority.size() ? authority.npos : bracket + 1;
    if (host_end != authority.npos && authority[host_end] != ':') return false;
  } else {
    into.host = authority.substr(0, host_end);
  }
  if (into.host.empty()) return false;
  if (host_end == authority.npos) return true;
  const std::string_view port = authority.substr(host_end + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), into.port);
  return error == std::errc() && end == port.data() + port.size() && into.port != 0;
}

}  // namespace

result<url, std::string> parse_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) return refuse(text, "only http:// is spoken, no TLS");
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.find("://") != rest.npos) {
    return refuse(text, "only http:// is spoken");
  }
  const std::size_t target = std::min(rest.find_first_of("/?#"), rest.size());
  url parsed;
  if (!split_authority(rest.substr(0, target), parsed)) {
    return refuse(text, "expected http://HOST[:PORT][/PATH]");
  }
  const std::string host =
      parsed.host.find(':') == parsed.host.npos ? parsed.host : fmt::format("[{}]", parsed.host);
  parsed.authority = parsed.port == 80 ? host : fmt::format("{}:{}", host, parsed.port);
  parsed.target = rest.substr(target, rest.find('#', target) - target);
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, "/");
  return parsed;
}

result<std::vector<address>, std::string> resolve(const url& of) {
  std::vector<address> all;
  if (const auto literal = address::parse(of.host, of.port)) return std::vector{*literal};
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(of.host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  if (failed != 0) {
    return fail(fmt::format("unknown host '{}': {}", of.host, ::gai_strerror(failed)));
  }
  for (const int family : {AF_INET, AF_INET6}) {  // "localhost" mostly listens on IPv4
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      auto one = address::from_sockaddr(each->ai_addr, each->ai_addrlen);
      if (!one || one->family() != family) continue;
      one->set_port(of.port);
      all.push_back(*one);
    }
  }
  if (all.empty()) return fail(fmt::format("unknown host '{}': it has no IP address", of.host));
  return all;
}

}  // namespace ferrule::load
