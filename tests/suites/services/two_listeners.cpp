// A service with routes of their own for its operators, as listeners_test.py runs it.
#include <ferrule/ferrule.hpp>

using namespace ferrule;

namespace {

task<std::string> slow() {
  co_await sleep(300ms);
  co_return "slowly";
}

constexpr auto routes = route_table(route<"GET /">([] { return "Hello, World!"; }),
                                    route<"GET /slow">(slow));
constexpr auto admin_routes = route_table(route<"GET /status">([] { return "fine"; }),
                                          route<"GET /slow">(slow));

}  // namespace

int main(int argc, char** argv) {
  return serve<routes>(argc, argv,
                       listener<admin_routes>("admin", "127.0.0.1:0", {.connections_max = 4}));
}
