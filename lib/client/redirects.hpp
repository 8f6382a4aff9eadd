#pragma once
// Where a response sends its client, and what is asked there.
// Source: RFC 9110 sections 10.2.2 and 15.4; RFC 3986 section 5.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/client/origin.hpp"
#include "ferrule/http/client_connection.hpp"

namespace ferrule {

// A request that follows from another; it owns what its views refer to, except what it has from the
// first one.
class redirected_request {
 public:
  explicit redirected_request(const origin& to, const http::client_request& what)
      : to_(to), what_(what) {}
  redirected_request(const redirected_request&) = delete;
  redirected_request& operator=(const redirected_request&) = delete;

  const origin& to() const noexcept { return to_; }
  const http::client_request& what() const noexcept { return what_; }

  // Takes the next step. False: `answer` is not to be followed.
  // 303 is followed with GET (or HEAD); 301, 302, 307 and 308 only with safe methods, unchanged.
  // What cannot be asked for is not followed: another scheme, a host that is no name, TLS.
  // Of the fields only those that hold no secrets by their names are sent to another origin.
  bool follow(const http::client_response& answer);

 private:
  origin to_;
  http::client_request what_;
  std::string target_;
  std::vector<header_field> fields_;
};

// A place that `reference`, the value of a Location field, names relative to a target at `base`.
struct location {
  origin at;
  std::string target;
};
std::optional<location> resolve(const origin& base, std::string_view target,
                                std::string_view reference);

}  // namespace ferrule
