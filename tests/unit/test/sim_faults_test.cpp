// Every fault of the simulated network by its name, and how far each reaches.
#include <gtest/gtest.h>

#include <algorithm>

#include "recorded.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

/// How long `text` takes from one end of the hosts' connection to the other.
mono_time::duration time_to_send(connected_hosts& hosts, const std::string& text) {
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  const mono_time start = hosts.world.now();
  const sent sending(hosts.client, hosts.at_client, text);
  EXPECT_TRUE(hosts.world.run_until([&] { return receiving.bytes.size() == text.size(); }));
  EXPECT_EQ(receiving.bytes, text);
  const mono_time end = hosts.world.now();
  hosts.server.cancel(receiving);
  EXPECT_TRUE(hosts.ends(receiving));
  EXPECT_TRUE(hosts.ends(sending));
  return end - start;
}

TEST(SimFaults, LatencyAndJitterAreAsSet) {
  connected_hosts hosts;
  sim_link& link = hosts.world.everywhere();
  link.latency = 30ms;
  link.jitter = 0ns;
  EXPECT_EQ(time_to_send(hosts, "x"), 30ms);
  link.jitter = 10ms;
  mono_time::duration least = 1h;
  mono_time::duration most = 0ns;
  for (int i = 0; i < 50; ++i) {
    const mono_time::duration took = time_to_send(hosts, "x");
    least = std::min(least, took);
    most = std::max(most, took);
  }
  EXPECT_GE(least, 30ms);
  EXPECT_LE(most, 40ms);
  EXPECT_GT(most - least, 5ms);
}

TEST(SimFaults, Delay) {
  connected_hosts hosts;
  EXPECT_LE(time_to_send(hosts, "x"), 200us);
  hosts.world.everywhere().delay = 1;
  hosts.world.everywhere().delay_max = 10s;
  EXPECT_GT(time_to_send(hosts, std::string(100'000, 'x')), 1s);
  EXPECT_GT(hosts.world.counts().delays, 5U);
}

TEST(SimFaults, Reset) {
  connected_hosts hosts;
  recorded at_server;
  recorded at_client;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.client.recv_start(at_client, hosts.at_client);
  hosts.world.everywhere().reset = 1;
  const sent sending(hosts.client, hosts.at_client, "x");
  hosts.world.run_for(1s);
  EXPECT_EQ(at_server.results, std::vector<std::int32_t>{-ECONNRESET});
  EXPECT_EQ(at_client.results, std::vector<std::int32_t>{-ECONNRESET});
  EXPECT_EQ(hosts.world.counts().resets, 1U);
}

TEST(SimFaults, ResetAtOnce) {
  connected_hosts hosts;
  recorded at_server;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.world.reset(hosts.server, hosts.at_server);
  EXPECT_TRUE(hosts.ends(at_server));
  EXPECT_EQ(at_server.last(), -ECONNRESET);
}

TEST(SimFaults, Stall) {
  connected_hosts hosts;
  hosts.world.everywhere().stall = 1;
  hosts.world.everywhere().stall_max = 100s;
  EXPECT_GT(time_to_send(hosts, std::string(300'000, 'x')), 10s);
  EXPECT_GT(hosts.world.counts().stalls, 5U);
}

TEST(SimFaults, StallAtOnceHoldsBothDirections) {
  connected_hosts hosts;
  recorded at_client;
  hosts.client.recv_start(at_client, hosts.at_client);
  hosts.world.stall(hosts.client, hosts.at_client, 5s);
  const sent answer(hosts.server, hosts.at_server, "x");
  const sent request(hosts.client, hosts.at_client, "y");
  hosts.world.run_for(4999ms);
  EXPECT_EQ(at_client.bytes, "");
  EXPECT_EQ(time_to_send(hosts, ""), 0s);
  hosts.world.run_for(2ms);
  EXPECT_EQ(at_client.bytes, "x");
}

TEST(SimFaults, ShortRead) {
  connected_hosts hosts;
  sim_link& link = hosts.world.everywhere();
  link.short_read = 1;
  link.short_read_bytes_max = 3;
  const std::string text(1000, 'x');
  const sent sending(hosts.client, hosts.at_client, text);
  hosts.world.run_for(1s);

  std::string into(10, '\0');
  recorded once;
  hosts.server.recv(once, hosts.at_server, writable(into));
  ASSERT_TRUE(hosts.ends(once));
  EXPECT_GE(once.last(), 1);
  EXPECT_LE(once.last(), 3);

  link.short_read_bytes_max = 1;  // byte by byte
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  hosts.world.run_for(1s);
  const auto rest = static_cast<std::size_t>(1000 - once.last());
  EXPECT_EQ(receiving.bytes.size(), rest);
  EXPECT_EQ(receiving.results, std::vector<std::int32_t>(rest, 1));
}

TEST(SimFaults, ShortWrite) {
  connected_hosts hosts;
  hosts.world.everywhere().short_write = 1;
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  const sent sending(hosts.client, hosts.at_client, std::string(1000, 'x'));
  hosts.world.run_for(1ms);
  EXPECT_FALSE(sending.ended());
  hosts.world.run_for(1s);
  EXPECT_EQ(sending.last(), 1000);
  EXPECT_EQ(receiving.bytes.size(), 1000U);
  EXPECT_GE(receiving.results.size(), 10U);
  EXPECT_GE(hosts.world.counts().short_writes, 1000U / 16);
}

TEST(SimFaults, Refused) {
  two_hosts hosts;
  hosts.listen(80);
  hosts.world.everywhere().refused = 1;
  recorded op;
  const io::handle socket = hosts.connect(op, 80);
  ASSERT_TRUE(hosts.ends(op));
  EXPECT_EQ(op.last(), -ECONNREFUSED);
  hosts.world.everywhere().refused = 0;
  recorded again;
  hosts.client.connect(again, socket, *address::parse("10.0.0.1", 80));
  ASSERT_TRUE(hosts.ends(again));
  EXPECT_EQ(again.last(), 0);
}

/// As sockets are before anything was asked of them.
constexpr io::socket_options never_asking{.keepalive_probes = 0, .unacknowledged_s = 0};

TEST(SimFaults, HalfOpenSenderTimesOutAfterAQuarterOfAnHour) {
  connected_hosts hosts(1, never_asking);
  recorded at_server;
  recorded at_client;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.client.recv_start(at_client, hosts.at_client);
  hosts.world.everywhere().half_open = 1;
  const sent swallowed(hosts.client, hosts.at_client, "x");
  hosts.world.run_for(924s);
  EXPECT_EQ(swallowed.last(), 1) << "the kernel took it";
  EXPECT_EQ(at_client.last(), -EINPROGRESS);
  hosts.world.run_for(1s);
  EXPECT_EQ(at_client.last(), -ETIMEDOUT);
  hosts.close(hosts.client, hosts.at_client);
  hosts.world.run_for(24h);
  EXPECT_FALSE(at_server.ended()) << "a mere receiver never learns";
  hosts.server.cancel(at_server);
  EXPECT_TRUE(hosts.ends(at_server));
}

TEST(SimFaults, KeepAliveFindsAPeerThatIsGone) {
  connected_hosts hosts(1, {.keepalive_idle_s = 40,
                            .keepalive_interval_s = 5,
                            .keepalive_probes = 2,
                            .unacknowledged_s = 0});
  recorded at_server;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.world.run_for(1h);
  EXPECT_FALSE(at_server.ended()) << "it was there";
  hosts.world.half_open(hosts.client, hosts.at_client);
  hosts.world.run_for(49s);
  EXPECT_FALSE(at_server.ended());
  hosts.world.run_for(1s);
  EXPECT_EQ(at_server.last(), -ETIMEDOUT);
}

TEST(SimFaults, WhatStaysUnacknowledgedFindsAPeerThatIsGone) {
  connected_hosts hosts(1, {.keepalive_probes = 0, .unacknowledged_s = 30});
  recorded at_server;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.world.half_open(hosts.client, hosts.at_client);
  hosts.world.run_for(1h);
  EXPECT_FALSE(at_server.ended()) << "nothing was sent to it";
  const sent lost(hosts.server, hosts.at_server, "x");
  hosts.world.run_for(29s);
  EXPECT_FALSE(at_server.ended());
  hosts.world.run_for(1s);
  EXPECT_EQ(at_server.last(), -ETIMEDOUT);
}

TEST(SimFaults, HalfOpenAtOnceSwallowsFinAndBytes) {
  connected_hosts hosts(1, never_asking);
  recorded at_server;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.world.half_open(hosts.client, hosts.at_client);
  hosts.close(hosts.client, hosts.at_client);
  const sent full(hosts.server, hosts.at_server, std::string(300'000, 'x'));
  hosts.world.run_for(900s);
  EXPECT_FALSE(at_server.ended());
  EXPECT_FALSE(full.ended());
  hosts.world.run_for(100s);
  EXPECT_EQ(at_server.last(), -ETIMEDOUT);
  EXPECT_EQ(full.last(), -EPIPE) << "the error was told once";
}

TEST(SimFaults, ALostAcknowledgementIsTakenForLostBytes) {
  connected_hosts hosts;
  recorded at_client;
  recorded at_server;
  hosts.client.recv_start(at_client, hosts.at_client);
  hosts.server.recv_start(at_server, hosts.at_server);
  const sent on_the_way(hosts.client, hosts.at_client, "x");
  hosts.world.half_open(hosts.client, hosts.at_client);
  hosts.world.run_for(1s);
  EXPECT_EQ(at_server.bytes, "x");
  ASSERT_TRUE(hosts.ends(at_client));
  EXPECT_EQ(at_client.last(), -ETIMEDOUT);
}

TEST(SimFaults, HalfOpenWhileConnectingIsALostSyn) {
  two_hosts hosts;
  hosts.listen(80);
  hosts.world.everywhere().half_open = 1;
  const mono_time start = hosts.world.now();
  recorded op;
  hosts.connect(op, 80);
  hosts.world.run_for(2s);
  hosts.world.everywhere().half_open = 0;
  ASSERT_TRUE(hosts.ends(op));
  EXPECT_EQ(op.last(), 0);
  EXPECT_GE(hosts.world.now() - start, 3s) << "tried again after 1 s and 2 s more";
  EXPECT_LT(hosts.world.now() - start, 4s);
}

TEST(SimFaults, AcceptEmfile) {
  two_hosts hosts;
  const io::handle listener = hosts.listen(80);
  recorded accept;
  hosts.server.accept_start(accept, listener);
  hosts.world.everywhere().accept_emfile = 1;
  recorded connecting;
  hosts.connect(connecting, 80);
  ASSERT_TRUE(hosts.ends(accept));
  EXPECT_EQ(accept.results, std::vector<std::int32_t>{-EMFILE});
  hosts.world.everywhere().accept_emfile = 0;
  recorded again;
  hosts.server.accept_start(again, listener);
  hosts.world.run_for(1s);
  ASSERT_EQ(again.results.size(), 1U);
  EXPECT_GE(again.last(), 0) << "the connection was still there";
}

TEST(SimFaults, ALinkHasFaultsOfItsOwn) {
  connected_hosts hosts;
  io::backend& other = hosts.world.add_host("10.0.0.3").io();
  hosts.world.between("10.0.0.3", "10.0.0.1").refused = 1;
  recorded far;
  other.connect(far, io::handle{other.open(AF_INET, SOCK_STREAM)}, *address::parse("10.0.0.1", 80));
  recorded near;
  hosts.connect(near, 80);
  hosts.world.run_for(1s);
  EXPECT_EQ(far.last(), -ECONNREFUSED);
  EXPECT_EQ(near.last(), 0);
}

TEST(SimFaults, AConnectionHasFaultsOfItsOwn) {
  connected_hosts hosts(1, never_asking);
  recorded connecting;
  const io::handle second = hosts.connect(connecting, 80);
  ASSERT_TRUE(hosts.world.run_until([&] { return hosts.accept.results.size() == 2; }));
  hosts.world.connection(hosts.client, second).half_open = 1;
  const sent lost(hosts.client, second, "x");
  EXPECT_LE(time_to_send(hosts, "x"), 1ms);
  recorded receiving;
  hosts.server.recv_start(receiving, io::handle{hosts.accept.last()});
  hosts.world.run_for(1h);
  EXPECT_FALSE(receiving.ended());
  EXPECT_EQ(receiving.bytes, "");
}

TEST(SimFaults, ATraceNamesWhatHappens) {
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  connected_hosts hosts;
  hosts.world.trace_to(file);
  hosts.world.everywhere().reset = 1;
  const sent sending(hosts.client, hosts.at_client, "x");
  hosts.world.run_for(1s);
  hosts.world.trace_to(nullptr);
  std::rewind(file);
  std::string text(10'000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  EXPECT_NE(text.find("#1 0 sends 1 bytes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("fault reset\n"), std::string::npos) << text;
  EXPECT_NE(text.find("#1 1 gets rst\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace ferrule::test
