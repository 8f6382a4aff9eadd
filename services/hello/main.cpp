#include <ferrule/ferrule.hpp>
using namespace ferrule;                        // brings std::chrono_literals too

struct user { std::uint64_t id; std::string name; };

task<user> get_user(std::uint64_t id) {
  co_await sleep(1ms);                          // a database, say
  co_return user{id, fmt::format("User {}", id)};
}

constexpr auto routes = route_table(
    route<"GET /">([] { return "Hello, World!"; }),    // a plain value: no coroutine frame at all
    route<"GET /users/{id}">(get_user));               // {id} is parsed as get_user's std::uint64_t

int main(int argc, char** argv) { return serve<routes>(argc, argv); }
