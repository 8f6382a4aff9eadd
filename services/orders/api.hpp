#pragma once
/// @file
/// What the orders service offers: everything that a caller has to know, and nothing of how it is
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

namespace orders {

namespace json = ferrule::json;

inline constexpr std::size_t product_id_chars_max = 64;
inline constexpr std::uint32_t quantity_max = 1000;
inline constexpr std::uint32_t page_orders_max = 100;
inline constexpr std::size_t key_chars_max = 128;
/// Space around a field's value is no part of it (RFC 9110 section 5.5).
inline constexpr json::text_form key_form{
    "^[!-~]([ -~]*[!-~])?$",
    [](std::string_view key) {
      return std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
    },
    "must be ASCII"};
/// How long the service knows an order by its idempotency key, at least.
inline constexpr std::chrono::hours key_lifetime{24};

/// What a caller asks for. The user has to be known to the users service.
struct new_order {
  std::uint64_t user_id;
  std::string product_id;
  std::uint32_t quantity;
  static constexpr json::member_limits json_limits[] = {
      {.member = "user_id", .min = 1},
      {.member = "product_id",
       .size_min = 1,
       .size_max = product_id_chars_max,
       .form = &json::plain_text},
      {.member = "quantity", .min = 1, .max = quantity_max}};
};

/// An order with the id that the service gave it.
struct order {
  std::uint64_t id;
  std::uint64_t user_id;
  std::string product_id;
  std::uint32_t quantity;
};

/// Which orders to list: those of a user with ids greater than `after`.
struct page {
  std::uint64_t user_id;
  std::uint64_t after = 0;
  std::uint32_t limit = 20;
  static constexpr json::member_limits json_limits[] = {
      {.member = "limit", .min = 1, .max = page_orders_max}};
};

/// Orders in the order of their ids.
struct order_list {
  std::vector<order> orders;
  std::optional<std::uint64_t> next_after;  ///< `after` of the next page, if there is more
};

enum class error : std::uint8_t {
  not_found,
  unknown_user,
  invalid_key,
  key_in_use,
  key_of_another,
  users_unavailable,
  store_full,
  store_busy,
};
constexpr ferrule::problem to_problem(error e) noexcept {
  using std::chrono::seconds;
  switch (e) {
    case error::unknown_user:
      return {.status = 422, .title = "No such user"};
    case error::invalid_key:
      return {.status = 400, .title = "Idempotency-Key must have from 1 to 128 ASCII characters"};
    case error::key_in_use:
      return {.status = 409,
              .title = "A request with this Idempotency-Key is being answered",
              .retry_after = seconds(1)};
    case error::key_of_another:
      return {.status = 422, .title = "Idempotency-Key belongs to another order"};
    case error::users_unavailable:
      return {
          .status = 503, .title = "The users service does not answer", .retry_after = seconds(2)};
    case error::store_full:
      return {.status = 507, .title = "No room for more orders"};
    case error::store_busy:
      return {.status = 503, .title = "The store is busy", .retry_after = seconds(1)};
    case error::not_found:
      break;
  }
  return {.status = 404, .title = "No such order"};
}

using ferrule::created;
using ferrule::endpoint;
using ferrule::json_body;
using ferrule::query;
/// Makes a repeated request harmless: whoever sends the same key with the same order again gets the
/// same answer, and there is one order.
using idempotency_key = ferrule::header<"Idempotency-Key">;

inline constexpr endpoint<"GET /orders", order_list(query<page>), error> list_orders{};
inline constexpr endpoint<"POST /orders", created<order>(json_body<new_order>, idempotency_key),
                          error>
    create_order{};
inline constexpr endpoint<"GET /orders/{id}", order(std::uint64_t id), error> get_order{};

inline constexpr ferrule::contract api(list_orders, create_order, get_order);

}  // namespace orders
