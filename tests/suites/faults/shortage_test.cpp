// The kernel runs short of descriptors or memory for a while: the server sheds, counts what it
// shed, goes on with what it has, never spins, and is back when the shortage ends.
#include <gtest/gtest.h>

#include <array>

#include "faulty_server.hpp"
#include "support/no_descriptors_left.hpp"

namespace ferrule::test {
namespace {

constexpr std::array shortages = {-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM};
const script one_request{"one request", {get("/now/1")}, {"another answer that takes the heap 1"}};

template <class World>
class shortage_of : public testing::Test {
 protected:
  void SetUp() override {
    if (faulty_server<World>().io() == nullptr) GTEST_SKIP();
  }
  /// Lets the server alone for `span` and returns how often its loop ran.
  static std::uint64_t rounds_within(faulty_server<World>& server, std::chrono::nanoseconds span) {
    const std::uint64_t before = server.rounds();
    const mono_time end = server.loop().now() + span;
    while (server.loop().now() < end) server.run_server(end);
    return server.rounds() - before;
  }
};

TYPED_TEST_SUITE(shortage_of, faulty_worlds);

TYPED_TEST(shortage_of, accepting) {
  for (const std::int32_t error : shortages) {
    SCOPED_TRACE(error);
    faulty_server<TypeParam> server;
    const auto old = server.connect();
    ASSERT_TRUE(server.until([&] { return server.counters().connections_open == 1; }));

    server.io()->at_completion = [error](fallible what) {
      return what == fallible::accept ? error : 0;
    };
    const auto fresh = server.connect();
    ASSERT_TRUE(
        server.until([&] { return fresh->connected() && server.counters().accepts_failed != 0; }));
    // Who is connected is served as ever.
    old->send(get("/now/1"));
    ASSERT_TRUE(
        server.until([&] { return judge(old->received(), one_request.answers).right == 1; }));

    server.io()->at_completion = [](fallible) { return 0; };
    EXPECT_EQ(server.talk(one_request).right, 1U) << "the shortage is over";
  }
}

TYPED_TEST(shortage_of, accepting_is_tried_ten_times_a_second) {
  faulty_server<TypeParam> server;
  server.io()->at_start = [](fallible what) { return what == fallible::accept ? -EMFILE : 0; };
  server.io()->at_completion = server.io()->at_start;
  const auto waiting = server.connect();
  ASSERT_TRUE(
      server.until([&] { return waiting->connected() && server.counters().accepts_failed != 0; }));

  const std::uint64_t failed_before = server.counters().accepts_failed;
  const mono_time start = server.loop().now();
  const std::uint64_t rounds = this->rounds_within(server, 1s);
  const std::uint64_t failed = server.counters().accepts_failed - failed_before;
  const auto periods = static_cast<std::uint64_t>((server.loop().now() - start) / 100ms);
  EXPECT_GE(failed, 2U) << "on a machine that has better things to do; else ten";
  EXPECT_LE(failed, periods + 1);
  EXPECT_LE(rounds, 5 * failed + 10) << "it spins";
}

TYPED_TEST(shortage_of, receiving_and_sending) {
  for (const fallible direction : {fallible::receive, fallible::send}) {
    for (const std::int32_t error : {-ENOBUFS, -ENOMEM}) {
      SCOPED_TRACE(error);
      faulty_server<TypeParam> server;
      const auto fault = [&](fallible what) { return what == direction ? error : 0; };
      for (int i = 0; i != 3; ++i) {  // while it starts, then while it is under way
        (i == 0 ? server.io()->at_start : server.io()->at_completion) = fault;
        const verdict heard = server.talk(one_request);
        EXPECT_EQ(heard.wrong, "");
        ASSERT_TRUE(server.until([&] { return server.counters().connections_open == 0; }));
        server.io()->at_start = [](fallible) { return 0; };
      }
      EXPECT_EQ(server.counters().out_of_memory, 3U);
      EXPECT_LE(this->rounds_within(server, 1s), 20U) << "it spins";

      server.io()->at_completion = [](fallible) { return 0; };
      EXPECT_EQ(server.talk(one_request).right, 1U) << "the shortage is over";
    }
  }
}

template <class World>
class descriptor_shortage : public testing::Test {};
using kernel_worlds = testing::Types<io::suite::uring_world, io::suite::epoll_world>;
TYPED_TEST_SUITE(descriptor_shortage, kernel_worlds);

TYPED_TEST(descriptor_shortage, is_waited_out) {
  faulty_server<TypeParam> server;
  if (server.io() == nullptr) GTEST_SKIP();
  const auto client = server.connect();  // its own socket is open, the server's is to come
  client->send(get("/now/1"));
  {
    const io::suite::no_descriptors_left exhausted;
    ASSERT_TRUE(server.until([&] { return server.counters().accepts_failed >= 3; }));
    EXPECT_EQ(server.counters().connections_accepted, 0U);
    EXPECT_LE(server.counters().accepts_failed, 4U) << "it does not wait between its attempts";
  }
  EXPECT_TRUE(
      server.until([&] { return judge(client->received(), one_request.answers).right == 1; }));
}

}  // namespace
}  // namespace ferrule::test
