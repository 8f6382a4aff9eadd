#include "http/server_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using io::suite::epoll_world;
using io::suite::uring_world;

/// Two servers, each on a reactor of its own, of which only the first listens; and clients. All of
/// it on one thread, which runs the reactors by turns.
template <class World>
class server_group_test : public testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(const server_limits& limits) {
    budget_ = std::make_unique<server_budget>();
    group_ = std::make_unique<server_group>(2);
    for (std::unique_ptr<reactor>& loop : loops_) {
      std::unique_ptr<io::backend> made = world_.make();
      if (made == nullptr) GTEST_SKIP() << world_.why;
      loop = std::make_unique<reactor>(std::move(made), 1);
    }
    for (std::size_t i = 0; i != 2; ++i) {
      servers_[i] = std::make_unique<server>(*loops_[i], services_[i], limits);
      servers_[i]->share(*budget_, *budget_);
      servers_[i]->join(*group_);
    }
    ASSERT_EQ(servers_[0]->listen(address::loopback_v4(0), {}), 0);
  }
  void TearDown() override { end(); }
  void end() {
    clients_.clear();
    for (std::size_t i = 0; i != 2; ++i) {
      if (servers_[i] == nullptr) continue;
      if (!servers_[i]->draining()) drain(i);
      EXPECT_TRUE(until([&] { return drained_[i]; }));
      EXPECT_EQ(servers_[i]->counters().connections_open, 0U);
      servers_[i].reset();
      drained_[i] = false;
    }
  }
  /// The same world with servers that have other limits.
  void restart(const server_limits& limits) {
    end();
    if (!this->IsSkipped()) start(limits);
  }

  void drain(std::size_t i) {
    servers_[i]->drain(
        std::chrono::nanoseconds(0), [](void* end) noexcept { *static_cast<bool*>(end) = true; },
        &drained_[i]);
  }
  void run_both() {
    for (std::size_t i = 0; i != 2; ++i) loops_[i]->run_once(mono_time::min());
    client_loop_->run_once(mono_time::min());
  }
  template <class Predicate>
  bool until(Predicate done) {
    for (int batches = 0; batches < 2'000'000; ++batches) {
      if (done()) return true;
      run_both();
    }
    return false;
  }
  void connect(std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) {
      clients_.push_back(std::make_unique<raw_client>(*client_loop_, servers_[0]->local()));
    }
  }
  std::uint64_t open(std::size_t i) const { return servers_[i]->counters().connections_open; }
  std::uint64_t sum(std::uint64_t server_counters::*count) const {
    return servers_[0]->counters().*count + servers_[1]->counters().*count;
  }

  World world_;
  const std::unique_ptr<reactor> client_loop_ = std::make_unique<reactor>(
      io::make_backend({.kind = io::backend_kind::epoll}).io, 1);
  std::array<std::unique_ptr<reactor>, 2> loops_;
  std::unique_ptr<server_budget> budget_;
  std::unique_ptr<server_group> group_;
  std::array<scripted_service, 2> services_;
  std::array<std::unique_ptr<server>, 2> servers_;
  std::array<bool, 2> drained_{};
  std::vector<std::unique_ptr<raw_client>> clients_;
};
using kernel_backends = testing::Types<uring_world, epoll_world>;
TYPED_TEST_SUITE(server_group_test, kernel_backends);

TYPED_TEST(server_group_test, evens_out_what_one_of_them_accepts) {
  this->connect(16);
  ASSERT_TRUE(this->until([&] { return this->open(0) + this->open(1) == 16; }));
  EXPECT_LE(this->open(0), 9U);
  for (const auto& client : this->clients_) client->send(get("/plain?1"));
  ASSERT_TRUE(this->until([&] {
    return std::ranges::all_of(this->clients_, [](const auto& client) {
      return client->received().ends_with("plain /plain?1");
    });
  }));
  EXPECT_EQ(this->servers_[0]->counters().requests, this->open(0));
  EXPECT_EQ(this->servers_[1]->counters().requests, this->open(1));
  this->clients_.clear();
  ASSERT_TRUE(this->until([&] { return this->open(0) + this->open(1) == 0; }));
  this->connect(16);  // those that went do not count any more
  ASSERT_TRUE(this->until([&] { return this->open(0) + this->open(1) == 16; }));
  EXPECT_LE(this->open(0), 9U);
}

TYPED_TEST(server_group_test, hands_nothing_to_one_that_drains) {
  this->drain(1);
  this->connect(16);
  ASSERT_TRUE(this->until([&] { return this->open(0) == 16; }));
  EXPECT_TRUE(this->drained_[1]);
}

TYPED_TEST(server_group_test, serves_what_was_on_its_way_when_a_drain_began) {
  this->connect(16);
  while (this->open(0) < 8) {  // the second has not run and does not know of its share
    this->loops_[0]->run_once(mono_time::min());
    this->client_loop_->run_once(mono_time::min());
  }
  EXPECT_EQ(this->open(1), 0U);
  this->drain(1);
  EXPECT_FALSE(this->drained_[1]);
  ASSERT_TRUE(this->until([&] { return this->drained_[1]; }));
  EXPECT_GE(this->servers_[1]->counters().connections_accepted, 6U);
}

TYPED_TEST(server_group_test, have_together_the_connections_that_a_limit_allows) {
  for (const server_limits& limits :
       {server_limits{.connections_max = 10}, server_limits{.connections_per_address_max = 10}}) {
    this->restart(limits);
    for (std::uint64_t round = 0; round != 2; ++round) {  // in the second, what went is free again
      this->connect(16);
      ASSERT_TRUE(this->until([&] { return this->sum(&server_counters::connections_open) == 16; }));
      EXPECT_EQ(this->sum(&server_counters::connections_refused), 6U * (round + 1U));
      EXPECT_GE(this->open(0), 6U);
      EXPECT_GE(this->open(1), 6U) << "both of them serve some";
      this->clients_.clear();
      ASSERT_TRUE(this->until([&] { return this->sum(&server_counters::connections_open) == 0; }));
    }
  }
}

TYPED_TEST(server_group_test, have_together_the_memory_that_a_limit_allows) {
  this->restart({.held_bytes_max = 1'000'000});
  this->connect(8);
  ASSERT_TRUE(this->until([&] { return this->sum(&server_counters::connections_open) == 8; }));
  ASSERT_GE(this->open(1), 3U);
  for (const auto& client : this->clients_) {
    client->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" +
                 std::string(299'999, 'x'));
  }
  const auto refused = [&] {
    return std::ranges::count_if(this->clients_, [](const auto& client) {
      return client->received().starts_with("HTTP/1.1 503 ");
    });
  };
  ASSERT_TRUE(this->until([&] {
    EXPECT_LE(this->sum(&server_counters::bytes_held), 1'000'000U);
    return refused() >= 5;
  }));
  EXPECT_GT(this->sum(&server_counters::bytes_held), 0U);
}

}  // namespace
}  // namespace ferrule::http
