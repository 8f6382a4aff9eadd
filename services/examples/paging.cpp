// Paging: a list is given page by page. Each page says where the next begins, by the last id and
// not by a number of rows, so that what is added or removed meanwhile moves nothing.
//
//   $ paging --port 8000
//
//   $ curl -s 'http://127.0.0.1:8000/planets?limit=3'
//   {"planets":[{"id":1,"name":"Mercury"},{"id":2,"name":"Venus"},{"id":3,"name":"Earth"}],\
//       "next":"/planets?after=3&limit=3"}
//   $ curl -s 'http://127.0.0.1:8000/planets?after=6&limit=3'
//   {"planets":[{"id":7,"name":"Uranus"},{"id":8,"name":"Neptune"}]}
//   $ curl -s 'http://127.0.0.1:8000/planets?limit=1000'
//   {"type":"about:blank","title":"Bad Request","status":400,"detail":"the query is not what this \
//       route takes","trace_id":"...","errors":[{"detail":"must be from 1 to 100",\
//       "parameter":"limit"}]}
#include <ferrule/ferrule.hpp>

#include <map>
using namespace ferrule;

struct planet {
  std::uint64_t id = 0;
  std::string name;
};
struct page {
  std::uint64_t after = 0;
  std::uint32_t limit = 20;
  static constexpr json::member_limits json_limits[] = {{.member = "limit", .min = 1, .max = 100}};
};
struct planet_list {
  std::vector<planet> planets;
  std::optional<std::string> next;  // absent on the last page
};

struct catalogue {
  static constexpr bool thread_safe = true;  // nobody writes to it
  std::map<std::uint64_t, std::string> planets{{1, "Mercury"}, {2, "Venus"},   {3, "Earth"},
                                               {4, "Mars"},    {5, "Jupiter"}, {6, "Saturn"},
                                               {7, "Uranus"},  {8, "Neptune"}};
};

planet_list list(query<page> asked, const catalogue& all) {
  planet_list found;
  for (auto at = all.planets.upper_bound(asked->after); at != all.planets.end(); ++at) {
    if (found.planets.size() == asked->limit) {  // one more is there
      found.next = fmt::format("/planets?after={}&limit={}", found.planets.back().id, asked->limit);
      break;
    }
    found.planets.push_back({at->first, at->second});
  }
  return found;
}

constexpr auto routes = route_table(route<"GET /planets">(list));

int main(int argc, char** argv) {
  catalogue all;
  return serve<routes>({.port = 8000}, argc, argv, shared(all));
}
