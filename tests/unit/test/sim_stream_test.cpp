// TCP as the simulated network does it: what a program sees must be what Linux would show it.
#include <gtest/gtest.h>

#include "recorded.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

TEST(SimStream, BytesFlowBothWaysInOrder) {
  connected_hosts hosts;
  recorded at_server;
  recorded at_client;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.client.recv_start(at_client, hosts.at_client);
  const std::string request = pattern(100'000);
  const std::string answer = pattern(50'001);
  const sent asking(hosts.client, hosts.at_client, request);
  const sent answering(hosts.server, hosts.at_server, answer);
  hosts.world.run_for(1s);
  EXPECT_EQ(asking.results, std::vector<std::int32_t>{100'000});
  EXPECT_EQ(answering.results, std::vector<std::int32_t>{50'001});
  EXPECT_EQ(at_server.bytes, request);
  EXPECT_EQ(at_client.bytes, answer);
  for (const std::int32_t lent : at_server.results) EXPECT_LE(lent, 2048);
}

TEST(SimStream, SeveralPartsAreOneSend) {
  connected_hosts hosts;
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  const iovec parts[] = {part("one,"), part(""), part("two")};
  recorded sending;
  hosts.client.send(sending, hosts.at_client, parts);
  hosts.world.run_for(1s);
  EXPECT_EQ(sending.last(), 7);
  EXPECT_EQ(receiving.bytes, "one,two");
  recorded nothing;
  hosts.client.send(nothing, hosts.at_client, {});
  hosts.world.run_for(1s);
  EXPECT_EQ(nothing.last(), 0);
}

TEST(SimStream, BothEndsKnowTheirAddresses) {
  connected_hosts hosts;
  address client_local, client_peer, server_local, server_peer, listening;
  ASSERT_EQ(hosts.client.local(hosts.at_client, client_local), 0);
  ASSERT_EQ(hosts.client.peer(hosts.at_client, client_peer), 0);
  ASSERT_EQ(hosts.server.local(hosts.at_server, server_local), 0);
  ASSERT_EQ(hosts.server.peer(hosts.at_server, server_peer), 0);
  ASSERT_EQ(hosts.server.local(hosts.listener, listening), 0);
  EXPECT_EQ(client_peer, *address::parse("10.0.0.1", 80));
  EXPECT_EQ(server_local, client_peer);
  EXPECT_EQ(client_local.ip(), "10.0.0.2");
  EXPECT_NE(client_local.port(), 0);
  EXPECT_EQ(server_peer, client_local);
  EXPECT_EQ(listening, client_peer);
}

TEST(SimStream, ConnectIsRefusedWhereNobodyListens) {
  two_hosts hosts;
  recorded op;
  const io::handle socket = hosts.connect(op, 81);
  ASSERT_TRUE(hosts.ends(op));
  EXPECT_EQ(op.last(), -ECONNREFUSED);

  hosts.listen(81);  // the socket may try again
  recorded again;
  hosts.client.connect(again, socket, *address::parse("10.0.0.1", 81));
  ASSERT_TRUE(hosts.ends(again));
  EXPECT_EQ(again.last(), 0);
  recorded twice;
  hosts.client.connect(twice, socket, *address::parse("10.0.0.1", 81));
  ASSERT_TRUE(hosts.ends(twice));
  EXPECT_EQ(twice.last(), -EISCONN);
}

TEST(SimStream, ConnectToNobodyTimesOutAsOnLinux) {
  two_hosts hosts;
  const mono_time start = hosts.world.now();
  const io::handle socket{hosts.client.open(AF_INET, SOCK_STREAM)};
  recorded op;
  recorded early;
  hosts.client.connect(op, socket, *address::parse("10.0.0.77", 80));
  hosts.client.connect(early, socket, *address::parse("10.0.0.77", 80));
  ASSERT_TRUE(hosts.ends(op));
  EXPECT_EQ(early.last(), -EALREADY);
  EXPECT_EQ(op.last(), -ETIMEDOUT);
  EXPECT_EQ(hosts.world.now() - start, 127s);
}

TEST(SimStream, LoopbackStaysOnItsHost) {
  two_hosts hosts;
  const std::int32_t on_server = hosts.server.listen(address::loopback_v4(0), {});
  address at;
  ASSERT_EQ(hosts.server.local(io::handle{on_server}, at), 0);
  ASSERT_NE(at.port(), 0);
  recorded ops[3];
  const io::handle here{hosts.server.open(AF_INET, SOCK_STREAM)};
  const io::handle there{hosts.client.open(AF_INET, SOCK_STREAM)};
  const io::handle anywhere{hosts.server.open(AF_INET, SOCK_STREAM)};
  hosts.server.connect(ops[0], here, at);
  hosts.client.connect(ops[1], there, at);
  hosts.server.connect(ops[2], anywhere, *address::parse("0.0.0.0", at.port()));
  hosts.world.run_for(1s);
  EXPECT_EQ(ops[0].last(), 0);
  EXPECT_EQ(ops[1].last(), -ECONNREFUSED);
  EXPECT_EQ(ops[2].last(), 0);
}

TEST(SimStream, AddressesAreTakenAsOnLinux) {
  two_hosts hosts;
  const io::socket_options shared{.reuse_port = true};
  EXPECT_GE(hosts.server.listen(*address::parse("10.0.0.1", 80), shared), 0);
  EXPECT_GE(hosts.server.listen(*address::parse("10.0.0.1", 80), shared), 0);
  EXPECT_EQ(hosts.server.listen(*address::parse("10.0.0.1", 80), {}), -EADDRINUSE);
  EXPECT_EQ(hosts.server.listen(*address::parse("0.0.0.0", 80), {}), -EADDRINUSE);
  EXPECT_GE(hosts.server.listen(address::loopback_v4(80), {}), 0);
  EXPECT_GE(hosts.client.listen(*address::parse("0.0.0.0", 80), {}), 0);
  EXPECT_EQ(hosts.server.listen(*address::parse("10.0.0.2", 81), {}), -EADDRNOTAVAIL);
  EXPECT_GE(hosts.server.listen(*address::parse("::1", 80), {}), 0);

  const std::int32_t first = hosts.server.listen(*address::parse("10.0.0.1", 90), {});
  hosts.close(hosts.server, io::handle{first});
  EXPECT_GE(hosts.server.listen(*address::parse("10.0.0.1", 90), {}), 0) << "closing frees it";
}

TEST(SimStream, AHostMayRunOutOfPorts) {
  constexpr std::size_t ports = 28'232;  // Linux' default range
  two_hosts hosts;
  std::vector<recorded> connects(ports + 2);
  io::handle first = io::handle::none;
  for (std::size_t i = 0; i <= ports; ++i) {
    const io::handle socket{hosts.client.open(AF_INET, SOCK_STREAM)};
    if (i == 0) first = socket;
    hosts.client.connect(connects[i], socket, *address::parse("10.0.0.77", 80));
  }
  ASSERT_TRUE(hosts.ends(connects[ports]));
  EXPECT_EQ(connects[ports].last(), -EADDRNOTAVAIL);
  EXPECT_EQ(hosts.client.listen(*address::parse("10.0.0.2", 0), {}), -EADDRINUSE);

  hosts.listen(80);
  hosts.close(hosts.client, first);
  hosts.connect(connects[ports + 1], 80);
  ASSERT_TRUE(hosts.ends(connects[ports + 1]));
  EXPECT_EQ(connects[ports + 1].last(), 0) << "closing gives the port back";
}

TEST(SimStream, ReusePortSpreadsConnectionsOverThreads) {
  sim_world world(3);
  const io::socket_options shared{.reuse_port = true};
  recorded accepts[2];
  for (recorded& accept : accepts) {
    io::backend& thread = world.add_host("10.0.0.1").io();
    const io::handle listener{thread.listen(*address::parse("10.0.0.1", 80), shared)};
    thread.accept_start(accept, listener);
  }
  io::backend& client = world.add_host("10.0.0.2").io();
  recorded connects[40];
  for (recorded& op : connects) {
    client.connect(op, io::handle{client.open(AF_INET, SOCK_STREAM)},
                   *address::parse("10.0.0.1", 80));
  }
  world.run_for(1s);
  EXPECT_EQ(accepts[0].results.size() + accepts[1].results.size(), 40U);
  EXPECT_GE(accepts[0].results.size(), 5U);
  EXPECT_GE(accepts[1].results.size(), 5U);
}

TEST(SimStream, NotReadingIsBackpressure) {
  connected_hosts hosts;
  const std::string text = pattern(300'000);
  const sent sending(hosts.client, hosts.at_client, text);
  hosts.world.run_for(1h);
  EXPECT_FALSE(sending.ended()) << "more than both buffers was taken";

  std::string received;
  std::string into(10'000, '\0');
  while (received.size() < text.size()) {
    recorded op;
    hosts.server.recv(op, hosts.at_server, writable(into));
    ASSERT_TRUE(hosts.ends(op));
    ASSERT_GT(op.last(), 0);
    received.append(into, 0, static_cast<std::size_t>(op.last()));
    if (received.size() < 150'000) EXPECT_FALSE(sending.ended());
  }
  hosts.world.run_for(1s);
  EXPECT_EQ(sending.results, std::vector<std::int32_t>{300'000});
  EXPECT_EQ(received, text);
}

TEST(SimStream, BufferSizesAreHeeded) {
  connected_hosts hosts(1, {.receive_buffer_bytes = 4096});
  ASSERT_EQ(hosts.client.option(hosts.at_client, SOL_SOCKET, SO_SNDBUF, 4096), 0);
  const sent sending(hosts.client, hosts.at_client, pattern(8193));
  hosts.world.run_for(1s);
  EXPECT_FALSE(sending.ended());
  std::string into(4096, '\0');
  recorded op;
  hosts.server.recv(op, hosts.at_server, writable(into));
  hosts.world.run_for(1s);
  EXPECT_EQ(op.last(), 4096);
  EXPECT_EQ(sending.last(), 8193);
}

TEST(SimStream, FinIsAnEndOfOneDirectionOnly) {
  connected_hosts hosts;
  recorded at_server;
  recorded at_client;
  hosts.server.recv_start(at_server, hosts.at_server);
  hosts.client.recv_start(at_client, hosts.at_client);
  const sent last_words(hosts.client, hosts.at_client, "bye");
  hosts.client.shutdown(hosts.at_client, SHUT_WR);
  ASSERT_TRUE(hosts.ends(at_server));
  EXPECT_EQ(at_server.bytes, "bye");
  EXPECT_EQ(at_server.last(), 0);

  const sent answer(hosts.server, hosts.at_server, "still here");
  hosts.world.run_for(1s);
  EXPECT_EQ(answer.last(), 10);
  EXPECT_EQ(at_client.bytes, "still here");
  EXPECT_FALSE(at_client.ended());

  const sent too_late(hosts.client, hosts.at_client, "more");
  hosts.world.run_for(1s);
  EXPECT_EQ(too_late.last(), -EPIPE);
}

TEST(SimStream, ShutdownEndsPendingOperations) {
  connected_hosts hosts;
  recorded receiving;
  hosts.client.recv_start(receiving, hosts.at_client);
  const sent sending(hosts.client, hosts.at_client, pattern(300'000));
  hosts.world.run_for(1s);
  hosts.client.shutdown(hosts.at_client, SHUT_RDWR);
  hosts.world.run_for(1s);
  EXPECT_EQ(receiving.last(), 0);
  EXPECT_EQ(sending.last(), -EPIPE);
}

TEST(SimStream, CloseSendsWhatWasTakenThenFin) {
  connected_hosts hosts;
  const std::string text = pattern(100'000);
  const sent sending(hosts.client, hosts.at_client, text);
  ASSERT_TRUE(hosts.ends(sending));
  EXPECT_EQ(hosts.close(hosts.client, hosts.at_client), 0);
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.bytes, text);
  EXPECT_EQ(receiving.last(), 0);
}

TEST(SimStream, ClosingOverUnreadBytesResets) {
  connected_hosts hosts;
  recorded receiving;
  hosts.client.recv_start(receiving, hosts.at_client);
  const sent unread(hosts.client, hosts.at_client, "nobody reads this");
  hosts.world.run_for(1s);
  hosts.close(hosts.server, hosts.at_server);
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.last(), -ECONNRESET);
  const sent after(hosts.client, hosts.at_client, "x");
  ASSERT_TRUE(hosts.ends(after));
  EXPECT_EQ(after.last(), -EPIPE) << "the error was told once";
  recorded again;
  hosts.client.recv_start(again, hosts.at_client);
  ASSERT_TRUE(hosts.ends(again));
  EXPECT_EQ(again.last(), 0);
}

TEST(SimStream, AResetIsToldToTheSenderWhenNobodyReceives) {
  connected_hosts hosts;
  hosts.world.reset(hosts.client, hosts.at_client);
  hosts.world.run_for(1s);
  const sent first(hosts.client, hosts.at_client, "x");
  ASSERT_TRUE(hosts.ends(first));
  EXPECT_EQ(first.last(), -ECONNRESET);
  const sent second(hosts.client, hosts.at_client, "x");
  ASSERT_TRUE(hosts.ends(second));
  EXPECT_EQ(second.last(), -EPIPE);
}

TEST(SimStream, BytesThatArrivedBeforeAResetCanBeRead) {
  connected_hosts hosts;
  const sent sending(hosts.client, hosts.at_client, "first");
  hosts.world.run_for(1s);
  hosts.world.reset(hosts.client, hosts.at_client);
  hosts.world.run_for(1s);
  recorded receiving;
  hosts.server.recv_start(receiving, hosts.at_server);
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.bytes, "first");
  EXPECT_EQ(receiving.last(), -ECONNRESET);
}

TEST(SimStream, SendingToAClosedPeerEndsInPipe) {
  connected_hosts hosts;
  hosts.close(hosts.server, hosts.at_server);
  hosts.world.run_for(1s);
  const sent first(hosts.client, hosts.at_client, "x");  // answered by RST
  hosts.world.run_for(1s);
  EXPECT_EQ(first.last(), 1);
  const sent second(hosts.client, hosts.at_client, "x");
  hosts.world.run_for(1s);
  EXPECT_EQ(second.last(), -EPIPE);
}

TEST(SimStream, LingerOfZeroResets) {
  connected_hosts hosts(1, {.linger_s = 0});
  recorded receiving;
  hosts.client.recv_start(receiving, hosts.at_client);
  hosts.close(hosts.server, hosts.at_server);
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.last(), -ECONNRESET);
}

TEST(SimStream, AFullBacklogMakesClientsTryAgain) {
  two_hosts hosts;
  const io::handle listener = hosts.listen(80, {.backlog = 1});
  recorded connects[3];
  for (recorded& op : connects) hosts.connect(op, 80);
  hosts.world.run_for(500ms);
  EXPECT_EQ(connects[0].ends + connects[1].ends + connects[2].ends, 2U);  // one more than asked
  recorded accept;
  hosts.server.accept_start(accept, listener);
  hosts.world.run_for(1s);
  EXPECT_EQ(connects[0].ends + connects[1].ends + connects[2].ends, 3U);
  EXPECT_EQ(accept.results.size(), 3U);
}

TEST(SimStream, ClosingAListenerResetsWhoWaits) {
  two_hosts hosts;
  const io::handle listener = hosts.listen(80);
  recorded connecting;
  const io::handle socket = hosts.connect(connecting, 80);
  ASSERT_TRUE(hosts.ends(connecting));
  recorded receiving;
  hosts.client.recv_start(receiving, socket);
  hosts.close(hosts.server, listener);
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.last(), -ECONNRESET);
}

TEST(SimStream, ShuttingAListenerEndsItsAccept) {
  connected_hosts hosts;
  hosts.server.shutdown(hosts.listener, SHUT_RDWR);
  ASSERT_TRUE(hosts.ends(hosts.accept));
  EXPECT_EQ(hosts.accept.last(), -EINVAL);
  recorded refused;
  hosts.connect(refused, 80);
  ASSERT_TRUE(hosts.ends(refused));
  EXPECT_EQ(refused.last(), -ECONNREFUSED);
}

TEST(SimStream, CloseWhileConnectingIsSeenAsAReset) {
  two_hosts hosts;
  const io::handle listener = hosts.listen(80);
  recorded accept;
  hosts.server.accept_start(accept, listener);
  recorded connecting;
  const io::handle socket = hosts.connect(connecting, 80);
  EXPECT_EQ(hosts.close(hosts.client, socket), 0);
  EXPECT_EQ(connecting.results, std::vector<std::int32_t>{-ECANCELED});
  hosts.world.run_for(1s);
  ASSERT_EQ(accept.results.size(), 1U);
  recorded receiving;
  hosts.server.recv_start(receiving, io::handle{accept.last()});
  ASSERT_TRUE(hosts.ends(receiving));
  EXPECT_EQ(receiving.last(), -ECONNRESET);
}

TEST(SimStream, AHostThatGoesClosesItsSockets) {
  sim_world world(1);
  auto server = world.make_backend("10.0.0.1");
  const auto client = world.make_backend("10.0.0.2");
  const io::handle listener{server->listen(*address::parse("10.0.0.1", 80), {})};
  recorded accept, connecting, receiving;
  server->accept_start(accept, listener);
  const io::handle socket{client->open(AF_INET, SOCK_STREAM)};
  client->connect(connecting, socket, *address::parse("10.0.0.1", 80));
  while (!connecting.ended()) client->wait(no_deadline);
  while (accept.results.empty()) server->wait(no_deadline);
  client->recv_start(receiving, socket);
  server.reset();
  while (!receiving.ended()) client->wait(no_deadline);
  EXPECT_EQ(receiving.last(), 0);
  EXPECT_EQ(accept.ends, 0U) << "operations of a dead process are forgotten";
}

}  // namespace
}  // namespace ferrule::test
