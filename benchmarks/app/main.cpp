// The smallest service that everything is measured on.
#include <algorithm>

#include "ferrule/ferrule.hpp"

using namespace ferrule;

struct user {
  std::string id, name, email;
};

user make_user(std::uint64_t id) {
  const std::string digits = std::to_string(id);
  return {digits, "User " + digits, "user" + digits + "@example.com"};
}

task<user> make_user_async(std::uint64_t id) { co_return make_user(id); }

task<user> make_user_after_work(std::uint64_t id) {
  co_await sleep(1ms);
  co_return make_user(id);
}

response_stream bytes(std::uint64_t count) {
  static constexpr std::string_view part =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  co_yield stream_head{.content_type = "application/octet-stream", .content_length = count};
  for (; count != 0; count -= std::min<std::uint64_t>(count, part.size())) {
    co_yield part.substr(0, std::min<std::uint64_t>(count, part.size()));
  }
}

created<json::raw> add_user(json_body<json::raw> document) {
  return {.value = std::move(*document), .location = "/users/42"};
}

response echo(body received) {
  return {.content_type = "application/octet-stream", .body = std::string(*received)};
}

constexpr auto routes = route_table(
    route<"GET /health">([] { return "ok"; }),
    route<"GET /plaintext">([] { return "Hello, World!"; }), route<"GET /users/{id}">(make_user),
    route<"GET /async/users/{id}">(make_user_async), route<"GET /wait/{id}">(make_user_after_work),
    route<"GET /bytes/{n}">(bytes), route<"POST /users">(add_user), route<"POST /echo">(echo));

int main(int argc, char** argv) { return serve<routes>(argc, argv); }
