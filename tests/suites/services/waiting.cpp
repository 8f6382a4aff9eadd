// Waits for what does not come, for backtrace_test.py: the program of include/ferrule/debugging.md.
#include <ferrule/ferrule.hpp>
using namespace ferrule;

task<int> query_database(int id) {
  co_await sleep(1h);
  co_return id;
}
task<int> load_user(int id) { co_return co_await query_database(id) + 1; }
task<std::string> show(std::uint64_t id) {
  auto [user, friends] = co_await when_all(load_user(static_cast<int>(id)), load_user(2));
  co_return std::to_string(user + friends);
}

constexpr auto routes = route_table(route<"GET /users/{id}">(show));

int main(int argc, char** argv) { return serve<routes>(argc, argv); }
