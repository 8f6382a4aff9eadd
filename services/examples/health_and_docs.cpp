// Health and docs: routes that every service should have, made from its contract.
//
//   $ health_and_docs --port 8000
//
//   $ curl -s http://127.0.0.1:8000/
//   Says what day of the week it was.
//
//   GET    /weekdays/{year}/{month}/{day}
//   GET    /health
//   GET    /openapi.json
//   GET    /docs
//   $ curl -s http://127.0.0.1:8000/weekdays/1969/7/20
//   "sunday"
//   $ curl -s http://127.0.0.1:8000/weekdays/1969/2/30
//   {"type":"about:blank","title":"No such day","status":404,"trace_id":"..."}
//   $ curl -s http://127.0.0.1:8000/health
//   {"status":"ok"}
//   $ curl -s http://127.0.0.1:8000/openapi.json | cut -c 1-60
//   {"openapi":"3.1.0","info":{"title":"weekdays","version":"1.0
//   $ curl -s http://127.0.0.1:8000/docs | grep -o '<h1>weekdays'
//   <h1>weekdays
#include <ferrule/ferrule.hpp>
using namespace ferrule;

namespace weekdays {

enum class weekday : std::uint8_t {
  sunday,
  monday,
  tuesday,
  wednesday,
  thursday,
  friday,
  saturday
};
enum class error : std::uint8_t { no_such_day };
constexpr problem to_problem(error) noexcept { return {.status = 404, .title = "No such day"}; }

inline constexpr endpoint<"GET /weekdays/{year}/{month}/{day}",
                          weekday(int year, path<"month", unsigned>, path<"day", unsigned>), error>
    show{};
inline constexpr contract api(show);
inline constexpr openapi_info about{
    .title = "weekdays", .version = "1.0.0", .description = "Says what day of the week it was."};

// Two parameters of one type are named, lest they be swapped.
result<weekday, error> weekday_of(int year, path<"month", unsigned> month,
                                  path<"day", unsigned> day) {
  const std::chrono::year_month_day asked{std::chrono::year(year), std::chrono::month(*month),
                                          std::chrono::day(*day)};
  if (!asked.ok()) return fail(error::no_such_day);
  return static_cast<weekday>(std::chrono::weekday(asked).c_encoding());
}

constexpr auto api_routes = route_table<api>(on<show>(weekday_of), health_route(),
                                             openapi_route<api, about>(), docs_route<api, about>());
constexpr auto routes = with_welcome<api_routes, about>();

}  // namespace weekdays

int main(int argc, char** argv) { return serve<weekdays::routes>({.port = 8000}, argc, argv); }
