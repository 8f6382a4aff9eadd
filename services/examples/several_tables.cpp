// Several tables: each part of a service has its own, in a header of its own; one table is made of
// them, below prefixes. Two routes for the same requests are a compile error, as in one table.
//
//   $ several_tables --port 8000
//
//   $ curl -s http://127.0.0.1:8000/v1/books/7
//   book 7
//   $ curl -s http://127.0.0.1:8000/v2/books/7
//   {"id":7,"title":"A book"}
//   $ curl -s http://127.0.0.1:8000/admin/status
//   {"type":"about:blank","title":"Forbidden","status":403,"trace_id":"..."}
//   $ curl -si -H 'x-staff: yes' http://127.0.0.1:8000/admin/status | grep -i -e powered -e fine
//   X-Powered-By: tables
//   fine
#include <ferrule/ferrule.hpp>
using namespace ferrule;

namespace books {
struct book {
  std::uint64_t id = 0;
  std::string title;
};
constexpr auto first_version =
    route_table(route<"GET /{id}">([](std::uint64_t id) { return fmt::format("book {}\n", id); }));
constexpr auto second_version =
    route_table(route<"GET /{id}">([](std::uint64_t id) { return book{id, "A book"}; }));
}  // namespace books

namespace admin {
struct only_staff {  // a layer: it answers in the handler's place, or lets it go on
  std::optional<problem> before(const request& r) const {
    if (r.header("X-Staff") == "yes") return std::nullopt;
    return problem{.status = 403};
  }
};
constexpr auto routes = route_table(with(only_staff{}),  // stays around these routes only
                                    route<"GET /status">([] { return "fine\n"; }));
}  // namespace admin

struct signed_by_us {
  void after(answer& a) const { a.add_field("X-Powered-By", "tables"); }
};

constexpr auto routes =
    merge(with(signed_by_us{}),  // around all of it
          nest<"/v1/books">(books::first_version), nest<"/v2/books">(books::second_version),
          nest<"/admin">(admin::routes));

int main(int argc, char** argv) { return serve<routes>({.port = 8000}, argc, argv); }
