#pragma once
// Where to send requests: an http URL, taken apart and looked up.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule::load {

/// An http URL in its parts.
struct url {
  std::string host;  ///< a name or an IP literal, without brackets
  std::uint16_t port = 80;
  std::string authority;  ///< for the Host field: with the port unless it is 80
  std::string target;     ///< path and query, at least "/"

  std::string text() const { return "http://" + authority + target; }
};

/// Takes "http://host:port/path?query" apart; "host:port/path" will do. Fails with a line for the
/// user.
result<url, std::string> parse_url(std::string_view text);

/// The addresses of the URL's host, at least one: a literal as it is, a name by the system's
/// resolver, which may take its time. Fails with a line for the user.
result<std::vector<address>, std::string> resolve(const url& of);

}  // namespace ferrule::load
