// What a server makes of requests with a Content-Encoding, where the library is linked. Without it:
// tests/unit/route/body_coding_test.cpp.
#include "ferrule/compress/linked.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "compressed.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"
#include "support/engine_conversation.hpp"

namespace ferrule {
namespace {

using test::call;
using test::call_answer;
using test::call_request;

struct draft {
  std::string title;
};

task<std::string> read_all(body_stream sent) {
  std::string all;
  std::size_t parts = 0;
  for (auto part = co_await sent.read(); !part.empty(); part = co_await sent.read()) {
    all += part;
    ++parts;
  }
  co_return (co_await sent.read()).empty() ? all + " in " + std::to_string(parts) : "more";
}
task<std::string> count_all(body_stream sent) {
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (auto part = co_await sent.read(); !part.empty(); part = co_await sent.read()) {
    bytes += part.size();
    longest = std::max(longest, part.size());
  }
  co_return std::to_string(bytes) + (longest < 1'000'000 ? "" : " too much at once");
}
task<std::string> hold(body sent) {
  co_await sleep(std::chrono::hours(1));
  co_return std::to_string(sent.bytes.size());
}
response_stream echo(body_stream sent) {
  co_yield stream_head{.content_type = "text/plain"};
  for (auto part = co_await sent.read(); !part.empty(); part = co_await sent.read()) co_yield part;
}

constexpr auto routes = route_table(
    route<"POST /json">([](json_body<draft> sent) { return sent->title; }),
    route<"POST /body">([](body sent) { return std::string(*sent); }),
    route<"POST /small">([](body sent) { return std::to_string(sent.bytes.size()); },
                         with(body_bytes_max<1000>)),
    route<"POST /stream">(read_all), route<"POST /echo">(echo), route<"POST /hold">(hold),
    route<"POST /large">(count_all, with(body_bytes_max<100'000'000>)),
    route<"POST /small-stream">(count_all, with(body_bytes_max<1000>)));

call_request post(std::string path, std::string coding, std::string bytes,
                  std::size_t part_bytes = 16384) {
  return {.line = "POST " + path,
          .fields = {{"Content-Encoding", std::move(coding)}, {"Content-Type", "application/json"}},
          .body = std::move(bytes),
          .part_bytes = part_bytes};
}

TEST(request_body, is_decoded_for_every_kind_of_argument) {
  ASSERT_TRUE(has_decompressor());
  for (const std::string how : {"gzip", "deflate", "bare deflate", "br", "zstd"}) {
    const std::string coding(coding_of(how));
    const std::string json = compressed(how, R"({"title":"Ada"})");
    EXPECT_EQ(call<routes>(post("/json", coding, json)).body, "Ada") << how;
    EXPECT_EQ(call<routes>(post("/body", coding, compressed(how, "hello"))).body, "hello") << how;
    for (const std::size_t part_bytes : {1U, 3U, 1000U}) {
      const auto answer =
          call<routes>(post("/stream", coding, compressed(how, "hello world"), part_bytes));
      EXPECT_TRUE(answer.body.starts_with("hello world in ")) << how << ": " << answer.body;
    }
  }
  EXPECT_EQ(call<routes>(post("/body", "gzip", compressed("gzip", ""))).body, "");
  EXPECT_EQ(call<routes>(post("/stream", "gzip", compressed("gzip", ""))).body, " in 0");
}

TEST(request_body, codings_come_in_lists_and_in_any_case) {
  const std::string twice = compressed("br", compressed("gzip", "hello"));
  for (const char* codings : {"gzip, br", "gzip,br", "GZIP ,\tidentity, Br", ",gzip,,br,"}) {
    EXPECT_EQ(call<routes>(post("/body", codings, twice)).body, "hello") << codings;
    const auto streamed = call<routes>(post("/stream", codings, twice, 1));
    EXPECT_TRUE(streamed.body.starts_with("hello in ")) << codings << streamed.body;
  }
  call_request fields = post("/body", "gzip", twice);
  fields.fields.push_back({"content-encoding", "br"});
  EXPECT_EQ(call<routes>(fields).body, "hello");
  for (const char* codings : {"identity", "", "Identity, identity", ","}) {
    EXPECT_EQ(call<routes>(post("/body", codings, "hello")).body, "hello") << codings;
    EXPECT_EQ(call<routes>(post("/stream", codings, "hello")).body, "hello in 1") << codings;
  }
}

TEST(request_body, an_unknown_coding_is_answered_415_with_what_is_taken) {
  for (const char* path : {"/json", "/body", "/stream"}) {
    for (const char* codings : {"compress", "gzip, x", "gzip;q=1", "*", "gzip gzip", "utf-8",
                                "gzip, gzip, gzip, gzip"}) {
      const auto answer = call<routes>(post(path, codings, compressed("gzip", "{}")));
      EXPECT_EQ(answer.status, 415) << path << ' ' << codings;
      EXPECT_EQ(answer.field("Accept-Encoding"), "gzip, deflate, br, zstd");
    }
  }
}

TEST(request_body, broken_data_is_answered_400) {
  const std::string whole = compressed("gzip", "hello world");
  for (const std::string& data :
       {std::string("hello"), whole.substr(0, whole.size() - 1), whole.substr(0, 5), whole + "x",
        "x" + whole}) {
    for (const char* path : {"/json", "/body", "/stream"}) {
      EXPECT_EQ(call<routes>(post(path, "gzip", data, 4)).status, 400) << path;
    }
  }
  EXPECT_EQ(call<routes>(post("/json", "gzip", compressed("gzip", "{"))).status, 400);
  const auto begun = call<routes>(post("/echo", "gzip", whole.substr(0, whole.size() - 1), 4));
  EXPECT_FALSE(begun.is_complete) << "its answer must not look whole";
}

TEST(request_body, has_the_routes_limit_when_decoded) {
  const auto status = [](const char* path, std::size_t bytes) {
    return call<routes>(post(path, "gzip", compressed("gzip", std::string(bytes, 'x')))).status;
  };
  EXPECT_EQ(status("/small", 1000), 200);
  EXPECT_EQ(status("/small", 1001), 413);
  EXPECT_EQ(status("/small-stream", 1000), 200);
  EXPECT_EQ(status("/small-stream", 1001), 413);
  EXPECT_EQ(status("/body", 1U << 20U), 413) << "as a bomb: it is 1,000 times as long decoded";
}

std::string text_of(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    text += "line " + std::to_string(i * 7919) + "\n";
  }
  return text;
}

TEST(request_body, long_streams_come_in_parts_of_bounded_size) {
  const std::string text = text_of(8'000'000);
  const auto answer = call<routes>(post("/large", "gzip", compressed("gzip", text)));
  EXPECT_EQ(answer.body, std::to_string(text.size()));
  const std::string bomb = compressed("gzip", std::string(50'000'000, 'x'));
  EXPECT_EQ(call<routes>(post("/large", "gzip", bomb)).status, 413) << "by its ratio";
}

/// The engine's responses to bytes in pieces.
struct conversation : http::engine_conversation<dispatcher<routes>> {
  using engine_conversation::engine_conversation;
  std::string ask(std::string_view bytes, std::size_t step) {
    sent.clear();
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const std::string piece(bytes.substr(at, step));
      engine.feed(piece);
      loop.advance(std::chrono::milliseconds(1));
      take();
      engine.outgoing_sent();
    }
    return sent;
  }
};

std::string request_for(std::string_view path, std::string_view data, bool chunked) {
  std::string text =
      "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n";
  if (!chunked) {
    return text + "Content-Length: " + std::to_string(data.size()) + "\r\n\r\n" + std::string(data);
  }
  text += "Transfer-Encoding: chunked\r\n\r\n";
  for (const char c : data) text += std::string("1\r\n") + c + "\r\n";
  return text + "0\r\n\r\n";
}

TEST(request_body, is_decoded_however_its_bytes_arrive) {
  const std::string data = compressed("gzip", "hello world");
  for (const char* path : {"/body", "/stream", "/echo"}) {
    for (const bool chunked : {false, true}) {
      for (const std::size_t step : {1U, 7U, 100'000U}) {
        conversation c;
        const std::string sent = c.ask(
            request_for(path, data, chunked) + "POST /body HTTP/1.1\r\nHost: a\r\n\r\n", step);
        EXPECT_NE(sent.find("HTTP/1.1 200", 10), std::string::npos) << "the next request: " << sent;
        if (path != std::string_view("/echo")) {
          EXPECT_NE(sent.find("hello world"), std::string::npos) << path << step << sent;
        } else {
          EXPECT_NE(sent.find("0\r\n\r\nHTTP/1.1 200"), std::string::npos) << sent;
        }
      }
    }
  }
}

TEST(request_body, is_in_no_coding_when_it_is_empty) {
  for (const char* path : {"/body", "/stream"}) {
    for (const bool chunked : {false, true}) {
      conversation c;
      const std::string sent = c.ask(request_for(path, "", chunked), 100'000);
      EXPECT_TRUE(sent.starts_with("HTTP/1.1 200 ")) << path << sent;
    }
  }
}

TEST(request_body, broken_in_the_middle_stops_its_reader) {
  std::string data = compressed("gzip", "hello world");
  data[data.size() - 5] ^= 1;  // the checksum
  for (const std::size_t step : {1U, 7U, 100'000U}) {
    conversation c;
    const std::string sent = c.ask(request_for("/stream", data, false), step);
    EXPECT_TRUE(sent.starts_with("HTTP/1.1 400 ")) << sent;
    EXPECT_NE(sent.find("the body is not in its content coding"), std::string::npos) << sent;
    EXPECT_TRUE(c.engine.ended());
    conversation begun;
    const std::string part = begun.ask(request_for("/echo", data, false), step);
    EXPECT_EQ(part.find("0\r\n\r\n"), std::string::npos) << part;
    EXPECT_TRUE(begun.engine.ended());
    EXPECT_FALSE(begun.engine.broken()) << "the missing last chunk shows that it was cut off";
  }
}

/// Compresses well, and not so well that it is taken for a bomb.
std::string repeated_noise(std::size_t bytes) {
  rng random(1);
  std::string text;
  while (text.size() < 4000) text.push_back(static_cast<char>(random()));
  while (text.size() < bytes) text.append(text, 0, 4000);
  return text.substr(0, bytes);
}

std::string head_for(std::string_view path, std::string_view coding, std::size_t bytes) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + std::string(coding) +
         "\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
}

TEST(request_body, counts_as_held_when_it_is_decoded) {
  for (const char* how : {"gzip", "br", "zstd"}) {
    const std::string data = compressed(how, repeated_noise(600'000));
    ASSERT_LT(data.size(), 16384U);
    http::server_budget all;
    conversation first({.held_bytes_max = 1'000'000});
    conversation second({.held_bytes_max = 1'000'000});
    first.context.share(all, all);
    second.context.share(all, all);
    const std::string asked = head_for("/hold", how, data.size()) + data;
    EXPECT_EQ(first.ask(asked, asked.size()), "");
    EXPECT_GE(first.context.counters.bytes_held, 599'000U) << how;
    const std::string answer = second.ask(asked, asked.size());
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << how << answer;
    EXPECT_NE(answer.find("\r\nRetry-After: 1\r\n"), std::string::npos) << answer;
    first.engine.abort(stop_reason::disconnect);
    first.loop.drain();
    EXPECT_EQ(first.context.counters.bytes_held, 0U) << how;
    EXPECT_EQ(second.ask(asked, asked.size()), "") << "there is room again";
  }
}

TEST(request_body, what_decodes_it_counts_as_held_while_it_arrives) {
  for (const char* how : {"br", "zstd"}) {
    const std::string data = compressed(how, repeated_noise(600'000));
    http::server_budget all;
    conversation first({.held_bytes_max = 2'000'000});
    conversation second({.held_bytes_max = 2'000'000});
    first.context.share(all, all);
    second.context.share(all, all);
    // Both wait for the rest. What a slice becomes is held besides while it is handed on.
    const std::string asked = head_for("/large", how, data.size() + 1) + data;
    EXPECT_EQ(first.ask(asked, asked.size()), "");
    EXPECT_GE(first.context.counters.bytes_held, 599'000U) << how;
    const std::string answer = second.ask(asked, asked.size());
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << how << answer;
    EXPECT_TRUE(second.engine.ended());
    EXPECT_EQ(second.context.counters.bytes_held, 0U) << how;
    first.engine.feed("x");  // is not of the coding
    first.loop.drain();
    EXPECT_EQ(first.context.counters.bytes_held, 0U) << how;
  }
}

}  // namespace
}  // namespace ferrule
