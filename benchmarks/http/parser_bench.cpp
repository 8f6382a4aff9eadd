// How long heads take to parse and to write, whole and in one-byte pieces.

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <string_view>

#include "ferrule/http/chunked.hpp"
#include "ferrule/http/date.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/parser.hpp"

namespace {

using namespace ferrule;

constexpr std::string_view wrk_request = "GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

constexpr std::string_view curl_request =
    "GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n";

constexpr std::string_view service_request =
    "POST /users?notify=yes HTTP/1.1\r\nHost: users.internal:8001\r\n"
    "Content-Type: application/json\r\nContent-Length: 51\r\nAccept: application/json\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "Connection: keep-alive\r\n\r\n";

constexpr std::string_view browser_request =
    "GET /users/42 HTTP/1.1\r\nHost: localhost:8001\r\nConnection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n\r\n";

constexpr std::string_view service_response =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 61\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";

void parse_request(benchmark::State& state, std::string_view bytes) {
  std::array<header_field, 100> storage;
  request_head head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    auto parsed = http::parse_request_head(bytes, {}, storage, head);
    benchmark::DoNotOptimize(parsed);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_request, wrk, wrk_request);
BENCHMARK_CAPTURE(parse_request, curl, curl_request);
BENCHMARK_CAPTURE(parse_request, service, service_request);
BENCHMARK_CAPTURE(parse_request, browser, browser_request);

void parse_request_byte_by_byte(benchmark::State& state) {
  std::array<header_field, 100> storage;
  request_head head;
  for (auto _ : state) {
    std::size_t scanned = 0;
    for (std::size_t size = 1; size <= browser_request.size(); ++size) {
      auto parsed =
          http::parse_request_head(browser_request.substr(0, size), {}, storage, head, scanned);
      benchmark::DoNotOptimize(parsed);
    }
  }
}
BENCHMARK(parse_request_byte_by_byte);

void parse_response(benchmark::State& state) {
  std::array<header_field, 100> storage;
  response_head head;
  std::string_view bytes = service_response;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    auto parsed = http::parse_response_head(bytes, {}, storage, method::get, head);
    benchmark::DoNotOptimize(parsed);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(parse_response);

void write_json_head(benchmark::State& state) {
  buffer out(4096);
  const http::date_text date{std::chrono::sys_seconds(std::chrono::seconds(784111777))};
  http::response_head_parts parts{.content_type = "application/json",
                                  .body = body_kind::length,
                                  .content_length = 61,
                                  .date = &date};
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(parts);
    benchmark::DoNotOptimize(http::write_response_head(out, parts));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_json_head);

void decode_small_chunks(benchmark::State& state) {
  constexpr std::string_view body = "10\r\n0123456789abcdef\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
  for (auto _ : state) {
    http::chunked_decoder decoder;
    std::string_view rest = body;
    for (;;) {
      const auto piece = decoder.feed(rest);
      rest.remove_prefix(piece.consumed);
      if (piece.state != http::chunk_state::data) break;
    }
    benchmark::DoNotOptimize(rest);
  }
}
BENCHMARK(decode_small_chunks);

void cached_date(benchmark::State& state) {
  http::date_cache cache;
  auto now = std::chrono::system_clock::time_point(std::chrono::seconds(784111777));
  for (auto _ : state) {
    benchmark::DoNotOptimize(now);
    benchmark::DoNotOptimize(cache.at(now));
  }
}
BENCHMARK(cached_date);

void format_date(benchmark::State& state) {
  auto when = std::chrono::sys_seconds(std::chrono::seconds(784111777));
  std::array<char, http::date_bytes> text;
  for (auto _ : state) {
    benchmark::DoNotOptimize(when);
    http::format_date(when, text.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(format_date);

}  // namespace
