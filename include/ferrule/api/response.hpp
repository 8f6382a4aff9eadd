#pragma once
/// @file
/// Results that say more than a value does: a status, a place, header fields.
///
/// ```cpp
/// struct user { int id; std::string name; };
/// inline ferrule::created<user> add() { return {{7, "Ada"}, "/users/7"}; }
/// inline ferrule::no_content remove(int) { return {}; }
/// inline auto accept() { return ferrule::with_status(202, user{7, "Ada"}); }
/// inline auto move() { return ferrule::redirect(303, "/users/7").field("X-Reason", "moved"); }
/// // Where a contract shall say which statuses there are, the type names them:
/// inline ferrule::with_status<user, 200, 201> put(bool is_new) {
///   return {is_new ? 201 : 200, user{7, "Ada"}};
/// }
/// inline ferrule::redirect<303> log_in() { return {303, "/"}; }
/// inline ferrule::response page() {
///   return ferrule::response{.content_type = "text/html", .body = "<p>Hello"}
///       .field("Content-Language", "en");
/// }
/// ```
///
/// `field` refuses what no response can carry where it is said, by std::invalid_argument, and so
/// the caller of a handler gets a 500 and the log names the field. A Location is percent-encoded
/// where it has bytes that no URI has, line ends and bytes beyond ASCII among them; whoever makes
/// it from what a client sent checks where it leads.
///
/// Source: RFC 9110 sections 5.5, 10.2.2 and 15; RFC 3986 section 4.1.

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/json/write.hpp"

namespace ferrule {

/// More header fields of a response, in order.
using response_fields = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Adds a field. Throws std::invalid_argument, which names it, if no response can carry it: a name
/// that is no token, a value with a line end or another control character, or a field that the
/// server writes by itself.
void add_response_field(response_fields& to, std::string name, std::string value);

constexpr bool is_redirect_status(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
constexpr bool has_no_body(int status) noexcept {
  return status == 204 || status == 205 || status == 304;
}

}  // namespace detail

/// 201 with `value` as JSON, and where the new thing is found.
template <class T>
struct created {
  T value;
  std::string location{};  ///< the Location field; empty: none
};

/// 204, a response without a body.
struct no_content {};

/// `value` with another status than it has by itself: text, `no_content` for no body, or what has a
/// form in JSON. As `with_status(202, value)`, or by a type that names all statuses there may be,
/// `with_status<job, 202>`; one that it does not name is a 500. Statuses are 200 to 599.
/// Thread rule: as a plain value.
template <class T, int... Status>
struct with_status {
  static_assert(((Status >= 200 && Status <= 599) && ...),
                "ferrule: the statuses of a with_status are from 200 to 599");
  static_assert(((!detail::has_no_body(Status) || std::is_same_v<T, no_content>) && ...),
                "ferrule: a response with status 204, 205 or 304 has no body: with_status"
                "<no_content, ...>");
  static constexpr std::array<int, sizeof...(Status)> statuses{Status...};

  int status;
  T value{};
  response_fields fields{};

  /// This response with one more header field. Throws std::invalid_argument.
  with_status field(std::string name, std::string text) && {
    detail::add_response_field(fields, std::move(name), std::move(text));
    return std::move(*this);
  }
};
template <class T>
with_status(int, T) -> with_status<T>;

/// Sends the client elsewhere: as `redirect(303, "/users/7")`, or by a type that names all statuses
/// there may be, `redirect<303>`. One of 301, 302, 303, 307 and 308, and a `location` that is not
/// empty; all else is a 500.
/// Thread rule: as a plain value.
template <int... Status>
struct redirect {
  static_assert((detail::is_redirect_status(Status) && ...),
                "ferrule: the statuses of a redirect are 301, 302, 303, 307 and 308");
  static constexpr std::array<int, sizeof...(Status)> statuses{Status...};

  int status;
  std::string location;  ///< a URI or a reference, such as a path; encoded where it needs to be
  response_fields fields{};

  /// This response with one more header field. Throws std::invalid_argument.
  redirect field(std::string name, std::string text) && {
    detail::add_response_field(fields, std::move(name), std::move(text));
    return std::move(*this);
  }
};
redirect(int, std::string) -> redirect<>;

/// A response spelled out. An invalid header field makes it a 500.
/// Thread rule: as a plain value.
struct response {
  int status = 200;
  std::string content_type{};  ///< empty: no Content-Type
  std::string body{};
  response_fields fields{};

  /// This response with one more header field. Throws std::invalid_argument for one that no
  /// response can carry, or that the server writes by itself; the Content-Type has its own member.
  response field(std::string name, std::string value) && {
    detail::add_response_field(fields, std::move(name), std::move(value));
    return std::move(*this);
  }
};

/// `value` as JSON with another status than 200.
template <class T>
response json_response(const T& value, int status) {
  return {.status = status, .content_type = "application/json", .body = json::write(value)};
}

}  // namespace ferrule
