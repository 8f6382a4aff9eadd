// Calling services: a contract says once what a service offers; who calls it gets typed values or
// typed errors. Several calls go out at the same time, and one that fails has a fallback. Here the
// service calls itself.
//
//   $ calling_services --stock http://127.0.0.1:8000 --port 8000
//
//   $ curl -s http://127.0.0.1:8000/stock/7
//   {"id":7,"pieces":70}
//   $ curl -s http://127.0.0.1:8000/carts/3,7
//   [{"id":3,"pieces":30},{"id":7,"pieces":70}]
//   $ curl -s http://127.0.0.1:8000/carts/3,0
//   {"type":"about:blank","title":"No such article","status":404,"detail":"article 0",\
//       "trace_id":"..."}
//   $ calling_services --stock nowhere
//   calling_services: --stock must be a URL such as http://stock, not 'nowhere'
#include <ferrule/client/upstream_of.hpp>
#include <ferrule/ferrule.hpp>
using namespace ferrule;
using namespace std::string_literals;

namespace stock {  // in a header of its own, which both services include
struct article {
  std::uint64_t id = 0;
  std::uint64_t pieces = 0;
};
enum class error : std::uint8_t { unknown };
constexpr problem to_problem(error) noexcept { return {.status = 404, .title = "No such article"}; }
inline constexpr endpoint<"GET /stock/{id}", article(std::uint64_t id), error> get_article{};
inline constexpr contract api(get_article);
}  // namespace stock

using stock_client = client<stock::api>;

result<stock::article, stock::error> get_article(std::uint64_t id) {
  if (id == 0) return fail(stock::error::unknown);
  return stock::article{id, id * 10};
}

// What a failed call means here: who asks for what is not there is told so; when nobody can tell,
// the call's own problem says it, 502, 503 or 504.
task<result<stock::article, problem>> find(std::uint64_t id, const stock_client& service) {
  auto found = co_await service(stock::get_article, id, call_options{.timeout = 500ms});
  if (found) co_return *found;
  if (!found.error().is(stock::error::unknown)) co_return fail(to_problem(found.error()));
  co_return fail(
      problem{.status = 404, .title = "No such article", .detail = fmt::format("article {}", id)});
}

task<result<std::vector<stock::article>, problem>> show_cart(std::string_view ids,
                                                             const stock_client& service) {
  constexpr std::size_t ids_max = 20;
  std::vector<task<result<stock::article, problem>>> calls;
  while (!ids.empty()) {
    const std::string_view one = ids.substr(0, ids.find(','));
    std::uint64_t id = 0;
    if (!parse_parameter(one, id) || calls.size() == ids_max) {
      co_return fail(problem{.status = 400, .detail = "ids must be at most 20 numbers"});
    }
    calls.push_back(find(id, service));
    ids.remove_prefix(std::min(one.size() + 1, ids.size()));
  }
  std::vector<stock::article> cart;
  for (auto& each : co_await when_all(std::move(calls))) {
    if (!each) co_return fail(std::move(each).error());
    cart.push_back(*each);
  }
  co_return cart;
}

constexpr auto routes = route_table(
    route<"GET /stock/{id}">(get_article), route<"GET /carts/{ids}">(show_cart),
    route<"GET /resilience">([](const stock_client& service) { return service.report(); }));

struct settings {
  origin stock = *origin::parse("http://127.0.0.1:8000");
};
constexpr option options[] = {
    {"stock", "URL", "the service that knows the stock", [](void* target, std::string_view url) {
       const auto read = origin::parse(url);
       if (!read || read->is_tls()) return "must be a URL such as http://stock"s;
       static_cast<settings*>(target)->stock = *read;
       return ""s;
     }}};

int main(int argc, char** argv) {
  settings given;
  return serve<routes>({.port = 8000}, argc, argv, {options, &given},
                       upstream_of<stock::api>("stock", [&] { return std::vector{given.stock}; }));
}
