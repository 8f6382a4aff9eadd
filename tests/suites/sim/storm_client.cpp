#include "storm_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/http/chunked.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule::test {

using namespace std::chrono_literals;

namespace {

// Each is refused with an error status, after which the connection ends.
constexpr std::array<std::string_view, 10> malformed = {
    "GET /now/1 HTTP/1.1\r\n\r\n",
    "GET /now/1 HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET /now/ 1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /now/1 HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
    "GET /now/1 HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "GET /now/1 HTTP/1.1\nHost: a\n\n",
    "GET /now/../1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "\x16\x03\x01 not TLS here",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};

std::string chunked(std::string_view data, std::size_t chunk_bytes) {
  std::string out;
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, chunk_bytes);
    out += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    data.remove_prefix(chunk.size());
  }
  return out + "0\r\n\r\n";
}

std::string get(std::string_view method, std::string_view path, std::uint64_t token,
                std::string_view rest = " HTTP/1.1\r\nHost: a\r\n\r\n") {
  return fmt::format("{} /{}/{}{}", method, path, token, rest);
}

std::string post(std::string_view path, const std::string& body, choices& script) {
  const std::string head = fmt::format("POST /{} HTTP/1.1\r\nHost: a\r\n", path);
  const bool expects = script.below(8) == 7;
  const std::string expect = expects ? "Expect: 100-continue\r\n" : "";
  if (script.below(2) == 0) {
    return fmt::format("{}{}Content-Length: {}\r\n\r\n{}", head, expect, body.size(), body);
  }
  return head + expect + "Transfer-Encoding: chunked\r\n\r\n" +
         chunked(body, 1 + std::size_t{script.below(256)} * 8);
}

/// Appends the next request to `text`; the connection's plan learns what has to come of it.
void add_request(storm_connection& plan, std::string& text, std::uint64_t token, choices& script) {
  const std::string word = std::to_string(token);
  switch (script.below(12)) {
    case 0:
    case 1:
      text += get("GET", "now", token);
      plan.wanted.push_back({word});
      return;
    case 2:
    case 3:
      text += get("GET", "later", token);
      plan.wanted.push_back({word});
      return;
    case 4:
    case 5:
      plan.wanted.push_back({word + std::string(std::size_t{script.below(256)} * 12, '.')});
      text += post("echo", plan.wanted.back().body, script);
      return;
    case 6:
    case 7:
      plan.wanted.push_back({word + std::string(std::size_t{script.below(256)} * 12, ',')});
      text += post("stream", plan.wanted.back().body, script);
      return;
    case 8:
      text += get("GET", "much", token);
      plan.wanted.push_back({});
      for (unsigned i = 0; i != storm_repetitions; ++i) plan.wanted.back().body += word;
      return;
    case 9:
      text += get("HEAD", script.below(2) == 0 ? "now" : "later", token);
      plan.wanted.push_back({.body = word, .is_head = true});
      return;
    case 10: {
      const bool old = script.below(2) == 0;
      text += get("GET", "now", token,
                  old ? " HTTP/1.0\r\n\r\n" : " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      plan.wanted.push_back({word});
      plan.ends = true;
      return;
    }
    default: {
      const unsigned which = script.below(malformed.size() + 1);
      if (which == malformed.size()) {  // no one knows what has to come of that
        text += script.raw(script.below(64));
        plan.trouble = disturbance::babbles;
      } else {
        text += malformed[which];
        plan.wanted.push_back({.is_refusal = true});
      }
      plan.ends = true;
    }
  }
}

storm_connection make_connection(std::uint64_t first_token, choices& script) {
  storm_connection plan;
  std::string text;
  const unsigned requests = 1 + script.below(8);
  for (unsigned i = 0; i != requests && !plan.ends; ++i) {
    add_request(plan, text, first_token + i, script);
  }
  // What follows the last request must not be answered.
  if (plan.ends && script.below(2) == 1) text += get("GET", "now", first_token);
  while (!text.empty()) {
    const unsigned cut = script.below(64);
    const std::size_t size = cut == 0 ? text.size() : std::size_t{cut} * cut;
    plan.pieces.push_back(text.substr(0, size));
    plan.pauses_ms.push_back(script.below(4) == 3 ? script.below(256) : 0);
    text.erase(0, size);
  }
  plan.says_fin = script.below(4) == 3;
  const unsigned disturbed = script.below(16);
  if (disturbed >= 11 && plan.trouble == disturbance::none) {
    constexpr std::array kinds = {disturbance::reset, disturbance::half_open, disturbance::refused,
                                  disturbance::leaves};
    plan.trouble = kinds[disturbed % kinds.size()];
    plan.disturbed_at = script.below(static_cast<unsigned>(plan.pieces.size() % 256 + 1));
  }
  return plan;
}

/// Takes the body off `bytes`; false when it is not all there.
bool take_body(std::string_view& bytes, const response_head& head, std::string& body) {
  if (head.body == body_kind::none) return true;
  if (head.body != body_kind::chunked) {
    if (bytes.size() < head.content_length) return false;
    body = bytes.substr(0, head.content_length);
    bytes.remove_prefix(body.size());
    return true;
  }
  http::chunked_decoder decoder;
  for (;;) {
    const http::chunk_piece piece = decoder.feed(bytes);
    bytes.remove_prefix(piece.consumed);
    body += piece.data;
    if (piece.state == http::chunk_state::done) return true;
    if (piece.state != http::chunk_state::data) return false;
  }
}

/// Takes one whole answer off what was read; false when there is none.
bool take_answer(storm_connection& plan) {
  const bool expected = plan.answered != plan.wanted.size();
  const storm_answer wanted = expected ? plan.wanted[plan.answered] : storm_answer{};
  std::array<header_field, 32> fields;
  response_head head;
  const auto verb = wanted.is_head ? method::head : method::get;
  const http::head_parse parsed = http::parse_response_head(plan.unread, {}, fields, verb, head);
  if (parsed.state == http::head_parse::error) plan.wrong = "an answer that is not HTTP";
  if (parsed.state != http::head_parse::complete) return false;
  std::string_view rest = std::string_view(plan.unread).substr(parsed.bytes);
  if (head.status == 100) {
    plan.unread = std::string(rest);
    return true;
  }
  std::string body;
  if (!take_body(rest, head, body)) return false;
  if (!expected) {
    plan.wrong = fmt::format("an answer that nobody asked for: {} {}", head.status, body);
  } else if (wanted.is_refusal) {
    plan.refused = true;
    if (head.status < 400) plan.wrong = fmt::format("{} to a malformed request", head.status);
  } else if (head.status != 200 || (!wanted.is_head && body != wanted.body)) {
    plan.wrong = fmt::format("{} '{:.60}' instead of '{:.60}'", head.status, body, wanted.body);
  }
  plan.unread = std::string(rest);
  ++plan.answered;
  return plan.wrong.empty();
}

void disturb(sim_link& link, disturbance how) {
  if (how == disturbance::reset) link.reset = 1;
  if (how == disturbance::half_open) link.half_open = 1;
}

task<> say(tcp_stream& stream, sim_link& link, storm_connection& plan) {
  for (std::size_t i = 0; i != plan.pieces.size(); ++i) {
    if (i == plan.disturbed_at) {
      disturb(link, plan.trouble);
      if (plan.trouble == disturbance::leaves) co_return;
    }
    const auto written = co_await stream.write(plan.pieces[i]);
    if (!written) co_return;
    if (plan.pauses_ms[i] != 0) co_await sleep(std::chrono::milliseconds(plan.pauses_ms[i]));
  }
  if (plan.says_fin) stream.shutdown_send();
}

task<> hear(tcp_stream& stream, storm_connection& plan) {
  std::array<std::byte, 4096> bytes;
  for (;;) {
    const bool all = plan.answered == plan.wanted.size();
    // When nothing more is due, a while of silence is the proof.
    auto read = co_await with_deadline(all && !plan.ends && !plan.says_fin ? 300ms : 3h,
                                       stream.read(bytes));
    if (!read) {
      plan.timed_out = !all || plan.ends;
      co_return;
    }
    if (!*read) co_return;  // a reset
    const std::size_t size = **read;
    if (size == 0) {
      plan.ended = true;
      co_return;
    }
    plan.unread.append(reinterpret_cast<const char*>(bytes.data()), size);
    if (plan.trouble == disturbance::babbles) continue;
    while (take_answer(plan)) {
    }
    if (!plan.wrong.empty()) co_return;
  }
}

task<> leave_early(tcp_stream& stream, sim_link& link, storm_connection& plan) {
  co_await say(stream, link, plan);
  co_await sleep(std::chrono::milliseconds(plan.disturbed_at));
}

}  // namespace

std::string storm_connection::problem() const {
  if (!wrong.empty() || trouble != disturbance::none) return wrong;
  if (answered != wanted.size()) {
    return fmt::format("{} of {} requests were answered", answered, wanted.size());
  }
  if (!unread.empty()) return "more than whole answers came";
  if ((ends || says_fin) && !ended) return "the connection does not end after the last answer";
  if (!ends && !says_fin && ended) return "the connection ends without a reason";
  return timed_out ? "the client waits in vain" : "";
}

storm_client make_client(unsigned number, choices& script) {
  storm_client client{.host = fmt::format("10.0.1.{}", number + 1), .connections = {}};
  const unsigned connections = 1 + script.below(3);
  for (unsigned i = 0; i != connections; ++i) {
    client.connections.push_back(make_connection((number + 1) * 10'000 + i * 100, script));
  }
  return client;
}

task<> converse(sim_link& link, storm_connection& plan, address server) {
  if (plan.trouble == disturbance::refused) link.refused = 1;
  auto connected = co_await tcp_stream::connect(server);
  if (!connected) {
    if (plan.trouble == disturbance::none) plan.wrong = "cannot connect";
    co_return;
  }
  tcp_stream stream = std::move(*connected);
  if (plan.trouble == disturbance::leaves) {
    co_await leave_early(stream, link, plan);
  } else {
    co_await when_all(say(stream, link, plan), hear(stream, plan));
  }
  co_await stream.close();
}

}  // namespace ferrule::test
