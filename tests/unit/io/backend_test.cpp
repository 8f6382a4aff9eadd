// Conformance of every backend, part 1: sockets, streams, datagrams and the clock.

#include "ferrule/io/backend.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>

#include "support/backend_suite.hpp"

namespace ferrule::io::suite {

using namespace std::chrono_literals;

template <class World>
class backend_test : public backend_suite<World> {};
TYPED_TEST_SUITE(backend_test, worlds);

TYPED_TEST(backend_test, listens_on_a_port_of_its_choice_and_says_which) {
  const address at = this->local(this->listen());
  EXPECT_NE(at.port(), 0);
  EXPECT_EQ(at.ip(), "127.0.0.1");
  EXPECT_EQ(this->io().listen(at, {}), -EADDRINUSE);
}

TYPED_TEST(backend_test, the_first_of_those_that_share_a_port_has_it_for_itself) {
  const io::socket_options first{.reuse_port = true, .is_first_of_port = true};
  const io::socket_options further{.reuse_port = true};
  const handle alone = this->listen(first);
  const address at = this->local(alone);
  EXPECT_EQ(this->io().listen(at, first), -EADDRINUSE) << "another process that begins like this";
  EXPECT_GE(this->io().listen(at, further), 0);
  EXPECT_EQ(this->io().listen(at, {}), -EADDRINUSE);
}

TYPED_TEST(backend_test, connections_come_to_all_that_share_a_port) {
  const handle first = this->listen({.reuse_port = true, .is_first_of_port = true});
  const address at = this->local(first);
  const auto second = static_cast<handle>(this->io().listen(at, {.reuse_port = true}));
  acceptor& at_first = this->make_acceptor();
  acceptor& at_second = this->make_acceptor();
  this->io().accept_start(at_first, first);
  this->io().accept_start(at_second, second);
  std::vector<call*> connecting;
  for (int i = 0; i < 64; ++i) {
    connecting.push_back(&this->make_call());
    this->io().connect(*connecting.back(), this->open(), at);
  }
  ASSERT_TRUE(this->run_until(
      [&] { return at_first.accepted.size() + at_second.accepted.size() == connecting.size(); }));
  EXPECT_GT(at_first.accepted.size(), 10U);
  EXPECT_GT(at_second.accepted.size(), 10U);
}

TYPED_TEST(backend_test, shares_a_port_only_when_both_want_to) {
  const address at = this->local(this->listen({.reuse_port = true}));
  EXPECT_GE(this->io().listen(at, {.reuse_port = true}), 0);
  EXPECT_EQ(this->io().listen(at, {}), -EADDRINUSE);
}

TYPED_TEST(backend_test, accepts_many_connections_with_one_operation) {
  const handle listener = this->listen({.linger_s = 5, .receive_buffer_bytes = 65536});
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, listener);
  std::vector<call*> connecting;
  std::vector<handle> clients;
  for (int i = 0; i < 20; ++i) {
    call& one = *connecting.emplace_back(&this->make_call());
    clients.push_back(this->open());
    this->io().connect(one, clients.back(), this->local(listener));
    EXPECT_FALSE(one.ended) << "ended inside its start";
  }
  ASSERT_TRUE(this->run_until([&] { return accepting.accepted.size() == connecting.size(); }));
  for (const call* one : connecting) {
    ASSERT_TRUE(this->run_until_ended(*one));
    EXPECT_EQ(one->result, 0);
  }
  EXPECT_FALSE(accepting.ended);

  std::size_t matched = 0;
  for (const handle server : accepting.accepted) {
    address peer;
    ASSERT_EQ(this->io().peer(server, peer), 0);
    EXPECT_EQ(this->local(server), this->local(listener));
    for (const handle client : clients) matched += this->local(client) == peer ? 1U : 0U;
  }
  EXPECT_EQ(matched, clients.size());
  EXPECT_EQ(this->io().option(clients.front(), IPPROTO_TCP, TCP_NODELAY, 1), 0);
}

TYPED_TEST(backend_test, reports_a_refused_connection) {
  const handle listener = this->listen();
  const address at = this->local(listener);
  this->close(listener);
  call& connecting = this->make_call();
  this->io().connect(connecting, this->open(), at);
  ASSERT_TRUE(this->run_until_ended(connecting));
  EXPECT_EQ(connecting.result, -ECONNREFUSED);
}

TYPED_TEST(backend_test, moves_bytes_both_ways) {
  const connection c = this->connect();
  receiver& at_server = this->make_receiver();
  receiver& at_client = this->make_receiver();
  sender& request = this->make_sender("ping");
  sender& answer = this->make_sender("pong");
  this->io().recv_start(at_server, c.server);
  this->io().recv_start(at_client, c.client);
  request.start(this->io(), c.client);
  answer.start(this->io(), c.server);
  EXPECT_FALSE(request.ended) << "ended inside its start";
  ASSERT_TRUE(this->run_until([&] {
    return at_server.bytes == "ping" && at_client.bytes == "pong" && request.ended && answer.ended;
  }));
  EXPECT_EQ(request.result, 4);
  EXPECT_EQ(answer.result, 4);
}

TYPED_TEST(backend_test, serves_many_sockets_from_few_receive_buffers) {
  const std::vector<connection> all = this->connect(16);
  std::vector<receiver*> receivers;
  std::vector<sender*> senders;
  for (std::size_t i = 0; i < all.size(); ++i) {
    receivers.push_back(&this->make_receiver());
    senders.push_back(&this->make_sender(pattern(20'000, i)));
    this->io().recv_start(*receivers[i], all[i].server);
    senders[i]->start(this->io(), all[i].client);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE(this->run_until([&] { return receivers[i]->bytes.size() >= 20'000; }));
    EXPECT_EQ(receivers[i]->bytes, pattern(20'000, i));
    EXPECT_FALSE(receivers[i]->ended);
  }
}

TYPED_TEST(backend_test, sends_parts_in_order_as_one) {
  const connection c = this->connect();
  receiver& receiving = this->make_receiver();
  this->io().recv_start(receiving, c.server);
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{2}, std::size_t{7}, std::size_t{1500}}) {
    std::string text = pattern((count + 1) * 11, count);
    std::vector<iovec> parts;
    for (std::size_t i = 0; i < count; ++i) {
      parts.push_back({text.data() + i * 11, i % 3 == 0 ? 0 : i % 3 == 1 ? 22U : 11U});
    }
    std::string wanted;
    for (const iovec& p : parts) wanted.append(static_cast<const char*>(p.iov_base), p.iov_len);
    receiving.bytes.clear();
    call& sending = this->make_call();
    this->io().send(sending, c.client, parts);
    ASSERT_TRUE(
        this->run_until([&] { return sending.ended && receiving.bytes.size() >= wanted.size(); }));
    EXPECT_EQ(sending.result, static_cast<std::int32_t>(wanted.size()));
    EXPECT_EQ(receiving.bytes, wanted);
  }
}

TYPED_TEST(backend_test, completes_a_send_only_when_all_of_it_is_taken) {
  const connection c = this->connect();
  sender& one_part = this->make_sender(pattern(12'000'000, 1));  // more than any socket's buffers
  one_part.start(this->io(), c.client);
  this->let_things_happen();
  EXPECT_FALSE(one_part.ended);
  std::string got(one_part.text.size(), '\0');
  for (std::size_t size = 0; size < got.size();) {
    call& receiving = this->make_call();
    this->io().recv(receiving, c.server, writable(got).subspan(size));
    ASSERT_TRUE(this->run_until_ended(receiving));
    ASSERT_GT(receiving.result, 0);
    size += static_cast<std::size_t>(receiving.result);
  }
  ASSERT_TRUE(this->run_until_ended(one_part));
  EXPECT_EQ(one_part.result, static_cast<std::int32_t>(got.size()));
  EXPECT_TRUE(got == one_part.text);
}

TYPED_TEST(backend_test, refuses_to_send_more_at_once_than_it_can_count) {
  const connection c = this->connect();
  char byte = 'x';
  const std::array parts{iovec{&byte, 1}, iovec{&byte, send_bytes_max}};
  call& sending = this->make_call();
  this->io().send(sending, c.client, parts);
  ASSERT_TRUE(this->run_until_ended(sending));
  EXPECT_EQ(sending.result, -EMSGSIZE);
  sender& more = this->make_sender("abc");
  more.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(more));
  EXPECT_EQ(more.result, 3);
}

TYPED_TEST(backend_test, receives_into_own_memory_only_when_asked) {
  const connection c = this->connect();
  sender& sending = this->make_sender("0123456789");
  sending.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(sending));
  std::string got(4, '\0');
  std::string all;
  while (all.size() < 10) {
    call& receiving = this->make_call();
    this->io().recv(receiving, c.server, writable(got));
    EXPECT_FALSE(receiving.ended) << "ended inside its start";
    ASSERT_TRUE(this->run_until_ended(receiving));
    ASSERT_GT(receiving.result, 0);
    ASSERT_LE(receiving.result, 4);
    all.append(got, 0, static_cast<std::size_t>(receiving.result));
  }
  EXPECT_EQ(all, "0123456789");
  this->io().shutdown(c.client, SHUT_WR);
  call& at_end = this->make_call();
  this->io().recv(at_end, c.server, writable(got));
  ASSERT_TRUE(this->run_until_ended(at_end));
  EXPECT_EQ(at_end.result, 0);
}

TYPED_TEST(backend_test, changes_from_shared_buffers_to_own_memory_without_losing_a_byte) {
  const connection c = this->connect();
  receiver& shared = this->make_receiver();
  this->io().recv_start(shared, c.server);
  sender& sending = this->make_sender(pattern(5000));
  sending.start(this->io(), c.client);
  shared.and_then = [&] { this->io().cancel(shared); };
  ASSERT_TRUE(this->run_until_ended(shared));
  EXPECT_EQ(shared.result, -ECANCELED);
  std::string got(5000 - shared.bytes.size(), '\0');
  std::string all = shared.bytes;
  while (all.size() < 5000) {
    call& receiving = this->make_call();
    this->io().recv(receiving, c.server, writable(got));
    ASSERT_TRUE(this->run_until_ended(receiving));
    ASSERT_GT(receiving.result, 0);
    all.append(got, 0, static_cast<std::size_t>(receiving.result));
  }
  EXPECT_EQ(all, pattern(5000));
  ASSERT_TRUE(this->run_until_ended(sending));
}

TYPED_TEST(backend_test, ends_a_stream_at_fin_and_leaves_the_other_way_open) {
  const connection c = this->connect();
  receiver& at_server = this->make_receiver();
  receiver& at_client = this->make_receiver();
  this->io().recv_start(at_server, c.server);
  this->io().recv_start(at_client, c.client);
  sender& last_words = this->make_sender("bye");
  last_words.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(last_words));
  this->io().shutdown(c.client, SHUT_WR);
  ASSERT_TRUE(this->run_until_ended(at_server));
  EXPECT_EQ(at_server.result, 0);
  EXPECT_EQ(at_server.bytes, "bye");
  sender& still = this->make_sender("still here");
  still.start(this->io(), c.server);
  ASSERT_TRUE(this->run_until([&] { return at_client.bytes == "still here"; }));
  EXPECT_FALSE(at_client.ended);
}

TYPED_TEST(backend_test, reports_a_reset_to_receives_and_sends) {
  const connection c = this->connect();
  sender& unread = this->make_sender("unread");
  unread.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(unread));
  std::string got(1, '\0');
  call& taste = this->make_call();  // so that the rest has certainly arrived
  this->io().recv(taste, c.server, writable(got));
  ASSERT_TRUE(this->run_until_ended(taste));
  receiver& receiving = this->make_receiver();
  this->io().recv_start(receiving, c.client);
  this->close(c.server);  // with bytes unread: RST
  ASSERT_TRUE(this->run_until_ended(receiving));
  EXPECT_EQ(receiving.result, -ECONNRESET);
  sender& late = this->make_sender("late");
  late.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(late));
  EXPECT_EQ(late.result, -EPIPE);
}

TYPED_TEST(backend_test, exchanges_datagrams_with_their_senders) {
  const handle a = this->open(SOCK_DGRAM);
  const handle b = this->open(SOCK_DGRAM);
  const auto bytes_of = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  // Sending binds a socket to a port; nobody hears these.
  for (const handle socket : {a, b}) {
    call& binding = this->make_call();
    this->io().send_to(binding, socket, bytes_of("?"), this->local(this->listen()));
    ASSERT_TRUE(this->run_until_ended(binding));
    EXPECT_EQ(binding.result, 1);
  }
  std::array<std::string, 2> got{std::string(16, '\0'), std::string(3, '\0')};
  for (std::string& into : got) {
    address from;
    call& receiving = this->make_call();
    this->io().recv_from(receiving, a, writable(into), from);
    call& sending = this->make_call();
    this->io().send_to(sending, b, bytes_of("hello"), address::loopback_v4(this->local(a).port()));
    ASSERT_TRUE(this->run_until_ended(receiving, sending));
    EXPECT_EQ(sending.result, 5);
    EXPECT_EQ(from, address::loopback_v4(this->local(b).port()));
    into.resize(static_cast<std::size_t>(receiving.result));
  }
  EXPECT_EQ(got[0], "hello");
  EXPECT_EQ(got[1], "hel");
}

TYPED_TEST(backend_test, fails_operations_on_what_is_not_open) {
  const handle closed = this->open();
  this->close(closed);
  for (const handle bad : {handle::none, closed, static_cast<handle>(100'000)}) {
    acceptor& accepting = this->make_acceptor();
    receiver& streaming = this->make_receiver();
    std::string into(1, '\0');
    call& receiving = this->make_call();
    sender& sending = this->make_sender("x");
    call& connecting = this->make_call();
    call& closing = this->make_call();
    this->io().accept_start(accepting, bad);
    this->io().recv_start(streaming, bad);
    this->io().recv(receiving, bad, writable(into));
    sending.start(this->io(), bad);
    this->io().connect(connecting, bad, address::loopback_v4(1));
    this->io().close(closing, bad);
    EXPECT_FALSE(streaming.ended || receiving.ended || closing.ended);
    ASSERT_TRUE(
        this->run_until_ended(accepting, streaming, receiving, sending, connecting, closing));
    EXPECT_EQ(accepting.result, -EBADF);
    EXPECT_EQ(streaming.result, -EBADF);
    EXPECT_EQ(receiving.result, -EBADF);
    EXPECT_EQ(sending.result, -EBADF);
    EXPECT_EQ(connecting.result, -EBADF);
    EXPECT_EQ(closing.result, -EBADF);
  }
}

TYPED_TEST(backend_test, polls_without_sleeping_and_sleeps_without_waking) {
  const connection c = this->connect();  // idle, with everything pending that an idle server has
  receiver& receiving = this->make_receiver();
  acceptor& accepting = this->make_acceptor();
  this->io().recv_start(receiving, c.server);
  this->io().accept_start(accepting, this->listen());
  const mono_time before = this->io().now();
  EXPECT_EQ(this->io().wait(mono_time::min()), 0U);
  const mono_time start = this->io().now();
  EXPECT_GE(start, before);
  unsigned waits = 0;
  for (; this->io().now() < start + 100ms; ++waits) {
    EXPECT_EQ(this->io().wait(start + 100ms), 0U);
  }
  // On a busy machine the kernel's last word on a new connection can come late.
  EXPECT_LE(waits, 3U) << "idle waits are cut short";
}

TYPED_TEST(backend_test, keeps_its_time_between_waits) {
  const mono_time now = this->io().now();
  const wall_time date = this->io().date();
  this->io().option(this->open(), IPPROTO_TCP, TCP_NODELAY, 1);
  EXPECT_EQ(this->io().now(), now);
  EXPECT_EQ(this->io().date(), date);
  this->io().wait(now + 5ms);
  EXPECT_GE(this->io().now(), now + 5ms);
  EXPECT_GT(this->io().date(), date);
}

TYPED_TEST(backend_test, is_woken_before_it_sleeps_too) {
  this->io().wake();
  this->io().wake();
  EXPECT_EQ(this->io().wait(no_deadline), 0U);
  const mono_time start = this->io().now();
  EXPECT_EQ(this->io().wait(start + 50ms), 0U);
  EXPECT_GE(this->io().now(), start + 50ms) << "two wakes before one wait end that one only";
}

}  // namespace ferrule::io::suite
