#include "ferrule/client/client_stream.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"
#include "support/server_suite.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

http::client_request post(std::string_view target, std::optional<std::uint64_t> body_bytes = {}) {
  return {.verb = "POST", .target = target, .streamed = http::streamed_body{body_bytes}};
}

task<std::string> rest_of(client_stream* from) {
  std::string all;
  while (const auto part = co_await from->read()) all += *part;
  if (from->failure() != nullptr) all = to_string(from->failure()->error);
  co_return all;
}

task<std::string> download(client_pool* pool, const origin* at, std::string target) {
  auto stream = co_await pool->open(*at, {.target = target});
  if (!stream) co_return to_string(stream.error().error);
  co_return co_await rest_of(&*stream);
}

task<std::string> write_all(client_stream* to, unsigned parts, std::size_t bytes) {
  for (unsigned i = 0; i != parts; ++i) {
    const std::string part(bytes, static_cast<char>('a' + i % 26));
    const auto written = co_await to->write(part);
    if (!written) co_return to_string(written.error().error);
  }
  const auto finished = co_await to->finish();
  co_return finished ? "" : to_string(finished.error().error);
}

task<std::string> upload(client_pool* pool, const origin* at, std::string target, unsigned parts,
                         std::size_t bytes, std::optional<std::uint64_t> announced) {
  auto stream = co_await pool->open(*at, post(target, announced));
  if (!stream) co_return to_string(stream.error().error);
  const std::string written = co_await write_all(&*stream, parts, bytes);
  if (!written.empty()) co_return written;
  const auto head = co_await stream->head();
  if (!head) co_return to_string(head.error().error);
  const std::string body = co_await rest_of(&*stream);
  co_return std::to_string(stream->status()) + " " + body;
}

template <class World>
class client_stream_test : public http::server_fixture<World> {
 protected:
  void SetUp() override {
    http::server_fixture<World>::SetUp();
    if (this->loop_ == nullptr) return;
    this->listen({.body_bytes_max = 100'000'000});
    at_ = origin::parse("http://" + this->server_->local().text());
    pool_.emplace(client_pool_settings{.limits = {.body_bytes_max = 1000}});
  }
  void TearDown() override {
    pool_.reset();
    http::server_fixture<World>::TearDown();
  }
  std::string run(task<std::string> work) { return *sync_wait(*this->loop_, std::move(work)); }

  std::optional<origin> at_;
  std::optional<client_pool> pool_;
};
TYPED_TEST_SUITE(client_stream_test, io::suite::worlds);

TYPED_TEST(client_stream_test, reads_bodies_of_any_size) {
  for (const char* target : {"/stream/300000", "/length/300000", "/stream/0", "/length/300000"}) {
    const std::size_t size = std::string_view(target) == "/stream/0" ? 0 : 300'000;
    EXPECT_EQ(this->run(download(&*this->pool_, &*this->at_, target)), std::string(size, 'x'));
  }
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
  EXPECT_EQ(this->pool_->counts().connections_idle, 1U);
}

TYPED_TEST(client_stream_test, writes_bodies_of_any_size) {
  const auto sending = [&](unsigned parts, std::size_t bytes, std::optional<std::uint64_t> size) {
    return this->run(upload(&*this->pool_, &*this->at_, "/read", parts, bytes, size));
  };
  EXPECT_EQ(sending(50, 3000, {}), "200 150000");
  EXPECT_EQ(sending(50, 3000, 150'000), "200 150000");
  EXPECT_EQ(sending(0, 0, {}), "200 0");
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
  EXPECT_EQ(sending(2, 10, 19), to_string(transport_error::invalid_request));
  EXPECT_EQ(this->pool_->counts().connections_open, 0U);
}

TYPED_TEST(client_stream_test, writes_and_reads_at_the_same_time) {
  const auto talk = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, post("/echo"));
    EXPECT_TRUE(stream.has_value());
    const auto [written, answered] =
        co_await when_all(write_all(&*stream, 26, 4000), rest_of(&*stream));
    co_return written + answered;
  };
  EXPECT_EQ(this->run(talk(&*this->pool_, &*this->at_)).size(), 26 * 4000U);
}

TYPED_TEST(client_stream_test, one_that_is_left_early_closes_its_connection) {
  const auto leave = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, {.target = "/stream/100000"});
    EXPECT_TRUE(stream.has_value());
    const auto part = co_await stream->read();
    EXPECT_TRUE(part.has_value());
    co_return std::to_string(stream->status());
  };
  EXPECT_EQ(this->run(leave(&*this->pool_, &*this->at_)), "200");
  EXPECT_EQ(this->pool_->counts().connections_open, 0U);
}

/// With a server that says anything, in virtual time.
class client_stream_faults_test : public testing::Test {
 protected:
  std::string run(task<std::string> work) {
    return *test::sim_run(world_, client_, std::move(work));
  }
  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer peer_{world_, "10.0.0.2"};
  dns::table_resolver names_;
  const origin at_ = *origin::parse("http://10.0.0.2");
  client_pool pool_{{}, names_};
};

TEST_F(client_stream_faults_test, each_part_has_its_time_but_not_all_together) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
  const auto talk = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, post("/", 2));
    EXPECT_TRUE(stream.has_value());
    for (const char* part : {"a", "b"}) {
      co_await sleep(5s);
      const auto written = co_await stream->write(part);
      EXPECT_TRUE(written.has_value());
    }
    const auto finished = co_await stream->finish();
    EXPECT_TRUE(finished.has_value());
    co_return co_await rest_of(&*stream);
  };
  peer_.answers = {{.after = 9s}, {.after = 11s}};
  EXPECT_EQ(run(talk(&pool_, &at_)), "ok");
  EXPECT_EQ(run(talk(&pool_, &at_)), to_string(transport_error::timeout));
  EXPECT_EQ(pool_.counts().connections_open, 0U);
}

task<std::string> status_of(client_stream* from) {
  const auto head = co_await from->head();
  co_return head ? std::to_string(head->status) : to_string(head.error().error);
}

TEST_F(client_stream_faults_test, an_answer_may_come_before_all_was_written) {
  peer_.is_hasty = true;
  peer_.answers = {{"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", ending::fin}};
  const auto talk = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, post("/", 10'000'000));
    EXPECT_TRUE(stream.has_value());
    const auto [written, status] =
        co_await when_all(write_all(&*stream, 100, 100'000), status_of(&*stream));
    co_return written + ", " + status;
  };
  EXPECT_EQ(run(talk(&pool_, &at_)),
            std::string(to_string(transport_error::closed_early)) + ", 413");
  EXPECT_EQ(pool_.counts().connections_open, 0U);
}

TEST_F(client_stream_faults_test, opening_has_the_time_of_a_request) {
  peer_.answers = {{.after = 3s}};
  EXPECT_EQ(run(download(&pool_, &at_, "/")), to_string(transport_error::timeout));
  EXPECT_EQ(run(download(&pool_, &at_, "/")), "ok");
}

TEST_F(client_stream_faults_test, says_what_went_wrong) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  peer_.answers = {{chunked + "2\r\nhi\r\n", ending::fin},
                   {chunked + "2\r\nhix", ending::fin},
                   {"nonsense", ending::fin},
                   {"", ending::fin}};
  for (const transport_error wanted : {transport_error::closed_early, transport_error::malformed,
                                       transport_error::malformed, transport_error::no_response}) {
    EXPECT_EQ(run(download(&pool_, &at_, "/")), to_string(wanted));
    EXPECT_EQ(pool_.counts().connections_open, 0U);
  }
}

TEST_F(client_stream_faults_test, nothing_is_repeated_on_a_stale_connection) {
  EXPECT_EQ(run(download(&pool_, &at_, "/")), "ok");
  peer_.answers = {{"", ending::fin}};
  EXPECT_EQ(run(download(&pool_, &at_, "/")), to_string(transport_error::stale_connection));
  EXPECT_EQ(peer_.requests.size(), 2U);
  EXPECT_EQ(run(download(&pool_, &at_, "/")), "ok");
  peer_.answers = {{"", ending::fin}};
  EXPECT_EQ(run(upload(&pool_, &at_, "/", 1, 1, 1)), to_string(transport_error::stale_connection));
  EXPECT_EQ(peer_.requests.size(), 4U);
}

task<std::string> open_large(client_pool* pool, const origin* at) {
  const std::string large(5'000'000, 'x');
  auto stream = co_await pool->open(*at, {.verb = "POST", .body = large});
  if (!stream) co_return to_string(stream.error().error);
  const std::string body = co_await rest_of(&*stream);
  co_return std::to_string(stream->status()) + " " + body;
}

TEST_F(client_stream_faults_test, opening_gives_an_early_answer_to_what_is_not_read) {
  peer_.is_hasty = true;
  for (const int status : {413, 200}) {
    peer_.answers = {
        {"HTTP/1.1 " + std::to_string(status) + " Early\r\nContent-Length: 5\r\n\r\nearly",
         ending::deaf}};
    const mono_time begin = world_.now();
    EXPECT_EQ(run(open_large(&pool_, &at_)), std::to_string(status) + " early");
    EXPECT_LT(world_.now() - begin, status == 413 ? 10ms : 2s);
    EXPECT_EQ(pool_.counts().connections_open, 0U);
  }
}

TEST_F(client_stream_faults_test, an_upload_ends_when_the_server_refuses_it_and_reads_no_more) {
  peer_.is_hasty = true;
  const auto send = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, post("/"));
    EXPECT_TRUE(stream.has_value());
    const std::string written = co_await write_all(&*stream, 100, 100'000);
    co_return written + ", " + co_await status_of(&*stream);
  };
  const std::string ended = to_string(transport_error::closed_early);
  for (const bool is_kept : {false, true}) {
    if (is_kept) EXPECT_EQ(run(download(&pool_, &at_, "/")), "ok");
    for (const int status : {413, 200}) {
      peer_.answers = {
          {"HTTP/1.1 " + std::to_string(status) + " Early\r\nContent-Length: 0\r\n\r\n",
           ending::deaf}};
      const mono_time begin = world_.now();
      EXPECT_EQ(run(send(&pool_, &at_)), ended + ", " + std::to_string(status));
      EXPECT_LT(world_.now() - begin, status == 413 ? 100ms : 11s);
      EXPECT_EQ(pool_.counts().connections_open, 0U);
    }
  }
}

TEST_F(client_stream_faults_test, a_slow_reader_is_waited_for) {
  world_.between("10.0.0.1", "10.0.0.2").latency = 30ms;  // each part takes longer than a glance
  EXPECT_EQ(run(download(&pool_, &at_, "/")), "ok");
  EXPECT_EQ(run(upload(&pool_, &at_, "/", 10, 200'000, {})), "200 ok");
  EXPECT_EQ(pool_.counts().connections_made, 1U);
}

TEST_F(client_stream_faults_test, trailer_fields_are_there_at_the_end) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto read_trailers = [](client_pool* pool, const origin* at) -> task<std::string> {
    auto stream = co_await pool->open(*at, {});
    EXPECT_TRUE(stream->trailers().empty());
    const std::string body = co_await rest_of(&*stream);
    std::string all = body + ':';
    for (const int look : {1, 2}) {
      for (const header_field& each : stream->trailers()) {
        if (look == 2) all.append(each.name).append("=").append(each.value).append(";");
      }
    }
    co_return all;
  };
  peer_.answers = {{chunked + "2\r\nhi\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\nX-Two: b\r\n\r\n"},
                   {chunked + "2\r\nhi\r\n0\r\nHost: a\r\n\r\n"},
                   {chunked + "2\r\nhi\r\n0\r\n\r\n"},
                   {answer_with("hi")}};
  for (const char* wanted : {"hi:X-Sum=1;X-Two=b;", "hi:", "hi:", "hi:"}) {
    EXPECT_EQ(run(read_trailers(&pool_, &at_)), wanted);
  }
  peer_.answers = {
      {.bytes = chunked + "2\r\nhi\r\n0\r\nX-Sum: 1\r\nX-Two: b\r\n\r\n", .piece_bytes = 1}};
  EXPECT_EQ(run(read_trailers(&pool_, &at_)), "hi:X-Sum=1;X-Two=b;") << "byte by byte";
  EXPECT_EQ(pool_.counts().connections_made, 1U);
}

TEST_F(client_stream_faults_test, trailer_fields_are_passed_over) {
  peer_.answers = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
       "X-Checksum: 1\r\nContent-Length: 7\r\n\r\n"}};
  EXPECT_EQ(run(download(&pool_, &at_, "/")), "hi");
  EXPECT_EQ(pool_.counts().connections_idle, 1U);
}

}  // namespace
}  // namespace ferrule
