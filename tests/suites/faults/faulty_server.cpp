#include "faulty_server.hpp"

#include "ferrule/http/chunked.hpp"
#include "ferrule/http/parser.hpp"

namespace ferrule::test {
namespace {

/// Takes the body off `bytes`; nothing when it is not all there.
std::optional<std::string> take_body(std::string_view& bytes, const response_head& head) {
  if (head.body != body_kind::chunked) {
    if (bytes.size() < head.content_length) return std::nullopt;
    const std::string body(bytes.substr(0, head.content_length));
    bytes.remove_prefix(body.size());
    return body;
  }
  std::string body;
  http::chunked_decoder decoder;
  for (;;) {
    const http::chunk_piece piece = decoder.feed(bytes);
    bytes.remove_prefix(piece.consumed);
    body += piece.data;
    if (piece.state == http::chunk_state::done) return body;
    if (piece.state != http::chunk_state::data) return std::nullopt;
  }
}

std::string post(std::string_view target, std::string_view fields) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
         "\r\n\r\n";
}

}  // namespace

verdict judge(std::string_view received, const std::vector<std::string>& answers) {
  verdict all;
  std::vector<header_field> fields(32);
  while (!received.empty()) {
    response_head head;
    const http::head_parse parsed =
        http::parse_response_head(received, {}, fields, method::get, head);
    if (parsed.state == http::head_parse::error) all.wrong = parsed.reason;
    if (parsed.state == http::head_parse::complete) {
      received.remove_prefix(parsed.bytes);
      if (const auto body = take_body(received, head)) {
        if (all.whole() == answers.size()) {
          all.wrong = "an answer that nobody asked for";
        } else if (head.status == 500 || head.status == 503) {
          ++all.failed;
        } else if (head.status != 200 || *body != answers[all.whole()]) {
          all.wrong = "answered " + std::to_string(head.status) + " " + body->substr(0, 200);
        } else {
          ++all.right;
        }
        if (all.wrong.empty()) continue;
      }
    }
    all.cut = true;
    return all;
  }
  return all;
}

const std::vector<script>& scripts() {
  static const std::string now = "another answer that takes the heap ";
  static const std::string later = "a longer answer than fits without the heap ";
  static const std::string text(3000, 'e');
  static const std::vector<script> all = {
      {"a pipeline of plain requests",
       {get("/now/1") + get("/now/2") + get("/now/3")},
       {now + "1", now + "2", now + "3"}},
      {"coroutines",
       {get("/later/4") + get("/now/5"), get("/later/6")},
       {later + "4", now + "5", later + "6"}},
      {"a body in pieces",
       {post("/echo", "Content-Length: 6000"), text, text + get("/now/7")},
       {text + text, now + "7"}},
      {"a chunked body in pieces",
       {post("/echo", "Transfer-Encoding: chunked"), "bb8\r\n" + text + "\r\n",
        "1\r\n!\r\n0\r\n\r\n" + get("/now/8")},
       {text + "!", now + "8"}},
      {"JSON",
       {post("/note", "Content-Type: application/json\r\nContent-Length: 31"),
        "{\"text\":\"written ", "on the heap\"}\n" + get("/now/9")},
       {"noted: written on the heap", now + "9"}},
      {"a streamed echo",
       {post("/stream", "Transfer-Encoding: chunked"), "5\r\nfirst\r\n", "6\r\nsecond\r\n",
        "0\r\n\r\n" + get("/now/10")},
       {"firstsecond", now + "10"}},
      {"a long streamed answer",
       {get("/much/20") + get("/later/11")},
       {std::string(100'000, 'x'), later + "11"}},
      {"pieces that are handed over, and trailers",
       {get("/pieces/3") + get("/now/12")},
       {std::string(90'000, 'p'), now + "12"}},
      {"trailers of a request",
       {post("/trailers", "Transfer-Encoding: chunked"), "1\r\nx\r\n0\r\nX-A: 1\r\n",
        "X-B: 2\r\n\r\n" + get("/now/13")},
       {"2", now + "13"}},
  };
  return all;
}

}  // namespace ferrule::test
