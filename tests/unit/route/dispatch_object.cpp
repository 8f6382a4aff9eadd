// Routes to be disassembled: dispatch_jumps_once.py looks for one indirect jump in `invoke` and for
// calls of these handlers, which must all be inlined.

#include "ferrule/route/dispatcher.hpp"

namespace {

struct counter {
  std::uint64_t hits = 0;
};

std::uint64_t handler_by_pointer(std::uint64_t n) { return n * 3 + 1; }

constexpr auto routes = ferrule::route_table(
    ferrule::route<"GET /">([] { return "Hello, World!"; }),
    ferrule::route<"GET /pointer/{n}">(handler_by_pointer),
    ferrule::route<"GET /closure/{n}">([](std::uint64_t n) { return n * 5 + 2; }),
    ferrule::route<"GET /count">([](counter& c) { return ++c.hits; }));

}  // namespace

ferrule::http::service& service_to_disassemble();
ferrule::http::service& service_to_disassemble() {
  static counter hits;
  static ferrule::dispatcher<routes, counter> service(hits);
  return service;
}
