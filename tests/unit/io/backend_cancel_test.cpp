// Conformance of every backend, part 2: how operations end early.

#include <cerrno>

#include "support/backend_suite.hpp"

namespace ferrule::io::suite {

using namespace std::chrono_literals;

template <class World>
class backend_cancel_test : public backend_suite<World> {};
TYPED_TEST_SUITE(backend_cancel_test, worlds);

TYPED_TEST(backend_cancel_test, cancels_what_waits_once_and_not_from_inside) {
  const connection c = this->connect();
  acceptor& accepting = this->make_acceptor();
  receiver& streaming = this->make_receiver();
  call& receiving = this->make_call();
  call& datagram = this->make_call();
  std::string into(8, '\0');
  address from;
  for (const bool submitted : {false, true}) {
    accepting.ended = streaming.ended = receiving.ended = datagram.ended = false;
    this->io().accept_start(accepting, this->listen());
    this->io().recv_start(streaming, c.server);
    this->io().recv(receiving, c.client, writable(into));
    this->io().recv_from(datagram, this->open(SOCK_DGRAM), writable(into), from);
    if (submitted) this->let_things_happen();
    for (operation* op :
         std::initializer_list<operation*>{&accepting, &streaming, &receiving, &datagram}) {
      EXPECT_TRUE(op->pending());
      this->io().cancel(*op);
      this->io().cancel(*op);
    }
    EXPECT_FALSE(accepting.ended || streaming.ended || receiving.ended || datagram.ended);
    ASSERT_TRUE(this->run_until_ended(accepting, streaming, receiving, datagram));
    EXPECT_EQ(accepting.result, -ECANCELED);
    EXPECT_EQ(streaming.result, -ECANCELED);
    EXPECT_EQ(receiving.result, -ECANCELED);
    EXPECT_EQ(datagram.result, -ECANCELED);
    this->io().cancel(streaming);  // not pending: harmless
    EXPECT_FALSE(streaming.pending());
  }
  this->let_things_happen();
}

TYPED_TEST(backend_cancel_test, cancels_a_send_that_is_stuck) {
  const connection c = this->connect();
  sender& stuck = this->make_sender(pattern(12'000'000));
  stuck.start(this->io(), c.client);
  this->let_things_happen();
  EXPECT_FALSE(stuck.ended);
  this->io().cancel(stuck);
  ASSERT_TRUE(this->run_until_ended(stuck));
  EXPECT_EQ(stuck.result, -ECANCELED);
}

TYPED_TEST(backend_cancel_test, lets_an_operation_start_again_from_its_last_completion) {
  const connection c = this->connect();
  receiver& receiving = this->make_receiver();
  int restarts = 0;
  receiving.and_then = [&] {
    if (!receiving.ended || ++restarts > 100) return;
    receiving.ended = false;
    this->io().recv_start(receiving, c.server);
    // At first the late cancellation of its former life must not hit it; then it is meant.
    if (restarts < 100) this->io().cancel(receiving);
  };
  this->io().recv_start(receiving, c.server);
  this->io().cancel(receiving);
  ASSERT_TRUE(this->run_until([&] { return restarts == 100; }));
  EXPECT_EQ(receiving.result, -ECANCELED);
  sender& sending = this->make_sender("alive");
  sending.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until([&] { return receiving.bytes == "alive"; }));
  EXPECT_FALSE(receiving.ended);
}

TYPED_TEST(backend_cancel_test, tells_a_late_cancel_from_the_operation_s_next_life) {
  const connection c = this->connect();
  std::string into(1, '\0');
  call& receiving = this->make_call();
  sender& sending = this->make_sender("ab");
  sending.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(sending));
  this->io().recv(receiving, c.server, writable(into));
  this->io().cancel(receiving);  // which may come too late
  ASSERT_TRUE(this->run_until_ended(receiving));
  EXPECT_TRUE(receiving.result == 1 || receiving.result == -ECANCELED);
  receiving.ended = false;
  this->io().recv(receiving, c.server, writable(into));
  ASSERT_TRUE(this->run_until_ended(receiving));
  EXPECT_EQ(receiving.result, 1);
}

TYPED_TEST(backend_cancel_test, closes_after_everything_pending_has_ended) {
  const connection c = this->connect();
  std::string order;
  receiver& receiving = this->make_receiver();
  sender& stuck = this->make_sender(pattern(12'000'000));
  call& closing = this->make_call();
  receiving.and_then = [&] { order += 'r'; };
  stuck.and_then = [&] { order += 's'; };
  closing.and_then = [&] { order += 'c'; };
  this->io().recv_start(receiving, c.client);
  stuck.start(this->io(), c.client);
  this->let_things_happen();
  this->io().close(closing, c.client);
  EXPECT_EQ(order, "");
  ASSERT_TRUE(this->run_until_ended(closing));
  EXPECT_EQ(order.size(), 3U);
  EXPECT_EQ(order.back(), 'c');
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(stuck.result, -ECANCELED);
  EXPECT_EQ(closing.result, 0);
}

TYPED_TEST(backend_cancel_test, closes_what_was_started_in_the_same_batch) {
  const connection c = this->connect();
  receiver& receiving = this->make_receiver();
  call& closing = this->make_call();
  this->io().recv_start(receiving, c.server);
  this->io().close(closing, c.server);
  EXPECT_FALSE(receiving.ended || closing.ended);
  ASSERT_TRUE(this->run_until_ended(closing));
  EXPECT_TRUE(receiving.ended);
  EXPECT_EQ(receiving.result, -ECANCELED);
}

TYPED_TEST(backend_cancel_test, closes_from_inside_a_completion) {
  const connection c = this->connect();
  receiver& receiving = this->make_receiver();
  call& closing = this->make_call();
  bool closed = false;
  receiving.and_then = [&] {
    if (!std::exchange(closed, true)) this->io().close(closing, c.server);
  };
  this->io().recv_start(receiving, c.server);
  sender& sending = this->make_sender(pattern(1000));
  sending.start(this->io(), c.client);
  ASSERT_TRUE(this->run_until_ended(receiving, closing, sending));
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(receiving.bytes, pattern(1000).substr(0, receiving.bytes.size()));
}

TYPED_TEST(backend_cancel_test, refuses_connections_once_a_listener_is_closed) {
  const handle listener = this->listen();
  const address at = this->local(listener);
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, listener);
  this->close(listener);
  EXPECT_TRUE(accepting.ended);
  call& connecting = this->make_call();
  this->io().connect(connecting, this->open(), at);
  ASSERT_TRUE(this->run_until_ended(connecting));
  EXPECT_EQ(connecting.result, -ECONNREFUSED);
  EXPECT_GE(this->io().listen(at, {}), 0) << "the port is free again";
}

/// An echo of one connection that owns itself: it dies inside its close's completion.
struct echo_session {
  echo_session(backend& on, handle socket, int& count) : io(on), at(socket), alive(count) {
    ++alive;
    receiving.session = sending.session = closing.session = this;
    receiving.done = [](operation& op, const completion& c) noexcept {
      static_cast<part&>(op).session->received(c);
    };
    sending.done = [](operation& op, const completion&) noexcept {
      static_cast<part&>(op).session->send_more();
    };
    closing.done = [](operation& op, const completion&) noexcept {
      delete static_cast<part&>(op).session;
    };
    io.recv_start(receiving, at);
  }
  ~echo_session() { --alive; }
  void received(const completion& c) {
    if (!c.more) return io.close(closing, at);
    waiting.append(reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size());
    if (!sending.pending()) send_more();
  }
  void send_more() {
    if (waiting.empty()) return;
    in_flight = std::exchange(waiting, {});
    vector = {in_flight.data(), in_flight.size()};
    io.send(sending, at, {&vector, 1});
  }
  struct part : operation {
    echo_session* session = nullptr;
  };
  backend& io;
  handle at;
  int& alive;
  part receiving, sending, closing;
  std::string waiting, in_flight;
  iovec vector{};
};

TYPED_TEST(backend_cancel_test, mixes_nothing_up_while_connections_come_and_go) {
  int alive = 0;
  const handle listener = this->listen();
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, listener);
  std::size_t served = 0;
  for (int round = 0; round < 30; ++round) {
    constexpr std::size_t count = 10;  // descriptors are used again in every round
    std::vector<call*> connecting;
    std::vector<receiver*> receiving;
    std::vector<sender*> sending;
    std::vector<handle> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(this->open());
      connecting.push_back(&this->make_call());
      this->io().connect(*connecting.back(), clients.back(), this->local(listener));
    }
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(this->run_until([&] { return connecting[i]->ended; }));
      ASSERT_EQ(connecting[i]->result, 0);
      sending.push_back(&this->make_sender(pattern(300, served + i)));
      receiving.push_back(&this->make_receiver());
      this->io().recv_start(*receiving.back(), clients[i]);
      sending.back()->start(this->io(), clients[i]);
    }
    ASSERT_TRUE(this->run_until([&] { return accepting.accepted.size() == count; }));
    for (const handle h : accepting.accepted) new echo_session(this->io(), h, alive);
    accepting.accepted.clear();
    std::vector<call*> closing;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 3 != 0) {  // of the others the answer is not awaited
        ASSERT_TRUE(this->run_until([&] { return receiving[i]->bytes.size() >= 300; }));
      }
      EXPECT_EQ(receiving[i]->bytes,
                pattern(300, served + i).substr(0, receiving[i]->bytes.size()));
      closing.push_back(&this->make_call());
      this->io().close(*closing.back(), clients[i]);
    }
    for (const call* one : closing) ASSERT_TRUE(this->run_until_ended(*one));
    for (const sender* one : sending) EXPECT_TRUE(one->ended);
    served += count;
  }
  EXPECT_TRUE(this->run_until([&] { return alive == 0; }));
}

TYPED_TEST(backend_cancel_test, can_be_destroyed_with_everything_pending) {
  const handle listener = this->listen();
  const address at = this->local(listener);
  const connection c = this->connect();
  const connection unread = this->connect();
  acceptor& accepting = this->make_acceptor();
  receiver& receiving = this->make_receiver();
  call& also_receiving = this->make_call();
  sender& stuck = this->make_sender(pattern(12'000'000));
  std::string into(8, '\0');
  call& connecting = this->make_call();
  call& closing = this->make_call();
  call& datagram = this->make_call();
  address from;
  this->io().accept_start(accepting, listener);
  this->io().recv_start(receiving, c.client);
  this->io().recv(also_receiving, c.server, writable(into));
  stuck.start(this->io(), unread.server);
  this->io().recv_from(datagram, this->open(SOCK_DGRAM), writable(into), from);
  this->let_things_happen();
  this->io().connect(connecting, this->open(), at);
  this->io().close(closing, this->open());
  this->destroy_backend();
  EXPECT_FALSE(accepting.ended || receiving.ended || stuck.ended) << "it ends without a word";

  const std::unique_ptr<backend> next = this->make();
  EXPECT_GE(next->listen(at, {}), 0) << "the port is free at once";
}

}  // namespace ferrule::io::suite
