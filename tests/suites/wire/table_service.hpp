#pragma once
// The service that the cases talk to. It says what it understood, and some of its handlers do what
// a handler should not.

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/api/extractors.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule::wire {

// What a request said.

inline std::string tell_item(std::string_view id) { return "item " + std::string(id); }
inline std::string tell_rest(std::string_view rest) { return "rest " + std::string(rest); }
inline std::string tell_field(header<"X-Echo"> field) {
  return field ? "[" + std::string(*field) + "]" : "none";
}
inline std::string tell_host(const request& asked) { return std::string(asked.host); }
inline std::string tell_query(const request& asked) { return std::string(asked.query); }
inline std::string tell_body(body sent) { return std::string(*sent); }

inline task<std::string> tell_later(std::uint64_t id) {
  co_await sleep(std::chrono::microseconds(1));
  co_return "later " + std::to_string(id);
}

inline response_stream tell_stream(body_stream sent) {
  co_yield stream_head{.content_type = "text/plain"};
  for (std::string_view part = co_await sent.read(); !part.empty(); part = co_await sent.read()) {
    co_yield part;
  }
}

inline task<std::string> read_none(body_stream) { co_return "ignored"; }

inline task<std::string> read_one_part(body_stream sent) {
  co_return (co_await sent.read()).empty() ? "nothing" : "something";
}

inline response_stream count() {
  for (const std::string_view digit : {"1", "2", "3"}) co_yield digit;
}

// Handlers that endanger their answer.

inline response with_field(std::string name, std::string value) {
  return {.content_type = "text/plain",
          .body = "body",
          .fields = {{std::move(name), std::move(value)}}};
}

constexpr std::string_view with_nul{"a\0b", 3};

template <std::uint64_t Promised, std::size_t Sent>
response_stream promise_and_send() {
  co_yield stream_head{.content_length = Promised};
  for (std::size_t i = 0; i != Sent; ++i) co_yield "HTTP/1.1 200 OK\r\n";
}

template <int Status>
response_stream stream_with_status() {
  co_yield stream_head{.status = Status, .content_type = "text/plain"};
  co_yield "body";
}

inline response_stream stream_with_field(std::string_view name) {
  const std::string kept(name);
  const header_field field{kept, "7"};
  co_yield stream_head{.fields = {&field, 1}};
  co_yield "body";
}

template <int Status>
response with_status() {
  return {.status = Status, .content_type = "text/plain", .body = "body"};
}

constexpr auto routes = route_table(
    route<"GET /">([] { return "hello"; }), route<"GET /items/{id}">(tell_item),
    route<"PUT /items/{id}">(tell_item), route<"GET /files/{rest...}">(tell_rest),
    route<"GET /later/{id}">(tell_later), route<"GET /field">(tell_field),
    route<"GET /host">(tell_host), route<"GET /query">(tell_query), route<"GET /count">(count),
    route<"POST /echo">(tell_body), route<"POST /stream">(tell_stream),
    route<"POST /ignore">([] { return "ignored"; }), route<"POST /ignore-stream">(read_none),
    route<"POST /read-one">(read_one_part), route<"GET /no-content">([] { return no_content{}; }),
    route<"GET /not-modified">([] { return response{.status = 304}; }),
    // RFC 9110 sections 6.4.1, 15.3.6: what has no body, whatever the handler gives
    route<"GET /body-with/204">(with_status<204>), route<"GET /body-with/205">(with_status<205>),
    route<"GET /body-with/304">(with_status<304>),
    route<"GET /stream-with/204">(stream_with_status<204>),
    route<"GET /stream-with/205">(stream_with_status<205>),
    route<"GET /stream-with/304">(stream_with_status<304>),
    route<"GET /status/100">(with_status<100>), route<"GET /status/101">(with_status<101>),
    route<"GET /status/0">(with_status<0>), route<"GET /status/99">(with_status<99>),
    route<"GET /status/1000">(with_status<1000>), route<"GET /status/-200">(with_status<-200>),
    // A field's value, or its name, out of the path and decoded: /value/a%0D%0AX:%20b
    route<"GET /value/{text}">(
        [](std::string_view text) { return with_field("X-Text", std::string(text)); }),
    route<"GET /name/{text}">(
        [](std::string_view text) { return with_field(std::string(text), "7"); }),
    route<"GET /name/{text}/{value}">(
        [](path<"text", std::string_view> text, path<"value", std::string_view> value) {
          return with_field(std::string(*text), std::string(*value));
        }),
    // RFC 3986 section 7.3: a path has no %00
    route<"GET /nul-in/value">([] { return with_field("X-Text", std::string(with_nul)); }),
    route<"GET /nul-in/name">([] { return with_field(std::string(with_nul), "7"); }),
    route<"GET /nul-in/type">(
        [] { return response{.content_type = std::string(with_nul), .body = "body"}; }),
    route<"GET /nul-in/location">(
        [] { return created<std::string>{"made", std::string(with_nul)}; }),
    route<"GET /type/{text}">([](std::string_view text) {
      return response{.content_type = std::string(text), .body = "body"};
    }),
    route<"GET /location/{text}">(
        [](std::string_view text) { return created<std::string>{"made", std::string(text)}; }),
    route<"GET /stream-name/{text}">(stream_with_field),
    route<"GET /promise/17/send/17">(promise_and_send<17, 1>),
    route<"GET /promise/34/send/17">(promise_and_send<34, 1>),
    route<"GET /promise/34/send/0">(promise_and_send<34, 0>),
    route<"GET /promise/17/send/34">(promise_and_send<17, 2>),
    route<"GET /promise/5/send/17">(promise_and_send<5, 1>),
    route<"GET /promise/0/send/17">(promise_and_send<0, 1>));

}  // namespace ferrule::wire
