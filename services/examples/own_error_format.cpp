// An error format of one's own: one function words every error of the service, whoever finds it;
// one says what exceptions mean; one answers for paths without a route.
//
//   $ own_error_format --port 8000
//
//   $ curl -s http://127.0.0.1:8000/articles/2
//   {"code":"sold_out","message":"Sold out","trace_id":"..."}
//   $ curl -s http://127.0.0.1:8000/articles/9
//   {"code":"no_such_article","message":"There is no article 9","trace_id":"..."}
//   $ curl -s http://127.0.0.1:8000/articles/x
//   {"code":"bad_request","message":"must be an integer of 32 bits","trace_id":"..."}
//   $ curl -s -X DELETE http://127.0.0.1:8000/articles/2
//   {"code":"method_not_allowed","message":"Method Not Allowed","trace_id":"..."}
//   $ curl -s http://127.0.0.1:8000/artikel/2
//   {"code":"no_such_page","message":"Nothing here; try /articles/1","trace_id":"..."}
//   $ curl -s -H 'Host:' http://127.0.0.1:8000/articles/1
//   {"code":"bad_request","message":"no Host field","trace_id":"..."}
#include <ferrule/ferrule.hpp>

#include <map>
#include <stdexcept>
using namespace ferrule;

// What a client gets for every error. A plain struct: its members are the JSON's.
struct api_error {
  json::raw code;
  std::string message;
  std::string trace_id;  // logs know the request by it
};

// What the problem says, or else its title: "Not Found" as not_found.
json::raw code_of(const problem& what) {
  if (const json::raw* const said = what.member("code")) return *said;
  std::string code(what.title.view());
  for (char& c : code) c = c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  return json::raw::trusted(json::write(code));
}
std::string message_of(const problem& what) {
  if (!what.errors.empty()) return what.errors.front().detail;
  return what.detail.value_or(std::string(what.title.view()));
}
api_error tell(const problem& what, const problem_origin& source) {
  return {code_of(what), message_of(what), std::string(source.trace_id)};
}

// Exceptions that mean something: all others are 500 and in the log.
problem no_such_article(const std::out_of_range& e) {
  return problem{.status = 404, .detail = e.what()}.with("code", "no_such_article");
}

// Where no route fits. 405 and OPTIONS remain what they are.
problem no_such_page() {
  return problem{.status = 404, .detail = "Nothing here; try /articles/1"}.with("code",
                                                                               "no_such_page");
}

struct article {
  std::string title;
  int left = 0;
};
const std::map<int, article>& articles() {
  static const std::map<int, article> all{{1, {"Hat", 3}}, {2, {"Coat", 0}}};
  return all;
}
result<article, problem> show(int id) {
  const auto found = articles().find(id);
  if (found == articles().end()) throw std::out_of_range(fmt::format("There is no article {}", id));
  if (found->second.left != 0) return found->second;
  return fail(problem{.status = 409, .title = "Sold out"}.with("code", "sold_out"));
}

constexpr auto routes =
    route_table(with(on_problem<tell>, on_exception<no_such_article>, fallback<no_such_page>),
                route<"GET /articles/{id}">(show));

int main(int argc, char** argv) { return serve<routes>({.port = 8000}, argc, argv); }
