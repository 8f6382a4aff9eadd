#pragma once
/// @file
/// The users service: a handler for each endpoint of its contract, and its route table.

#include "api.hpp"
#include "ferrule/ferrule.hpp"
#include "store.hpp"

namespace users {

inline task<result<user_list, error>> list(query<page> asked, store& all) {
  auto found = co_await all.list(asked->after, asked->limit + 1);
  if (!found) co_return fail(found.error());
  user_list answer{std::move(found).value(), {}};
  if (answer.users.size() > asked->limit) {  // the one too many says that there is another page
    answer.users.pop_back();
    answer.next_after = answer.users.back().id;
  }
  co_return answer;
}

inline task<result<created<user>, error>> add(json_body<new_user> said, store& all) {
  auto made = co_await all.add(*std::move(said));
  co_return std::move(made).transform([](user u) {
    std::string location = fmt::format("/users/{}", u.id);
    return created<user>{std::move(u), std::move(location)};
  });
}

FERRULE_CORO_WRAPPER
inline task<result<user, error>> show(std::uint64_t id, store& all) { return all.find(id); }

FERRULE_CORO_WRAPPER
inline task<result<user, error>> update(std::uint64_t id, json_body<new_user> said, store& all) {
  return all.replace(id, *std::move(said));
}

FERRULE_CORO_WRAPPER
inline task<result<void, error>> remove(std::uint64_t id, store& all) { return all.remove(id); }

inline constexpr ferrule::openapi_info about{
    .title = "users", .version = "1.0.0", .description = "The users service."};

inline constexpr auto api_routes = ferrule::route_table<api>(
    ferrule::on<list_users>(list), ferrule::on<create_user>(add), ferrule::on<get_user>(show),
    ferrule::on<update_user>(update), ferrule::on<delete_user>(remove), ferrule::health_route(),
    ferrule::openapi_route<api, about>(), ferrule::docs_route<api, about>());
/// What a caller who knows nothing gets at `/` lists them.
inline constexpr auto routes = ferrule::with_welcome<api_routes, about>();

}  // namespace users
