// What a response can have beside its head and body: hints before it, fields behind it, and a
// connection that goes on in another protocol.
//
//   $ beyond_http --port 8000
//
//   $ curl -si http://127.0.0.1:8000/page | head -n 2
//   HTTP/1.1 103 Early Hints
//   Link: </style.css>; rel=preload; as=style
//
//   $ curl -s --raw http://127.0.0.1:8000/log | tail -n 3
//   0
//   X-Lines: 3
//
//   $ curl -si http://127.0.0.1:8000/chat | head -n 1
//   HTTP/1.1 426 Upgrade Required
//
//   $ printf 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' > request
//   $ printf 'Upgrade: chat\r\n\r\nhello and bye' >> request
//   $ exec 3<>/dev/tcp/127.0.0.1/8000; cat request >&3; tail -n 1 <&3
//   you said: hello and bye
#include <ferrule/ferrule.hpp>
using namespace ferrule;

task<std::string> page(early_hints hints) {
  hints.send({{"Link", "</style.css>; rel=preload; as=style"}});  // is fetched meanwhile
  co_await sleep(50ms);                                           // a database, say
  co_return "<!doctype html><link rel=stylesheet href=/style.css><p>A page.\n";
}

response_stream log_lines() {
  co_yield stream_head{.content_type = "text/plain"};
  int lines = 0;
  for (; lines != 3; ++lines) co_yield fmt::format("line {}\n", lines + 1);
  const std::string count = std::to_string(lines);
  const header_field last{"X-Lines", count};
  co_yield stream_trailers{.fields = {&last, 1}};
}

task<response> chat(upgrade_offer offer) {
  if (!offer.has("chat")) co_return response{.status = 426, .fields = {{"Upgrade", "chat"}}};
  two_way_stream stream = offer.accept("chat");
  for (;;) {
    const std::string_view heard =
        co_await stream.read();  // begins with what came with the request
    if (heard.empty()) break;    // the client has sent FIN
    const std::string reply = fmt::format("you said: {}\n", heard);
    co_await stream.write(reply);
    if (heard.ends_with("bye")) break;
  }
  co_return response{};  // is not sent: FIN is
}

constexpr auto routes =
    route_table(route<"GET /page">(page), route<"GET /log">(log_lines), route<"GET /chat">(chat));

int main(int argc, char** argv) { return serve<routes>(argc, argv); }
