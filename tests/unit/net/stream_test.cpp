#include "ferrule/net/stream.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/backend_suite.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using read_result = result<std::size_t, std::error_code>;
using write_result = result<void, std::error_code>;

/// Reads until FIN, in pieces of at most `bytes_max`.
task<std::string> read_all(tcp_stream& from, std::size_t bytes_max) {
  std::string all;
  std::string piece(bytes_max, '\0');
  for (;;) {
    const read_result got = co_await from.read(io::suite::writable(piece));
    EXPECT_TRUE(got.has_value());
    if (!got || *got == 0) co_return all;
    all.append(piece, 0, *got);
  }
}

task<> write_then_fin(tcp_stream& to, std::string_view bytes, std::string_view more = {}) {
  EXPECT_TRUE((co_await to.write(bytes, more)).has_value());
  to.shutdown_send();
}

struct both_read {
  std::string first;
  std::string second;
};

/// Sends a text each way at once.
task<both_read> cross(tcp_stream& first, std::string_view to_second, tcp_stream& second,
                      std::string_view to_first) {
  auto [sent, answered, at_first, at_second] = co_await when_all(
      write_then_fin(first, to_second, "and more"), write_then_fin(second, to_first),
      read_all(first, 70'000), read_all(second, 1000));
  co_return both_read{std::move(at_first), std::move(at_second)};
}

task<> read_twice_at_once(tcp_stream& from, std::string& into) {
  co_await when_all(from.read(io::suite::writable(into)), from.read(io::suite::writable(into)));
}

/// What is read within 10 ms.
task<result<read_result, deadline_exceeded>> read_briefly(tcp_stream& from, std::string& into) {
  co_return co_await with_deadline(10ms, from.read(io::suite::writable(into)));
}

task<bool> connects_within(std::chrono::nanoseconds limit, address to) {
  co_return (co_await with_deadline(limit, tcp_stream::connect(to))).has_value();
}

task<bool> writes_within(std::chrono::nanoseconds limit, tcp_stream& to, std::string_view bytes) {
  co_return (co_await with_deadline(limit, to.write(bytes))).has_value();
}

/// Two ends of one connection on one reactor.
template <class World>
class stream_test : public testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<io::backend> made = world_.make();
    if (made == nullptr) GTEST_SKIP() << world_.why;
    loop_ = std::make_unique<reactor>(std::move(made), 1);
    listener_ = io::handle{loop_->io().listen(address::loopback_v4(0), {})};
    ASSERT_EQ(loop_->io().local(listener_, at_), 0);
    loop_->io().accept_start(accepting_, listener_);
  }

  template <class T>
  auto run(task<T> work) {
    return *sync_wait(*loop_, std::move(work));
  }
  /// Connects; the ends are `client_` and `server_`.
  void connect() {
    auto connected = run(tcp_stream::connect(at_));
    ASSERT_TRUE(connected.has_value());
    client_.emplace(std::move(*connected));
    while (accepting_.accepted.empty()) loop_->run_once();
    server_.emplace(*loop_, accepting_.accepted.back());
  }
  void stop_listening() {
    io::suite::call closing;
    loop_->io().close(closing, listener_);
    while (!closing.ended) loop_->run_once();
  }

  World world_;
  io::suite::acceptor accepting_;
  std::unique_ptr<reactor> loop_;
  io::handle listener_ = io::handle::none;
  address at_;
  std::optional<tcp_stream> client_;
  std::optional<tcp_stream> server_;
  std::string piece_ = std::string(100, '\0');
};
TYPED_TEST_SUITE(stream_test, io::suite::worlds);

TYPED_TEST(stream_test, carries_bytes_both_ways_at_once) {
  this->connect();
  const std::string there = io::suite::pattern(300'000);
  const std::string back = io::suite::pattern(200'000, 7);
  const both_read read = this->run(cross(*this->client_, there, *this->server_, back));
  EXPECT_EQ(read.first, back);
  EXPECT_EQ(read.second, there + "and more");
}

TYPED_TEST(stream_test, knows_both_addresses) {
  this->connect();
  EXPECT_EQ(*this->client_->peer(), this->at_);
  EXPECT_EQ(*this->server_->peer(), *this->client_->local());
}

TYPED_TEST(stream_test, a_port_without_a_listener_refuses) {
  this->stop_listening();
  const auto connected = this->run(tcp_stream::connect(this->at_));
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error(), std::errc::connection_refused);
}

TYPED_TEST(stream_test, a_reset_is_an_error) {
  this->connect();
  this->loop_->io().option(this->accepting_.accepted.back(), SOL_SOCKET, SO_LINGER, 0);
  this->server_.reset();
  const read_result got = this->run(this->client_->read(io::suite::writable(this->piece_)));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error(), std::errc::connection_reset);
  const write_result sent = this->run(this->client_->write("x"));
  EXPECT_FALSE(sent.has_value());
}

TYPED_TEST(stream_test, a_cancelled_read_loses_no_bytes) {
  this->connect();
  EXPECT_FALSE(this->run(read_briefly(*this->client_, this->piece_)).has_value());
  ASSERT_TRUE(this->run(this->server_->write("late")).has_value());
  const read_result got = this->run(this->client_->read(io::suite::writable(this->piece_)));
  EXPECT_EQ(this->piece_.substr(0, *got), std::string_view("late").substr(0, *got));
}

TYPED_TEST(stream_test, a_write_that_nobody_reads_can_be_cancelled) {
  this->connect();
  const std::string much(50'000'000, 'x');
  EXPECT_FALSE(this->run(writes_within(50ms, *this->client_, much)));
}

TYPED_TEST(stream_test, a_connection_attempt_can_be_cancelled) {
  if (!TypeParam::simulated) GTEST_SKIP() << "needs a host that never answers";
  EXPECT_FALSE(this->run(connects_within(10ms, *address::parse("10.0.0.77", 80))));
}

TYPED_TEST(stream_test, what_was_stopped_before_does_not_start) {
  this->connect();
  stop_source stop;
  stop.request_stop();
  auto read = this->client_->read(io::suite::writable(this->piece_));
  EXPECT_FALSE(sync_wait(*this->loop_, std::move(read), stop).has_value());
  EXPECT_FALSE(sync_wait(*this->loop_, this->client_->write("x"), stop).has_value());
  EXPECT_FALSE(sync_wait(*this->loop_, this->client_->close(), stop).has_value());
  EXPECT_TRUE(this->client_->is_open());
  EXPECT_FALSE(sync_wait(*this->loop_, tcp_stream::connect(this->at_), stop).has_value());
}

TYPED_TEST(stream_test, its_destructor_closes) {
  this->connect();
  this->client_.reset();
  EXPECT_EQ(this->run(read_all(*this->server_, 10)), "");
}

TYPED_TEST(stream_test, its_end_may_be_awaited_and_is_final) {
  this->connect();
  this->run(this->client_->close());
  EXPECT_FALSE(this->client_->is_open());
  this->run(this->client_->close());
  const read_result got = this->run(this->client_->read(io::suite::writable(this->piece_)));
  EXPECT_EQ(got.error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(this->client_->local().error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(this->client_->peer().error(), std::errc::bad_file_descriptor);
}

TYPED_TEST(stream_test, moves_its_socket) {
  this->connect();
  tcp_stream moved = std::move(*this->client_);
  EXPECT_FALSE(this->client_->is_open());
  *this->client_ = std::move(moved);
  this->run(write_then_fin(*this->client_, "x"));
  EXPECT_EQ(this->run(read_all(*this->server_, 10)), "x");
}

TYPED_TEST(stream_test, a_reactor_may_end_before_its_sockets_are_closed) {
  this->connect();
  this->client_.reset();
  this->server_.reset();
  this->loop_.reset();
}

TYPED_TEST(stream_test, one_direction_is_for_one_task) {
  if (!TypeParam::simulated) GTEST_SKIP() << "one world is enough";
  this->connect();
  EXPECT_DEATH(this->run(read_twice_at_once(*this->client_, this->piece_)),
               "two tasks use one direction");
}

/// Reads until FIN, and counts.
task<std::uint64_t> count_all(tcp_stream& from) {
  std::string piece(std::size_t{4} << 20U, '\0');
  std::uint64_t all = 0;
  for (;;) {
    const read_result got = co_await from.read(io::suite::writable(piece));
    EXPECT_TRUE(got.has_value());
    if (!got || *got == 0) co_return all;
    all += *got;
  }
}

task<std::uint64_t> count_what_arrives(tcp_stream& from, std::string_view bytes, tcp_stream& to) {
  auto [sent, counted] = co_await when_all(write_then_fin(to, "head", bytes), count_all(from));
  co_return counted;
}

TYPED_TEST(stream_test, writes_more_than_one_send_can_count) {
  if (TypeParam::simulated || std::is_same_v<TypeParam, io::suite::cramped_uring_world>) {
    GTEST_SKIP() << "it would take long";
  }
  constexpr std::size_t size = (std::size_t{1} << 31U) + 1;  // of zeros, which need no memory
  void* const zeros =
      ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(zeros, MAP_FAILED);
  const std::string_view bytes(static_cast<const char*>(zeros), size);
  this->connect();
  EXPECT_EQ(this->run(count_what_arrives(*this->server_, bytes, *this->client_)), size + 4);
  ::munmap(zeros, size);
}

}  // namespace
}  // namespace ferrule
