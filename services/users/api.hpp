#pragma once
/// @file
/// What the users service offers: everything that a caller has to know, and nothing of how it is
/// done.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/api/contract.hpp"
#include "ferrule/json/limits.hpp"

namespace users {

namespace json = ferrule::json;

/// An address has 254 bytes at most (RFC 5321 section 4.5.3.1.3, less its brackets).
inline constexpr std::size_t email_chars_max = 254;
inline constexpr std::size_t name_chars_max = 200;
inline constexpr std::uint32_t page_users_max = 100;

/// Whether mail arrives at an address only mail can tell, so that it looks like `name@host` is all
/// that is asked.
constexpr bool is_email(std::string_view text) noexcept {
  const std::size_t at = text.rfind('@');
  const auto is_space_or_control = [](char c) { return (c >= 0 && c <= ' ') || c == 0x7F; };
  return at != text.npos && at != 0 && at + 1 != text.size() &&
         std::ranges::none_of(text, is_space_or_control);
}
inline constexpr json::text_form email_form{
    R"(^[^\x00-\x20\x7F]+@[^@\x00-\x20\x7F]+$)", is_email,
    "must be an e-mail address such as ada@example.com"};

/// A user with the id that the service gave them.
struct user {
  std::uint64_t id;
  std::string name;
  std::string email;
};

/// What a caller says of a user. An e-mail address belongs to one user at most; letters of either
/// case count as equal in it.
struct new_user {
  std::string name;
  std::string email;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1, .size_max = name_chars_max, .form = &json::plain_text},
      {.member = "email", .size_max = email_chars_max, .form = &email_form}};
};

/// Which users to list: those with ids greater than `after`.
struct page {
  std::uint64_t after = 0;
  std::uint32_t limit = 20;
  static constexpr json::member_limits json_limits[] = {
      {.member = "limit", .min = 1, .max = page_users_max}};
};

/// Users in the order of their ids.
struct user_list {
  std::vector<user> users;
  std::optional<std::uint64_t> next_after;  ///< `after` of the next page, if there is more
};

enum class error : std::uint8_t { not_found, email_taken, store_full, store_busy };
constexpr ferrule::problem to_problem(error e) noexcept {
  switch (e) {
    case error::email_taken:
      return {.status = 409, .title = "E-mail address taken"};
    case error::store_full:
      return {.status = 507, .title = "No room for more users"};
    case error::store_busy:
      return {.status = 503, .title = "The store is busy", .retry_after = std::chrono::seconds(1)};
    case error::not_found:
      break;
  }
  return {.status = 404, .title = "No such user"};
}

using ferrule::created;
using ferrule::endpoint;
using ferrule::json_body;
using ferrule::query;

inline constexpr endpoint<"GET /users", user_list(query<page>), error> list_users{};
inline constexpr endpoint<"POST /users", created<user>(json_body<new_user>), error> create_user{};
inline constexpr endpoint<"GET /users/{id}", user(std::uint64_t id), error> get_user{};
inline constexpr endpoint<"PUT /users/{id}", user(std::uint64_t id, json_body<new_user>), error>
    update_user{};
inline constexpr endpoint<"DELETE /users/{id}", void(std::uint64_t id), error> delete_user{};

inline constexpr ferrule::contract api(list_users, create_user, get_user, update_user, delete_user);

}  // namespace users
