#include "ferrule/test/sim.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>

#include "recorded.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

TEST(SimWorld, StartsAtAKnownInstant) {
  const sim_world world(7);
  EXPECT_EQ(world.now(), mono_time(1000s));
  EXPECT_EQ(world.date(), std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
}

TEST(SimWorld, RunForMovesTheClockAndNothingElse) {
  two_hosts hosts;
  const mono_time start = hosts.world.now();
  const wall_time start_date = hosts.world.date();
  hosts.world.run_for(24h * 365);
  EXPECT_EQ(hosts.world.now(), start + 24h * 365);
  EXPECT_EQ(hosts.client.date(), start_date + 24h * 365);
  EXPECT_EQ(hosts.world.counts().batches, 0U) << "idle hosts ran";
}

TEST(SimWorld, RunUntilStopsWhenItComesTrueOrAtTheLimit) {
  sim_world world(1);
  const mono_time start = world.now();
  EXPECT_TRUE(world.run_until([] { return true; }));
  EXPECT_EQ(world.now(), start);
  EXPECT_FALSE(world.run_until([] { return false; }, 3s));
  EXPECT_EQ(world.now(), start + 3s);
}

struct ticker : timer {
  explicit ticker(reactor& on) : timer(on_expired), loop(on) { loop.arm(*this, loop.now() + 1s); }
  static void on_expired(timer& t) noexcept {
    auto& self = static_cast<ticker&>(t);
    ++self.ticks;
    self.loop.arm(self, self.loop.now() + 1s);
  }
  reactor& loop;
  unsigned ticks = 0;
};

TEST(SimWorld, ThousandsOfSecondsCostAFewBatchesEach) {
  sim_world world(1);
  ticker every_second(world.add_host("10.0.0.1"));
  world.run_for(10'000s);
  EXPECT_GE(every_second.ticks, 9'990U);
  EXPECT_LE(every_second.ticks, 10'000U);
  EXPECT_LE(world.counts().batches, 10'000U * 12);  // the wheel takes a few steps to a far timer
  every_second.loop.disarm(every_second);
}

TEST(SimWorld, TheSeedDecidesWhoRunsFirst) {
  struct racer : ready {
    racer(reactor& on, std::string& log, char own) : ready(run_now), order(log), name(own) {
      on.schedule(*this);
    }
    static void run_now(ready& r) noexcept {
      auto& self = static_cast<racer&>(r);
      self.order += self.name;
    }
    std::string& order;
    char name;
  };
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim_world world(seed);
    std::string order;
    racer a(world.add_host("10.0.0.1"), order, 'a');
    racer b(world.add_host("10.0.0.2"), order, 'b');
    world.run_for(0s);
    orders.insert(order);
  }
  EXPECT_EQ(orders, (std::set<std::string>{"ab", "ba"}));
}

TEST(SimWorld, PostedWorkRuns) {
  struct work : posted {
    work() : posted([](posted& p) noexcept { static_cast<work&>(p).ran = true; }) {}
    bool ran = false;
  } one;
  sim_world world(1);
  world.add_host("10.0.0.1").post(one);
  world.run_for(0s);
  EXPECT_TRUE(one.ran);
}

TEST(SimBackend, ALoneBackendMovesTheClockItself) {
  sim_world world(1);
  const std::unique_ptr<io::backend> io = world.make_backend("127.0.0.1");
  const mono_time start = io->now();
  EXPECT_EQ(io->wait(start + 5s), 0U);
  EXPECT_EQ(io->now(), start + 5s);
  EXPECT_EQ(io->wait(mono_time::min()), 0U);
  EXPECT_EQ(io->now(), start + 5s);
}

TEST(SimBackend, WakeFromAnotherThreadEndsTheWait) {
  sim_world world(1);
  const std::unique_ptr<io::backend> io = world.make_backend("10.0.0.1");
  std::thread other([&io] { io->wake(); });
  EXPECT_EQ(io->wait(no_deadline), 0U);
  other.join();
}

TEST(SimBackend, OffloadRunsAfterAVirtualDelay) {
  struct work : recorded {
    bool ran = false;
  } op;
  sim_world world(1);
  const std::unique_ptr<io::backend> io = world.make_backend("10.0.0.1");
  const mono_time start = io->now();
  io->offload(op, [](io::operation& self) noexcept { static_cast<work&>(self).ran = true; });
  io->cancel(op);  // too late for blocking work
  EXPECT_EQ(io->wait(no_deadline), 1U);
  EXPECT_TRUE(op.ran);
  EXPECT_EQ(op.results, std::vector<std::int32_t>{0});
  EXPECT_GT(io->now(), start);
}

TEST(SimBackend, BlockingWorkOfADeadBackendIsForgotten) {
  sim_world world(1);
  recorded op;
  {
    const std::unique_ptr<io::backend> io = world.make_backend("10.0.0.1");
    io->offload(op, [](io::operation& self) noexcept { ++static_cast<recorded&>(self).ends; });
  }
  world.run_for(1s);
  EXPECT_EQ(op.ends, 0U);
}

TEST(SimBackend, FilesAndForeignDescriptorsAreNotSupported) {
  sim_world world(1);
  const std::unique_ptr<io::backend> io = world.make_backend("10.0.0.1");
  EXPECT_EQ(io->adopt(0), -ENOTSUP);
  std::string bytes(4, 'x');
  recorded ops[4];
  io->read_at(ops[0], io::handle{3}, writable(bytes), 0);
  io->write_at(ops[1], io::handle{3}, readable(bytes), 0);
  io->sync(ops[2], io::handle{3});
  io->poll(ops[3], 0, 1);
  EXPECT_EQ(io->wait(mono_time::min()), 4U);
  for (const recorded& op : ops) EXPECT_EQ(op.results, std::vector<std::int32_t>{-ENOTSUP});
}

TEST(SimBackend, UnknownHandlesAreBad) {
  sim_world world(1);
  const std::unique_ptr<io::backend> io = world.make_backend("10.0.0.1");
  const io::handle none{99};
  address any;
  std::string bytes(4, 'x');
  const iovec one = part(bytes);
  EXPECT_EQ(io->local(none, any), -EBADF);
  EXPECT_EQ(io->peer(none, any), -EBADF);
  EXPECT_EQ(io->option(none, SOL_SOCKET, SO_RCVBUF, 1), -EBADF);
  io->shutdown(none, SHUT_RDWR);
  recorded ops[8];
  io->close(ops[0], none);
  io->accept_start(ops[1], none);
  io->connect(ops[2], none, any);
  io->recv_start(ops[3], none);
  io->recv(ops[4], none, writable(bytes));
  io->send(ops[5], none, {&one, 1});
  io->recv_from(ops[6], none, writable(bytes), any);
  io->send_to(ops[7], none, readable(bytes), any);
  EXPECT_EQ(io->wait(mono_time::min()), 8U);
  for (const recorded& op : ops) EXPECT_EQ(op.results, std::vector<std::int32_t>{-EBADF});
}

TEST(SimBackend, OperationsOnTheWrongSocketFailAsOnLinux) {
  two_hosts hosts;
  io::backend& io = hosts.client;
  const io::handle tcp{io.open(AF_INET, SOCK_STREAM)};
  const io::handle udp{io.open(AF_INET, SOCK_DGRAM)};
  EXPECT_EQ(io.open(AF_PACKET, SOCK_STREAM), -EAFNOSUPPORT);
  EXPECT_EQ(io.open(AF_INET, SOCK_RAW), -EPROTONOSUPPORT);
  address any;
  EXPECT_EQ(io.peer(tcp, any), -ENOTCONN);
  EXPECT_EQ(io.option(tcp, SOL_SOCKET, SO_LINGER, 1), 0);
  EXPECT_EQ(io.option(tcp, IPPROTO_TCP, 1, 1), 0);
  EXPECT_EQ(io.option(udp, IPPROTO_TCP, 1, 1), -ENOPROTOOPT);
  EXPECT_EQ(io.option(tcp, IPPROTO_UDP, 1, 1), -ENOPROTOOPT);
  std::string bytes(4, 'x');
  const iovec one = part(bytes);
  recorded ops[9];
  io.accept_start(ops[0], tcp);
  io.recv_start(ops[1], tcp);
  io.recv(ops[2], io::handle{io.open(AF_INET, SOCK_STREAM)}, writable(bytes));
  io.send(ops[3], tcp, {&one, 1});
  io.recv_from(ops[4], io::handle{io.open(AF_INET, SOCK_STREAM)}, writable(bytes), any);
  io.send_to(ops[5], tcp, readable(bytes), any);
  io.connect(ops[6], udp, address::loopback_v4(1));
  io.connect(ops[7], tcp, *address::parse("::1", 1));
  io.connect(ops[8], io::handle{io.open(AF_INET6, SOCK_STREAM)}, *address::parse("fd00::1", 1));
  hosts.world.run_for(1s);
  const std::int32_t expected[] = {-EINVAL,     -ENOTCONN,     -ENOTCONN,
                                   -EPIPE,      -EOPNOTSUPP,   -EOPNOTSUPP,
                                   -EOPNOTSUPP, -EAFNOSUPPORT, -ENETUNREACH};
  for (std::size_t i = 0; i < std::size(ops); ++i) EXPECT_EQ(ops[i].last(), expected[i]) << i;
}

TEST(SimBackendDeath, StartingAPendingOperationEndsTheProcess) {
  two_hosts hosts;
  recorded op;
  const io::handle listener = hosts.listen(80);
  hosts.server.accept_start(op, listener);
  EXPECT_DEATH(hosts.server.accept_start(op, listener), "started before its last");
  recorded second;
  EXPECT_DEATH(hosts.server.accept_start(second, listener), "one accept at a time");
}

TEST(SimBackendDeath, AFaultNeedsAConnection) {
  two_hosts hosts;
  EXPECT_DEATH(hosts.world.reset(hosts.client, io::handle{77}), "needs a connected socket");
}

TEST(SimWorldDeath, AHostNeedsAnIpLiteral) {
  sim_world world(1);
  EXPECT_DEATH(world.add_host("example.org"), "IP literal");
}

TEST(SimWorldDeath, ALoopThatNeverRestsIsFound) {
  struct busy : ready {
    explicit busy(reactor& on) : ready(again), loop(on) { loop.schedule(*this); }
    static void again(ready& r) noexcept {
      auto& self = static_cast<busy&>(r);
      self.loop.schedule(self);
    }
    reactor& loop;
  };
  sim_world world(1);
  EXPECT_DEATH(
      {
        busy never_rests(world.add_host("10.0.0.1"));
        world.run_for(1s);
      },
      "keeps itself busy");
}

// UDP.

TEST(SimDatagrams, ArriveWholeWithTheirSender) {
  two_hosts hosts;
  const io::handle at_server{hosts.server.open(AF_INET, SOCK_DGRAM)};
  const io::handle at_client{hosts.client.open(AF_INET, SOCK_DGRAM)};
  recorded ops[4];
  // A first datagram, to nobody, gives the server's socket its port.
  hosts.server.send_to(ops[0], at_server, readable("x"), *address::parse("10.0.0.9", 9));
  address local;
  ASSERT_EQ(hosts.server.local(at_server, local), 0);
  ASSERT_NE(local.port(), 0);

  std::string into(5, '\0');
  address from;
  hosts.server.recv_from(ops[1], at_server, writable(into), from);
  hosts.client.send_to(ops[2], at_client, readable("hello, and more"),
                       *address::parse("10.0.0.1", local.port()));
  ASSERT_TRUE(hosts.ends(ops[1]));
  EXPECT_EQ(ops[1].last(), 5);  // the rest of a datagram is lost
  EXPECT_EQ(into, "hello");
  EXPECT_EQ(ops[2].last(), 15);
  address client_local;
  hosts.client.local(at_client, client_local);
  EXPECT_EQ(from, *address::parse("10.0.0.2", client_local.port()));

  const std::string big(65'508, 'x');
  hosts.client.send_to(ops[3], at_client, readable(big), from);
  ASSERT_TRUE(hosts.ends(ops[3]));
  EXPECT_EQ(ops[3].last(), -EMSGSIZE);
}

TEST(SimDatagrams, AFullQueueDropsWhatComes) {
  two_hosts hosts;
  hosts.world.everywhere().jitter = 0ns;
  const io::handle socket{hosts.client.open(AF_INET, SOCK_DGRAM)};
  recorded first;
  hosts.client.send_to(first, socket, readable("x"), *address::parse("10.0.0.9", 9));
  address self;
  hosts.client.local(socket, self);
  self = address::loopback_v4(self.port());
  for (int i = 0; i < 300; ++i) {
    recorded op;
    hosts.client.send_to(op, socket, readable("y"), self);
    ASSERT_TRUE(hosts.ends(op));
  }
  hosts.world.run_for(1s);
  unsigned received = 0;
  for (;; ++received) {
    recorded op;
    std::string into(1, '\0');
    address from;
    hosts.client.recv_from(op, socket, writable(into), from);
    hosts.world.run_for(1s);
    if (op.ended()) continue;
    hosts.client.cancel(op);
    ASSERT_TRUE(hosts.ends(op));
    EXPECT_EQ(op.last(), -ECANCELED);
    break;
  }
  EXPECT_EQ(received, 256U);
}

TEST(SimDatagrams, MayBeLost) {
  two_hosts hosts;
  hosts.world.everywhere().half_open = 1;
  const io::handle socket{hosts.client.open(AF_INET, SOCK_DGRAM)};
  recorded op;
  hosts.client.send_to(op, socket, readable("x"), *address::parse("10.0.0.1", 9));
  hosts.world.run_for(1s);
  EXPECT_EQ(op.last(), 1);
  EXPECT_EQ(hosts.world.counts().half_opens, 1U);
}

}  // namespace
}  // namespace ferrule::test
