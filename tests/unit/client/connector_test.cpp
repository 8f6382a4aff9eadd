#include "client/connector.hpp"

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "ferrule/core/race.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim.hpp"
#include "ferrule/test/sim_run.hpp"
#include "parsed_addresses.hpp"
#include "support/backend_suite.hpp"
#include "support/no_descriptors_left.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

TEST(interleave_families, takes_them_in_turn_and_keeps_their_order) {
  const auto interleaved = [](std::initializer_list<const char*> ips) {
    std::vector<address> all = addresses_of(ips);
    interleave_families(all);
    std::string text;
    for (const address& each : all) text += each.ip() + ' ';
    return text;
  };
  EXPECT_EQ(interleaved({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}),
            "::1 10.0.0.1 ::2 10.0.0.2 ::3 ");
  EXPECT_EQ(interleaved({"10.0.0.1", "10.0.0.2", "::1"}), "10.0.0.1 ::1 10.0.0.2 ");
  EXPECT_EQ(interleaved({"10.0.0.2", "10.0.0.1"}), "10.0.0.2 10.0.0.1 ");
  EXPECT_EQ(interleaved({}), "");
}

TEST(connect_error, tells_this_sides_wants_from_the_servers_doing) {
  for (const int mine : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN}) {
    EXPECT_EQ(connect_error({mine, std::system_category()}), transport_error::no_resources) << mine;
  }
  for (const int theirs : {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET}) {
    EXPECT_EQ(connect_error({theirs, std::system_category()}), transport_error::connect_failed)
        << theirs;
  }
}

/// Host 10.0.0.2 takes connections at port 80; 10.0.0.3 refuses them; 10.0.0.7x are black holes.
class connector_test : public testing::Test {
 protected:
  struct listener {
    listener(reactor& on, std::string_view ip) : loop(on) {
      const int made = loop.io().listen(*address::parse(ip, 80), {});
      EXPECT_GE(made, 0);
      loop.io().accept_start(accepting, io::handle{made});
    }
    reactor& loop;
    io::suite::acceptor accepting;
  };

  struct outcome {
    std::string peer;  // or why there is none
    std::chrono::nanoseconds took{0};
  };
  outcome connect(std::vector<address> candidates) {
    return finish(connect_to_any(std::move(candidates), &spread_));
  }
  outcome connect(const char* url) {
    const auto to = origin::parse(url);
    return finish(connect_to(&*to, &names_, &spread_));
  }
  outcome finish(task<connect_result> connecting) {
    const mono_time begin = world_.now();
    auto connected = *test::sim_run(world_, client_, std::move(connecting));
    const auto took = world_.now() - begin;
    if (!connected) return {to_string(connected.error()), took};
    return {connected->stream.peer()->ip(), took};
  }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  listener v4_{world_.add_host("10.0.0.2"), "10.0.0.2"};
  reactor& refusing_ = world_.add_host("10.0.0.3");
  dns::table_resolver names_;
  address_spread spread_;
};

TEST_F(connector_test, takes_the_first_address_that_answers) {
  const outcome direct = connect(addresses_of({"10.0.0.2"}));
  EXPECT_EQ(direct.peer, "10.0.0.2");
  EXPECT_LT(direct.took, 10ms);
  const outcome second = connect(addresses_of({"10.0.0.3", "10.0.0.2"}));
  EXPECT_EQ(second.peer, "10.0.0.2");
  EXPECT_LT(second.took, 10ms) << "a refusal is no reason to wait";
}

TEST_F(connector_test, does_not_wait_long_for_an_address_that_is_silent) {
  const outcome second = connect(addresses_of({"10.0.0.71", "10.0.0.2"}));
  EXPECT_EQ(second.peer, "10.0.0.2");
  EXPECT_GE(second.took, attempt_delay);
  EXPECT_LT(second.took, attempt_delay + 10ms);
  const outcome fourth = connect(addresses_of({"10.0.0.71", "10.0.0.72", "10.0.0.3", "10.0.0.2"}));
  EXPECT_EQ(fourth.peer, "10.0.0.2");
  EXPECT_LT(fourth.took, 2 * attempt_delay + 10ms);
}

TEST_F(connector_test, keeps_the_first_connection_and_gives_the_others_up) {
  world_.between("10.0.0.1", "10.0.0.2").latency = 300ms;
  listener quick(world_.add_host("10.0.0.4"), "10.0.0.4");
  EXPECT_EQ(connect(addresses_of({"10.0.0.2", "10.0.0.4"})).peer, "10.0.0.4");
  world_.run_for(10s);
  EXPECT_EQ(quick.accepting.accepted.size(), 1U);
}

TEST_F(connector_test, fails_when_all_addresses_do) {
  const outcome all_refused = connect(addresses_of({"10.0.0.3", "10.0.0.3"}));
  EXPECT_EQ(all_refused.peer, to_string(transport_error::connect_failed));
  EXPECT_LT(all_refused.took, 10ms);
  EXPECT_EQ(connect(addresses_of({"10.0.0.3"})).peer, all_refused.peer);
}

TEST_F(connector_test, tries_a_limited_number_of_addresses) {
  std::vector<address> many(attempts_max, *address::parse("10.0.0.3", 80));
  many.push_back(*address::parse("10.0.0.2", 80));
  EXPECT_EQ(connect(many).peer, to_string(transport_error::connect_failed));
}

TEST_F(connector_test, looks_names_up) {
  names_.add("users", *address::parse("10.0.0.71", 0));
  names_.add("users", *address::parse("10.0.0.2", 0));
  EXPECT_EQ(connect("http://users").peer, "10.0.0.2");
  EXPECT_EQ(connect("http://10.0.0.2").peer, "10.0.0.2");
  EXPECT_EQ(connect("http://nobody").peer, to_string(transport_error::unknown_host));
}

TEST_F(connector_test, finds_services) {
  names_.add("users-a", *address::parse("10.0.0.3", 0));
  names_.add("users-b", *address::parse("10.0.0.2", 0));
  names_.add("_http._tcp.users", dns::service_target{"gone", 80, 0, 0});
  names_.add("_http._tcp.users", dns::service_target{"users-a", 80, 1, 0});
  names_.add("_http._tcp.users", dns::service_target{"users-b", 80, 2, 0});
  EXPECT_EQ(connect("http://_http._tcp.users:1234").peer, "10.0.0.2");
  names_.add("_http._tcp.gone", dns::service_target{"gone", 80, 0, 0});
  EXPECT_EQ(connect("http://_http._tcp.gone").peer, to_string(transport_error::unknown_host));
  EXPECT_EQ(connect("http://_none._tcp.users").peer, to_string(transport_error::unknown_host));
}

TEST_F(connector_test, tries_an_address_that_is_dead_after_the_others) {
  names_.add("users", *address::parse("10.0.0.71", 0));
  names_.add("users", *address::parse("10.0.0.2", 0));
  unsigned slow = 0;
  for (int i = 0; i != 20; ++i) slow += connect("http://users").took >= attempt_delay ? 1U : 0U;
  EXPECT_LE(slow, 1U);
  world_.run_for(2 * address_spread::failure_memory);
  for (int i = 0; i != 20; ++i) slow += connect("http://users").took >= attempt_delay ? 1U : 0U;
  EXPECT_LE(slow, 2U) << "it gets another chance";
}

TEST_F(connector_test, lets_all_addresses_have_their_turn_in_the_time_there_is) {
  const auto mostly_silent = addresses_of({"10.0.0.71", "10.0.0.72", "10.0.0.73", "10.0.0.74",
                                           "10.0.0.75", "10.0.0.76", "10.0.0.77", "10.0.0.2"});
  const auto within_a_second = [](std::vector<address> all, address_spread* spread) -> task<bool> {
    const auto ended = co_await with_deadline(1s, connect_to_any(std::move(all), spread));
    co_return ended && ended->has_value();
  };
  EXPECT_EQ(test::sim_run(world_, client_, within_a_second(mostly_silent, &spread_)), true);
}

TEST_F(connector_test, gives_everything_up_when_it_is_cancelled) {
  const auto silent = addresses_of({"10.0.0.71", "10.0.0.72", "10.0.0.73"});
  EXPECT_FALSE(test::sim_run(world_, client_, connect_to_any(silent, &spread_), 300ms).has_value());
}

task<std::error_code> read_on(tcp_stream* from) {
  std::byte some[1];
  const auto got = co_await from->read(some);
  co_return got ? std::error_code() : got.error();
}

TEST_F(connector_test, a_peer_that_vanishes_is_found_though_nothing_is_sent_to_it) {
  const address at = *address::parse("10.0.0.2", 80);
  auto connected = test::sim_run(world_, client_, tcp_stream::connect(at));
  ASSERT_TRUE(connected && *connected);
  tcp_stream& stream = **connected;
  world_.half_open(client_.io(), stream.socket());
  const auto ended = test::sim_run(world_, client_, read_on(&stream), 5min);
  ASSERT_TRUE(ended.has_value()) << "it waits for ever";
  EXPECT_EQ(*ended, std::errc::timed_out);
}

template <class World>
class connector_kernel_test : public testing::Test {};
TYPED_TEST_SUITE(connector_kernel_test, io::suite::kernel_worlds);

TYPED_TEST(connector_kernel_test, a_want_of_descriptors_is_not_the_servers_fault) {
  TypeParam world;
  std::unique_ptr<io::backend> made = world.make();
  if (made == nullptr) GTEST_SKIP() << world.why;
  reactor loop(std::move(made), 1);
  const io::handle listener{loop.io().listen(address::loopback_v4(0), {})};
  address at;
  ASSERT_EQ(loop.io().local(listener, at), 0);
  address_spread spread;
  const auto outcome = [&](std::vector<address> candidates) {
    auto connected = *sync_wait(loop, connect_to_any(std::move(candidates), &spread));
    return connected ? "connected" : to_string(connected.error());
  };
  {
    const io::suite::no_descriptors_left shortage;
    EXPECT_STREQ(outcome({at}), to_string(transport_error::no_resources));
    EXPECT_STREQ(outcome({at, at}), to_string(transport_error::no_resources));
  }
  EXPECT_STREQ(outcome({at}), "connected");
  loop.io().drop(listener);
}

TYPED_TEST(connector_kernel_test, connections_are_watched_as_a_listener_s_are) {
  TypeParam world;
  std::unique_ptr<io::backend> made = world.make();
  if (made == nullptr) GTEST_SKIP() << world.why;
  reactor loop(std::move(made), 1);
  const io::handle listener{loop.io().listen(address::loopback_v4(0), {})};
  address at;
  ASSERT_EQ(loop.io().local(listener, at), 0);
  {
    auto connected = *sync_wait(loop, tcp_stream::connect(at));
    ASSERT_TRUE(connected.has_value());
    const auto option = [&](int level, int name) {
      int value = -1;
      socklen_t size = sizeof value;
      ::getsockopt(static_cast<int>(connected->socket()), level, name, &value, &size);
      return value;
    };
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 15);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 4);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 120'000);
  }
  loop.io().drop(listener);
}

}  // namespace
}  // namespace ferrule
