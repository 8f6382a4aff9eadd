#pragma once
/// @file
/// The users service as this one calls it, and the options that say where it and the store are.

#include <string>
#include <string_view>
#include <vector>

#include "api.hpp"
#include "ferrule/app/options.hpp"
#include "ferrule/client/client.hpp"
#include "ferrule/client/upstream_of.hpp"
#include "users/api.hpp"

namespace orders {

/// What the command line says besides what every service takes.
struct settings {
  std::string db = "./orders.db";
  std::vector<ferrule::origin> users;  ///< empty: http://127.0.0.1:8001

  std::vector<ferrule::origin> users_or_default() const {
    if (!users.empty()) return users;
    return {ferrule::origin::parse("http://127.0.0.1:8001").value()};
  }
};

/// One URL or several: a variable of the environment can be given only once.
inline std::string add_users(void* target, std::string_view urls) {
  auto& users = static_cast<settings*>(target)->users;
  for (;;) {
    const std::size_t comma = urls.find(',');
    const auto where = ferrule::origin::parse(urls.substr(0, comma));
    if (!where) return "must be a URL such as http://127.0.0.1:8001";
    if (where->is_tls()) return "must be a URL of http: there is no TLS";
    if (users.size() == ferrule::balancer_settings{}.endpoints_max) return "has too many URLs";
    users.push_back(*where);
    if (comma == urls.npos) return {};
    urls.remove_prefix(comma + 1);
  }
}

inline constexpr ferrule::option options[] = {
    ferrule::value_option<&settings::db>("db", "FILE", "where orders are kept, or :memory:"),
    {"users", "URL", "the users service; once for each of its instances (http://127.0.0.1:8001)",
     add_users},
};

/// Calls the users service, whichever of its instances answers.
using users_client = ferrule::client<users::api>;

/// Whether there is such a user: `unknown_user`, or `users_unavailable` when nobody can tell.
inline ferrule::task<ferrule::result<void, error>> check_user(std::uint64_t id,
                                                              const users_client& users) {
  auto found = co_await users(users::get_user, id);
  if (found) co_return {};
  co_return ferrule::fail(found.error().is(users::error::not_found) ? error::unknown_user
                                                                    : error::users_unavailable);
}

}  // namespace orders
