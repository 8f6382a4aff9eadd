#pragma once
/// @file
/// The orders service: a handler for each endpoint of its contract, and its route table.

#include "api.hpp"
#include "ferrule/ferrule.hpp"
#include "ferrule/io/gather.hpp"
#include "store.hpp"
#include "users.hpp"

template <>
inline constexpr ferrule::json::member_limits ferrule::header_limits<orders::idempotency_key>{
    .size_min = 1, .size_max = orders::key_chars_max, .form = &orders::key_form};

namespace orders {

inline task<result<order_list, error>> list(query<page> asked, store& all) {
  auto found = co_await all.list(*asked, asked->limit + 1);
  if (!found) co_return fail(found.error());
  order_list answer{std::move(found).value(), {}};
  if (answer.orders.size() > asked->limit) {  // the one too many says that there is another page
    answer.orders.pop_back();
    answer.next_after = answer.orders.back().id;
  }
  co_return answer;
}

inline bool is_valid(const idempotency_key& key) {
  return !key->empty() && key->size() <= key_chars_max && key_form.fits(*key);
}

/// 201 for the order that was made, now or by the same request before.
inline result<created<order>, error> answer(result<order, error> made, const new_order& said) {
  if (!made) return fail(made.error());
  if (made->user_id != said.user_id || made->product_id != said.product_id ||
      made->quantity != said.quantity) {
    return fail(error::key_of_another);
  }
  std::string location = fmt::format("/orders/{}", made->id);
  return created<order>{*std::move(made), std::move(location)};
}

inline task<result<created<order>, error>> add(json_body<new_order> said, idempotency_key key,
                                               store& all, const users_client& users) {
  const wall_time now = (co_await ferrule::now()).wall;
  if (key && !is_valid(key)) co_return fail(error::invalid_key);
  const auto claim = key ? all.keys().take(*key) : keys_in_use::claim();
  if (key) {
    if (!claim) co_return fail(error::key_in_use);
    auto made = co_await all.find_by_key(std::string(*key), now);
    if (made || made.error() != error::not_found) co_return answer(std::move(made), *said);
  }
  const auto user = co_await check_user(said->user_id, users);
  if (!user) co_return fail(user.error());
  auto made = co_await all.add(*said, std::string(key.value_or("")), now);
  co_return answer(std::move(made), *said);
}

FERRULE_CORO_WRAPPER
inline task<result<order, error>> show(std::uint64_t id, store& all) { return all.find(id); }

/// How calls of the users service fare, on each reactor; null of one that does not say.
struct resilience {
  std::vector<ferrule::json::raw> users;
};
inline task<resilience> show_resilience(const users_client& users) {
  const auto all =
      co_await gather(users, [](const users_client& one) { return one.report(); });
  resilience shown;
  for (const auto& each : all) shown.users.push_back(each.value_or(ferrule::json::raw()));
  co_return shown;
}

inline constexpr ferrule::openapi_info about{
    .title = "orders", .version = "1.0.0", .description = "The orders service."};

inline constexpr auto api_routes = ferrule::route_table<api>(
    ferrule::on<list_orders>(list), ferrule::on<create_order>(add), ferrule::on<get_order>(show),
    ferrule::health_route(),
    ferrule::route<"GET /resilience">(show_resilience),
    ferrule::openapi_route<api, about>(), ferrule::docs_route<api, about>());
/// What a caller who knows nothing gets at `/` lists them.
inline constexpr auto routes = ferrule::with_welcome<api_routes, about>();

}  // namespace orders
