// Streams over connections: each way in which a response can begin and end, how much is held
// meanwhile, and what becomes of the connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"
#include "support/counted.hpp"
#include "support/server_suite.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

constexpr const char* ok_head = "HTTP/1.1 200 OK\r\n";

/// What is read of a response, or what went wrong, with the parts joined.
task<std::string> read_response(client_pool* pool, const origin* at, http::client_request what) {
  auto stream = co_await pool->open(*at, what);
  if (!stream) co_return to_string(stream.error().error);
  std::string all = std::to_string(stream->status()) + ' ';
  while (const auto part = co_await stream->read()) all += *part;
  if (stream->failure() != nullptr) all += std::string("; ") + to_string(stream->failure()->error);
  co_return all;
}

/// Reads so many parts and leaves the rest; returns the status.
task<int> read_parts(client_pool* pool, const origin* at, int count, std::string_view verb) {
  auto stream = co_await pool->open(*at, {.verb = verb});
  for (int i = 0; stream && i != count; ++i) {
    const auto part = co_await stream->read();
    EXPECT_TRUE(part.has_value());
  }
  co_return stream ? stream->status() : 0;
}

class stream_ends : public testing::Test {
 protected:
  std::string read(http::client_request what = {}) {
    return *test::sim_run(world_, client_, read_response(&pool_, &at_, what));
  }
  int leave_after(int parts, std::string_view verb = "GET") {
    return *test::sim_run(world_, client_, read_parts(&pool_, &at_, parts, verb));
  }
  void expect_kept(bool is_kept) {
    EXPECT_EQ(pool_.counts().connections_open, is_kept ? 1U : 0U);
    EXPECT_EQ(pool_.counts().connections_idle, is_kept ? 1U : 0U);
  }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer peer_{world_, "10.0.0.2"};
  dns::table_resolver names_;
  const origin at_ = *origin::parse("http://10.0.0.2");
  client_pool pool_{{}, names_};
};

TEST_F(stream_ends, whatever_pieces_a_response_comes_in) {
  const std::string chunked =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
      std::string(ok_head) +
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n,\r\n6\r\n world\r\n0\r\n"
      "X-Sum: 1\r\n\r\n";
  const std::string sized = std::string(ok_head) + "Content-Length: 12\r\n\r\nhello, world";
  const std::string closing = "HTTP/1.1 200 OK\r\n\r\nhello, world";
  for (const std::string& bytes : {chunked, sized, closing}) {
    const bool closes = bytes == closing;
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      peer_.answers = {
          {.bytes = bytes, .then = closes ? ending::fin : ending::none, .piece_bytes = piece}};
      ASSERT_EQ(read(), "200 hello, world") << piece;
      expect_kept(!closes);
    }
  }
}

TEST_F(stream_ends, wherever_a_response_breaks_off) {
  const std::string head = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string bytes = head + "5\r\nhello\r\n0\r\n\r\n";
  for (const ending how : {ending::fin, ending::reset}) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      peer_.answers = {{.bytes = bytes.substr(0, cut), .then = how}};
      const std::string got = read();
      if (how == ending::fin) {
        ASSERT_TRUE(got.ends_with(to_string(transport_error::closed_early))) << cut << got;
        ASSERT_EQ(got.starts_with("200 "), cut >= head.size()) << cut << got;
      }
      ASSERT_NE(got, "200 hello") << cut;
      expect_kept(false);
    }
  }
}

TEST_F(stream_ends, responses_without_a_body_end_at_once_and_keep_the_connection) {
  const auto expect_no_body = [&](std::string_view verb, const std::string& bytes) {
    peer_.answers = {{bytes}, {bytes}};
    const std::string got = read({.verb = verb});
    EXPECT_EQ(got, std::string(bytes.substr(9, 3)) + ' ') << bytes;
    expect_kept(true);
    EXPECT_EQ(std::to_string(leave_after(0, verb)), bytes.substr(9, 3)) << "nor need it be read";
    expect_kept(true);
  };
  expect_no_body("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  expect_no_body("GET", "HTTP/1.1 204 No Content\r\n\r\n");
  expect_no_body("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  expect_no_body("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(pool_.counts().connections_made, 1U);
}

TEST_F(stream_ends, one_that_is_left_keeps_its_connection_only_if_the_rest_is_here) {
  const std::string large(20'000, 'x');
  peer_.answers = {{answer_with("short")},
                   {answer_with(large)},
                   {.bytes = answer_with("in two"), .piece_bytes = 42},
                   {std::string(ok_head) + "\r\nuntil close", ending::deaf}};
  for (const bool is_kept : {true, false, false, false}) {
    EXPECT_EQ(leave_after(0), 200);
    expect_kept(is_kept);
  }
  peer_.answers = {{answer_with("short")}};
  EXPECT_EQ(leave_after(1), 200) << "its end was not asked for";
  expect_kept(true);
}

TEST_F(stream_ends, one_that_is_malformed_is_not_read_on) {
  const std::string head = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
  peer_.answers = {{head + "2\r\nhiX\r\n0\r\n\r\n"}};
  EXPECT_EQ(read(), "200 hi; the response is malformed");
  expect_kept(false);
}

TEST_F(stream_ends, one_that_drips_has_its_time_for_each_part_and_none_for_all) {
  peer_.answers = {{.bytes = answer_with("abcd"), .piece_bytes = 1, .apart = 5s}};
  dns::table_resolver names;
  client_pool patient({.total_timeout = 1h}, names);
  const mono_time begin = world_.now();
  EXPECT_EQ(*test::sim_run(world_, client_, read_response(&patient, &at_, {})), "200 abcd");
  EXPECT_GT(world_.now() - begin, 3min);

  peer_.answers = {{.bytes = answer_with(std::string(500, 'x')), .piece_bytes = 41, .apart = 5s}};
  const auto within = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto got = co_await with_deadline(20s, read_response(pool, at, {}));
    co_return got ? std::move(*got) : "";
  };
  const std::string got = *test::sim_run(world_, client_, within(&pool_, &at_));
  EXPECT_TRUE(got.starts_with("200 xxx")) << got;
  EXPECT_TRUE(got.ends_with(to_string(transport_error::timeout))) << "who reads sets the time";
  expect_kept(false);
}

TEST_F(stream_ends, one_that_says_nothing_more_is_out_of_time) {
  peer_.answers = {{std::string(ok_head) + "Content-Length: 9\r\n\r\nhello", ending::deaf}};
  const mono_time begin = world_.now();
  EXPECT_EQ(read(), std::string("200 hello; ") + to_string(transport_error::timeout));
  EXPECT_NEAR(std::chrono::duration<double>(world_.now() - begin).count(), 10, 0.1);
  expect_kept(false);
}

TEST_F(stream_ends, a_whole_request_has_nothing_to_be_written) {
  const auto write = [](client_pool* pool, const origin* at, std::string_view verb,
                        std::string_view body) -> task<std::string> {
    auto stream = co_await pool->open(*at, {.verb = verb, .body = body});
    const auto written = co_await stream->write("more");
    const auto finished = co_await stream->finish();
    EXPECT_FALSE(finished.has_value());
    EXPECT_FALSE(written.has_value());
    std::string all = to_string(written.error().error);
    while (const auto part = co_await stream->read()) all += *part;
    co_return all;
  };
  const std::string invalid = to_string(transport_error::invalid_request);
  EXPECT_EQ(*test::sim_run(world_, client_, write(&pool_, &at_, "GET", "")), invalid + "ok");
  EXPECT_EQ(*test::sim_run(world_, client_, write(&pool_, &at_, "POST", "body")), invalid + "ok");
  expect_kept(true);
  ASSERT_EQ(peer_.requests.size(), 2U);
  EXPECT_TRUE(peer_.requests[1].ends_with("\r\n\r\nbody"));
}

TEST_F(stream_ends, what_is_collected_is_limited) {
  client_pool careful({.limits = {.body_bytes_max = 10}}, names_);
  const auto collect = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, {});
    const auto whole = co_await stream->collect();
    co_return whole ? std::string(whole->body()) : to_string(whole.error().error);
  };
  const std::string chunked = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
  peer_.answers = {{answer_with("0123456789")},
                   {answer_with("0123456789x")},
                   {chunked + "9\r\n012345678\r\n2\r\nxx\r\n0\r\n\r\n"}};
  EXPECT_EQ(*test::sim_run(world_, client_, collect(&careful, &at_)), "0123456789");
  const std::string too_large = to_string(transport_error::too_large);
  EXPECT_EQ(*test::sim_run(world_, client_, collect(&careful, &at_)), too_large);
  EXPECT_EQ(*test::sim_run(world_, client_, collect(&careful, &at_)), too_large);
}

TEST_F(stream_ends, a_write_that_is_stopped_is_the_last) {
  peer_.answers = {{.then = ending::deaf}};
  peer_.is_hasty = true;
  const auto write = [](client_stream* to) -> task<bool> {
    const std::string large(30'000'000, 'x');
    co_return (co_await to->write(large)).has_value();
  };
  const auto talk = [](client_pool* pool, const origin* at, auto writing) -> task<std::string> {
    auto stream =
        co_await pool->open(*at, {.verb = "POST", .streamed = http::streamed_body{30'000'005}});
    const auto first = co_await race(writing(&*stream), pass(10ms));
    EXPECT_EQ(first.index(), 1U);
    const auto more = co_await stream->write("12345");
    const auto finished = co_await stream->finish();
    EXPECT_FALSE(finished.has_value());
    co_return more ? "" : to_string(more.error().error);
  };
  EXPECT_EQ(*test::sim_run(world_, client_, talk(&pool_, &at_, write)),
            to_string(transport_error::closed_early));
  expect_kept(false);
}

/// Over each backend.
template <class World>
class stream_memory : public http::server_fixture<World> {
 protected:
  template <class T>
  T run(task<T> work) {
    return *sync_wait(*this->loop_, std::move(work));
  }
};
TYPED_TEST_SUITE(stream_memory, io::suite::worlds);

struct seen {
  std::uint64_t bytes = 0;
  std::size_t largest_part = 0;
  std::size_t peak_bytes = 0;
};

task<seen> read_slowly(client_pool* pool, const origin* at, std::string target) {
  seen so_far;
  auto stream = co_await pool->open(*at, {.target = target});
  EXPECT_TRUE(stream.has_value());
  const std::size_t before = allocated_bytes();
  std::uint64_t next_pause = 0;
  while (const auto part = co_await stream->read()) {
    so_far.bytes += part->size();
    so_far.largest_part = std::max(so_far.largest_part, part->size());
    const std::size_t now = allocated_bytes();
    if (now > before) so_far.peak_bytes = std::max(so_far.peak_bytes, now - before);
    if (so_far.bytes < next_pause) continue;
    next_pause += 4'000'000;
    co_await sleep(2ms);
  }
  EXPECT_EQ(stream->failure(), nullptr);
  co_return so_far;
}

TYPED_TEST(stream_memory, does_not_follow_the_size_of_a_response) {
  this->listen({});
  const origin at = *origin::parse("http://" + this->server_->local().text());
  client_pool pool;
  const seen got = this->run(read_slowly(&pool, &at, "/pieces/100000000"));
  EXPECT_GE(got.bytes, 100'000'000U);
  EXPECT_LE(got.largest_part, 8192U);
  EXPECT_LT(got.peak_bytes, 2'000'000U) << "of both sides, and of the network if it is simulated";
}

task<std::string> read_once(client_stream* from) {
  const auto part = co_await from->read();
  co_return part ? std::string(*part) : "";
}

TYPED_TEST(stream_memory, a_read_that_is_stopped_ends_promptly_on_every_backend) {
  this->listen({});
  const origin at = *origin::parse("http://" + this->server_->local().text());
  std::optional<client_pool> pool(std::in_place);
  const auto talk = [](client_pool* by, const origin* to) -> task<bool> {
    auto stream = co_await by->open(*to, {.target = "/events"});
    EXPECT_TRUE(stream.has_value());
    const auto first = co_await race(read_once(&*stream), pass(20ms));
    co_return first.index() == 1;
  };
  EXPECT_TRUE(this->run(talk(&*pool, &at)));
  EXPECT_EQ(pool->counts().connections_open, 0U);
  pool.reset();
}

}  // namespace
}  // namespace ferrule
