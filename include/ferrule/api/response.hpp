#pragma once
/// @file
/// Results that say more than a value does: a status, a place, header fields.
///
/// ```cpp
/// struct user { int id; std::string name; };
/// inline ferrule::created<user> add() { return {{7, "Ada"}, "/users/7"}; }
/// inline ferrule::no_content remove(int) { return {}; }
/// inline ferrule::response move() {
///   return ferrule::response{.status = 303}.with("Location", "/users/7");
/// }
/// inline ferrule::response accept() { return ferrule::json_response(user{7, "Ada"}, 202); }
/// ```

#include <string>
#include <utility>
#include <vector>

#include "ferrule/json/write.hpp"

namespace ferrule {

/// 201 with `value` as JSON, and where the new thing is found.
template <class T>
struct created {
  T value;
  std::string location{};  ///< the Location field; empty: none
};

/// 204, an answer without a body.
struct no_content {};

/// An answer spelled out. An invalid header field makes it a 500.
/// Thread rule: as a plain value.
struct response {
  int status = 200;
  std::string content_type{};  ///< empty: no Content-Type
  std::string body{};
  std::vector<std::pair<std::string, std::string>> fields{};

  /// This answer with one more header field.
  response with(std::string name, std::string value) && {
    fields.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
};

/// `value` as JSON with another status than 200.
template <class T>
response json_response(const T& value, int status) {
  return {.status = status, .content_type = "application/json", .body = json::write(value)};
}

}  // namespace ferrule
