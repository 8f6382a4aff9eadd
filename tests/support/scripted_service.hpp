#pragma once
// A service for tests of engines and connections: what it does follows from the path.

#include <memory>
#include <string>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/channel.hpp"
#include "ferrule/core/drain.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/http/exchange.hpp"

namespace ferrule::http {

/// /plain           answers in place with "plain <path>"
/// /echo            wants the whole body and sends it back
/// /async           a coroutine that sleeps 1 ms, then answers "async <path?query>"
/// /slow            the same after 80 ms
/// /later           the same as /async, but it is answered when the coroutine has ended
/// /now             a coroutine that answers without suspending
/// /drain           a coroutine that waits for the server's drain, then answers
/// /never           a coroutine that sleeps until it is stopped
/// /copy            wants the whole body and nothing after it has begun: a coroutine that copies,
///                  sleeps 1 ms, then answers "copy <path?query> <body>", and what it still sees of
///                  the request
/// /read            a coroutine that reads a streamed body and answers its size
/// /ignore          a coroutine that answers without reading its streamed body
/// /stream/N        streams N bytes in parts of 1000, chunked
/// /length/N        the same with Content-Length
/// /endless         streams parts of 1000 bytes, chunked, for ever
/// /events          begins a chunked answer, and waits for ever for what to write
/// /busy            begins a chunked answer, and awaits for ever what is there at once
/// /told            writes as many bytes as it is told by `to_write`, one after the other
/// /told/read       the same, and reads a streamed body meanwhile
/// /endless/read    likewise, for /endless
/// /impatient/read  waits for its body for 3 s, then for ever for nothing
/// /bodiless/S      begins an answer of status S, and writes for ever
/// /short, /long    announce 10 bytes and write 5 or 15
/// /twice           announces 10 bytes and writes them twice
/// /torn            begins a chunked answer, writes 5 bytes, and ends without an end of it
/// /bad             answers with a header value that is not valid
/// /silent          does not answer
/// /empty           answers 204
/// /hints           sends 103 twice, 1 ms apart, then answers "hinted"
/// /trailers        streams "body" with a trailer; /trailers/bad with one that may not be there
/// /trailers/read   reads a streamed body and answers its trailers
/// /pieces/N        streams N bytes, chunked, in pieces of 100,000 that it hands over; behind each
/// it
///                  writes "|"
/// /pieces/N/length the same with Content-Length
/// /pieces/left     hands a piece over, does not wait until it is taken, and ends
/// /upgrade         goes on in "echo", if that is offered, and sends back what it reads until FIN
/// /upgrade/once    likewise, but ends after the first part
/// /upgrade/later   asks what is offered, and goes on in it 1 ms later
/// /upgrade/coded/read  reads a streamed body that its filter makes nothing of before it goes on
/// /switch          goes on in what `make_next` makes, if "next" is offered
class scripted_service final : public service {
 public:
  int running = 0;  // coroutines alive
  channel<std::size_t> to_write{8};
  std::string read_body;
  const char* last_piece = nullptr;  // where it lies
  std::unique_ptr<net::protocol> (*make_next)() = nullptr;

  void match(exchange& ex) noexcept override {
    const std::string_view path = ex.request().path;
    ex.match().traits = &plain_;
    if (path == "/echo") ex.match().traits = &whole_;
    if (path == "/copy") ex.match().traits = &copies_;
    for (const std::string_view each : coroutines) {
      if (path.starts_with(each)) ex.match().traits = &suspends_;
    }
    if (path == "/ignore" || path.ends_with("/read")) ex.match().traits = &stream_;
  }

  void invoke(exchange& ex) noexcept override {
    const std::string_view path = ex.request().path;
    if (path == "/echo") return ex.respond(text(), ex.asked().body);
    if (path == "/silent") return;
    if (path == "/empty") return ex.respond({.status = 204}, "");
    if (path == "/bad") {
      const header_field evil{"X-Evil", "a\r\nSet-Cookie: b"};
      return ex.respond({.status = 200, .content_type = "text/plain", .fields = {&evil, 1}}, "x");
    }
    if (path == "/copy") {
      return ex.run<done>(
          answer_copy(ex, std::string(ex.request().target) + " " + std::string(ex.asked().body)));
    }
    if (ex.match().traits->suspends) return ex.run<done>(handle(ex));
    ex.respond(text(), "plain " + std::string(ex.request().target));
  }

 private:
  struct counted {
    explicit counted(int& count) : alive(count) { ++alive; }
    counted(const counted&) = delete;
    ~counted() { --alive; }
    int& alive;
  };

  class swallowing_filter final : public body_filter {
   public:
    void give(std::string_view part) override { ended_ = part.empty(); }
    step next() override { return {.is = ended_ ? step::end : step::more}; }

   private:
    bool ended_ = false;
  };

  static answer_head text() { return {.status = 200, .content_type = "text/plain"}; }
  static void done(exchange& ex, task<>& handler) {
    handler.take();
    if (!ex.answered()) ex.respond(text(), "");
  }
  static std::uint64_t number(std::string_view path) {
    return std::stoull(std::string(path.substr(path.rfind('/') + 1)));
  }

  // The exchange outlives the task, and the path's view lives as long as the exchange.
  task<> handle(exchange& ex) {
    counted here(running);
    const std::string_view path = ex.request().path;
    if (path == "/async" || path == "/later") co_await sleep(std::chrono::milliseconds(1));
    if (path == "/slow") co_await sleep(std::chrono::milliseconds(80));
    if (path == "/drain") co_await drain_begins();
    if (path == "/never") co_await sleep(std::chrono::hours(24));
    if (path == "/read") co_await read_all(ex);
    if (path.starts_with("/stream/")) co_await write_all(ex, number(path), std::nullopt);
    if (path.starts_with("/length/")) co_await write_all(ex, number(path), number(path));
    if (path == "/endless") co_await write_for_ever(ex, 200);
    if (path == "/told") co_await write_told(ex);
    if (path == "/impatient/read") {
      (void)co_await with_deadline(std::chrono::seconds(3), drain(ex));
      co_await sleep(std::chrono::hours(24));
    }
    if (path == "/told/read") co_await when_all(write_told(ex), drain(ex));
    if (path == "/endless/read") co_await when_all(write_for_ever(ex, 200), drain(ex));
    if (path.starts_with("/bodiless/")) {
      co_await write_for_ever(ex, static_cast<int>(number(path)));
    }
    if (path == "/hints") co_await send_hints(ex);
    if (path == "/trailers" || path == "/trailers/bad") {
      const header_field last{path == "/trailers" ? "X-Sum" : "Host", "1"};
      ex.begin(text(), std::nullopt);
      co_await ex.write("body");
      ex.finish({&last, 1});
    }
    if (path == "/pieces/left") {
      ex.begin(text(), std::nullopt);
      (void)co_await with_deadline(std::chrono::nanoseconds(1), write_piece(ex, 100'000));
      co_await ex.write("|");
      ex.finish();
    } else if (path.starts_with("/pieces/")) {
      co_await write_pieces(ex, path.ends_with("/length"));
    }
    if (path == "/trailers/read") co_await read_trailers(ex);
    if (path == "/upgrade/coded/read") {
      ex.filter_body(std::make_unique<swallowing_filter>());
      co_await drain(ex);
    }
    if (path.starts_with("/upgrade") && ex.offers("echo")) {
      if (path.ends_with("later")) co_await sleep(std::chrono::milliseconds(1));
      co_await echo(ex, path.ends_with("once"));
    }
    if (path == "/switch" && ex.offers("next")) ex.upgrade("next", {}, make_next());
    if (path == "/events") {
      ex.begin(text(), std::nullopt);
      co_await sleep(std::chrono::hours(24));
    }
    if (path == "/busy") {
      ex.begin(text(), std::nullopt);
      for (;;) co_await current_environment();
    }
    if (path == "/short") co_await write_all(ex, 5, 10);
    if (path == "/long") co_await write_all(ex, 15, 10);
    if (path == "/twice") co_await write_twice(ex);
    if (path == "/torn") {
      ex.begin(text(), std::nullopt);
      co_await ex.write("parts");
      co_return;
    }
    if (path == "/later") co_return;
    if (!ex.answered()) ex.respond(text(), "async " + std::string(ex.request().target));
  }
  task<> answer_copy(exchange& ex, std::string copy) {
    counted here(running);
    co_await sleep(std::chrono::milliseconds(1));
    ex.respond(text(), "copy " + copy + std::string(ex.request().target));
  }
  task<> read_all(exchange& ex) {
    read_body.clear();
    for (;;) {
      const std::string_view part = co_await ex.read();
      if (part.empty()) break;
      read_body.append(part);
      co_await sleep(std::chrono::milliseconds(1));  // the part must stay while more arrives
      if (read_body.substr(read_body.size() - part.size()) != part) read_body = "a part changed";
    }
    ex.respond(text(), std::to_string(read_body.size()));
  }
  task<> write_for_ever(exchange& ex, int status) {
    ex.begin({.status = status}, std::nullopt);
    const std::string part(1000, 'x');
    for (;;) co_await ex.write(part);
  }
  task<> write_told(exchange& ex) {
    while (const auto bytes = co_await to_write.receive()) {
      if (!ex.answered()) ex.begin(text(), std::nullopt);
      const std::string part(*bytes, 'x');
      co_await ex.write(part);
    }
  }
  task<> write_piece(exchange& ex, std::size_t bytes) {
    buffer piece;
    piece.append(std::string(bytes, 'p'));
    last_piece = piece.data();
    co_await ex.write(std::move(piece));
  }
  task<> write_pieces(exchange& ex, bool has_length) {
    std::size_t left = std::stoul(std::string(ex.request().path.substr(8)));
    const std::size_t pieces = (left + 99'999) / 100'000;
    ex.begin(text(), has_length ? std::optional<std::uint64_t>(left + pieces) : std::nullopt);
    while (left != 0) {
      const std::size_t bytes = std::min<std::size_t>(left, 100'000);
      co_await write_piece(ex, bytes);
      co_await ex.write("|");
      left -= bytes;
    }
    ex.finish();
  }
  task<> send_hints(exchange& ex) {
    const header_field link{"Link", "</a.css>; rel=preload"};
    ex.inform(103, {&link, 1});
    co_await sleep(std::chrono::milliseconds(1));
    ex.inform(103, {&link, 1});
    ex.respond(text(), "hinted");
  }
  task<> read_trailers(exchange& ex) {
    co_await drain(ex);
    std::string all;
    for (const header_field& field : ex.trailers()) {
      all += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    const std::size_t held = ex.held_bytes();
    (void)ex.trailers();
    if (ex.held_bytes() != held) all = "they were made once more";
    ex.respond(text(), all);
  }
  task<> echo(exchange& ex, bool once) {
    ex.upgrade("echo");
    for (;;) {
      const std::string_view part = co_await ex.read();
      if (part.empty()) break;
      const std::string copy(part);
      co_await ex.write(copy);
      if (once) break;
    }
  }
  task<> drain(exchange& ex) {
    for (;;) {
      const std::string_view part = co_await ex.read();
      if (part.empty()) break;
    }
  }
  task<> write_twice(exchange& ex) {
    const std::string_view all = "0123456789";
    ex.begin(text(), all.size());
    co_await ex.write(all);
    co_await ex.write(all);
  }
  task<> write_all(exchange& ex, std::uint64_t bytes, std::optional<std::uint64_t> announced) {
    ex.begin(text(), announced);
    const std::string part(1000, 'x');
    while (bytes != 0) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, part.size()));
      co_await ex.write(std::string_view(part).substr(0, size));
      bytes -= size;
    }
    ex.finish();
  }

  static constexpr std::string_view coroutines[] = {
      "/async", "/later", "/now",      "/never",   "/endless", "/events",    "/slow", "/drain",
      "/told",  "/short", "/long",     "/stream/", "/length/", "/bodiless/", "/busy", "/twice",
      "/torn",  "/hints", "/trailers", "/upgrade", "/switch",  "/pieces/"};
  static constexpr route_traits plain_{};
  static constexpr route_traits whole_{.body = body_mode::whole};
  static constexpr route_traits stream_{.body = body_mode::stream, .suspends = true};
  static constexpr route_traits suspends_{.suspends = true};
  static constexpr route_traits copies_{
      .body = body_mode::whole, .suspends = true, .needs_request = false};
};

}  // namespace ferrule::http
