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
//   $ curl -s http://127.0.0.1:8000/weekdays/1969/7/276
//   {"type":"about:blank","title":"Bad Request","status":400,"detail":"path parameter 'day' must \
//       be an unsigned integer from 1 to 31","trace_id":"...","errors":[{"detail":"must be an \
//       unsigned integer from 1 to 31","parameter":"day"}]}
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

// What <chrono> keeps: it would take the 276th of July for the 20th, as 276 is 20 in eight bits.
using year_number = bounded<int, 1, 9999>;
using month_number = path<"month", bounded<unsigned, 1, 12>>;
using day_number = path<"day", bounded<unsigned, 1, 31>>;

inline constexpr endpoint<"GET /weekdays/{year}/{month}/{day}",
                          weekday(year_number, month_number, day_number), error>
    show{};
inline constexpr contract api(show);
inline constexpr openapi_info about{
    .title = "weekdays", .version = "1.0.0", .description = "Says what day of the week it was."};

// The numbers of a month and a day are named, lest they be swapped.
result<weekday, error> weekday_of(year_number year, month_number month, day_number day) {
  const std::chrono::year_month_day asked{std::chrono::year(*year), std::chrono::month(**month),
                                          std::chrono::day(**day)};
  if (!asked.ok()) return fail(error::no_such_day);
  return static_cast<weekday>(std::chrono::weekday(asked).c_encoding());
}

constexpr auto api_routes = route_table<api>(on<show>(weekday_of), health_route(),
                                             openapi_route<api, about>(), docs_route<api, about>());
constexpr auto routes = with_welcome<api_routes, about>();

}  // namespace weekdays

int main(int argc, char** argv) { return serve<weekdays::routes>({.port = 8000}, argc, argv); }
