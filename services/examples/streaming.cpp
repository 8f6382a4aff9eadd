// Streaming: a response that is made while it is sent. Events go to a browser's EventSource for as
// long as it listens; a large table goes out row by row, as fast as its reader takes it.
//
//   $ streaming --port 8000
//
//   $ curl -sN --max-time 5 'http://127.0.0.1:8000/events?count=2'
//   data: {"number":1}
//
//   data: {"number":2}
//
//   $ curl -s 'http://127.0.0.1:8000/squares.csv?rows=1000000' | tail -n 1
//   1000000,1000000000000
#include <ferrule/ferrule.hpp>
using namespace ferrule;

struct event {
  std::uint64_t number = 0;
};
struct how_many {
  std::uint64_t count = 1'000'000;
};
struct size {
  std::uint64_t rows = 100;
};

response_stream events(query<how_many> asked) {
  static constexpr header_field fields[] = {{"Cache-Control", "no-store"}};
  co_yield stream_head{.content_type = "text/event-stream", .fields = fields};
  for (std::uint64_t number = 1; number <= asked->count; ++number) {
    co_yield fmt::format("data: {}\n\n", json::write(event{number}));
    // A pause, unless the service begins to end: what has no end of its own ends then.
    if (co_await with_deadline(200ms, drain_begins())) co_return;
  }
}

response_stream squares(query<size> asked) {
  co_yield stream_head{.content_type = "text/csv"};
  std::string part;  // some thousand rows at a time: each co_yield is a write
  for (std::uint64_t i = 1; i <= asked->rows; ++i) {
    fmt::format_to(std::back_inserter(part), "{},{}\n", i, i * i);
    if (part.size() < 32768 && i != asked->rows) continue;
    co_yield part;
    part.clear();
  }
}

constexpr auto routes =
    route_table(route<"GET /events">(events), route<"GET /squares.csv">(squares));

int main(int argc, char** argv) { return serve<routes>({.port = 8000}, argc, argv); }
