// What one connection can cost, counted: bytes looked at, heap blocks and memory. Time is not
// measured, since it says nothing on a busy machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ferrule/core/frame_pool.hpp"
#include "http/server_engine.hpp"
#include "support/counted.hpp"
#include "support/manual_loop.hpp"
#include "support/scripted_service.hpp"

namespace ferrule::http {
namespace {

struct silent_owner : net::protocol_owner {
  void protocol_changed() noexcept override {}
};

struct cost {
  std::size_t sent = 0;
  std::size_t scanned = 0;
  std::size_t blocks = 0;      // taken from the heap
  std::size_t peak_bytes = 0;  // held at once
};

/// What it costs to receive `bytes` in pieces. A client that takes no answers leaves them to
/// the server.
cost cost_of(std::string_view bytes, std::size_t piece_bytes, const server_limits& limits = {},
             bool takes_answers = true) {
  manual_loop loop;
  scripted_service service;
  server_context context(service, loop, limits);
  silent_owner owner;
  buffer out;
  cost total;
  frame_pool::trim();
  const std::size_t bytes_before = allocated_bytes();
  const std::size_t blocks_before = allocations();
  {
    server_engine engine(context, owner);
    while (!bytes.empty() && !engine.ended() && engine.wants_input()) {
      const std::string_view piece = bytes.substr(0, piece_bytes);
      bytes.remove_prefix(piece.size());
      engine.feed(piece);
      total.peak_bytes = std::max(total.peak_bytes, allocated_bytes() - bytes_before);
      if (!takes_answers || !engine.has_outgoing()) continue;
      engine.take_outgoing(out);
      context.take_back_sent(out);
      engine.outgoing_sent();
    }
    engine.abort(stop_reason::disconnect);
    loop.drain();
  }
  total.blocks = allocations() - blocks_before;
  total.sent = context.counters.bytes_received;
  total.scanned = context.counters.bytes_scanned;
  return total;
}

void expect_bounded(const cost& c, std::string_view what) {
  EXPECT_GT(c.sent, 0U) << what;
  EXPECT_GT(c.scanned, 0U) << what;
  EXPECT_LE(c.scanned, 4 * c.sent) << what;
  EXPECT_LE(c.blocks, 40 + c.sent / 100) << what;
  EXPECT_LE(c.peak_bytes, 16'384 + 4 * c.sent) << what;
}

void expect_bounded_in_any_pieces(std::string_view bytes, std::string_view what,
                                  const server_limits& limits = {}) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{2048}}) {
    expect_bounded(cost_of(bytes, piece, limits),
                   std::string(what) + ", pieces of " + std::to_string(piece));
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

constexpr std::string_view head = "GET /plain HTTP/1.1\r\nHost: a\r\n";

TEST(cost_of_a_connection, is_bounded_for_endless_heads_of_any_byte) {
  const server_limits small{.head = {.request_line_bytes_max = 1000, .header_bytes_max = 2000}};
  for (int byte = 0; byte < 256; ++byte) {
    const std::string filler(3'000, static_cast<char>(byte));
    const std::string name = "byte " + std::to_string(byte);
    expect_bounded_in_any_pieces(std::string(head) + "X: " + filler, name + " in a value", small);
    expect_bounded_in_any_pieces("GET /" + filler, name + " in a target", small);
  }
}

TEST(cost_of_a_connection, is_bounded_for_the_longest_heads) {
  expect_bounded_in_any_pieces(std::string(head) + "X: " + std::string(30'000, 'x'), "a value");
  expect_bounded_in_any_pieces("GET /" + std::string(30'000, 'x'), "a target");
}

TEST(cost_of_a_connection, is_bounded_for_many_short_fields) {
  expect_bounded_in_any_pieces(std::string(head) + repeated("a:\r\n", 5000), "short fields");
  expect_bounded_in_any_pieces(std::string(head) + repeated("a:\r\n", 99) + "\r\n", "99 fields");
}

TEST(cost_of_a_connection, is_bounded_for_bodies_in_any_framing) {
  const std::string chunked =
      "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_bounded_in_any_pieces(chunked + repeated("1\r\nx\r\n", 10'000), "chunks of one byte");
  expect_bounded_in_any_pieces(chunked + repeated("1;" + std::string(250, 'e') + "\r\nx\r\n", 300),
                               "extensions");
  expect_bounded_in_any_pieces(chunked + "0\r\n" + repeated("a: b\r\n", 2000), "trailers");
  expect_bounded_in_any_pieces("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
                                   std::string(200'000, 'x'),
                               "a whole body");
  expect_bounded_in_any_pieces("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" +
                                   std::string(60'000, 'x'),
                               "a body that nobody wants");
}

TEST(cost_of_a_connection, is_bounded_for_pipelines) {
  const std::string requests = repeated("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", 5000);
  expect_bounded_in_any_pieces(requests, "a pipeline");
  const cost never_taken = cost_of(requests, 2048, {}, false);
  EXPECT_LE(never_taken.scanned, 4 * never_taken.sent);
  EXPECT_LE(never_taken.peak_bytes, 300'000U) << "the client does not read";
  const std::string waiting = "GET /never HTTP/1.1\r\nHost: a\r\n\r\n" + requests;
  const cost behind = cost_of(waiting, 2048);
  EXPECT_LE(behind.peak_bytes, 300'000U) << "requests behind one that waits";
  EXPECT_LT(behind.sent, 80'000U) << "it is not read on";
}

TEST(cost_of_a_connection, is_small_until_something_arrives) {
  const cost first_byte = cost_of("G", 1);
  EXPECT_LE(first_byte.peak_bytes, 5000U);
  const cost promise =
      cost_of("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx", 2048);
  EXPECT_LE(promise.peak_bytes, 8000U) << "a length that was only announced takes no memory";
}

}  // namespace
}  // namespace ferrule::http
