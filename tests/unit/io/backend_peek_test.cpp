// Conformance of every backend: looking at what has come to a connection without taking it.

#include <sys/socket.h>

#include <cerrno>

#include "support/backend_suite.hpp"

namespace ferrule::io::suite {

template <class World>
class backend_peek_test : public backend_suite<World> {
 protected:
  void send(handle from, std::string text) {
    sender& sending = this->make_sender(std::move(text));
    sending.start(this->io(), from);
    ASSERT_TRUE(this->run_until_ended(sending));
    this->let_things_happen();
  }
};
TYPED_TEST_SUITE(backend_peek_test, worlds);

TYPED_TEST(backend_peek_test, sees_bytes_and_leaves_them) {
  const connection c = this->connect();
  EXPECT_EQ(this->io().peek(c.server), -EAGAIN);
  this->send(c.client, "hello");
  ASSERT_TRUE(this->run_until([&] {
    this->let_things_happen();
    return this->io().peek(c.server) != -EAGAIN;
  }));
  EXPECT_GE(this->io().peek(c.server), 1);
  EXPECT_EQ(this->io().peek(c.client), -EAGAIN);
  receiver& receiving = this->make_receiver();
  this->io().recv_start(receiving, c.server);
  ASSERT_TRUE(this->run_until([&] { return receiving.bytes == "hello"; }));
  EXPECT_EQ(this->io().peek(c.server), -EAGAIN) << "all of it was told";
}

TYPED_TEST(backend_peek_test, sees_the_end_behind_what_was_read) {
  const connection c = this->connect();
  this->io().shutdown(c.client, SHUT_WR);
  ASSERT_TRUE(this->run_until([&] {
    this->let_things_happen();
    return this->io().peek(c.server) != -EAGAIN;
  }));
  EXPECT_EQ(this->io().peek(c.server), 0);
  EXPECT_EQ(this->io().peek(c.server), 0);
}

TYPED_TEST(backend_peek_test, sees_a_reset) {
  const connection c = this->connect();
  this->send(c.server, "unread");
  ASSERT_TRUE(this->run_until([&] {
    this->let_things_happen();
    return this->io().peek(c.client) > 0;
  }));
  this->close(c.client);  // with bytes unread: RST
  std::int32_t seen = -EAGAIN;
  ASSERT_TRUE(this->run_until([&] {
    this->let_things_happen();
    seen = this->io().peek(c.server);
    return seen != -EAGAIN;
  }));
  EXPECT_EQ(seen, -ECONNRESET);
}

TYPED_TEST(backend_peek_test, leaves_a_receive_alone_that_waits) {
  const connection c = this->connect();
  std::string got(10, '\0');
  call& waiting = this->make_call();
  this->io().recv(waiting, c.server, writable(got));
  this->let_things_happen();
  EXPECT_EQ(this->io().peek(c.server), -EAGAIN);
  EXPECT_FALSE(waiting.ended);
  this->send(c.client, "x");
  ASSERT_TRUE(this->run_until_ended(waiting));
  EXPECT_EQ(waiting.result, 1);
  EXPECT_EQ(got.front(), 'x');
}

/// What one batch brings is told one after the other, and whoever is told first may ask about the
/// rest.
TYPED_TEST(backend_peek_test, sees_what_a_receive_was_given_but_not_told) {
  if constexpr (TypeParam::simulated) {
    GTEST_SKIP() << "bytes of different connections arrive one after the other there";
  } else {
    const std::vector<connection> all = this->connect(2);
    std::string got[2] = {std::string(10, '\0'), std::string(10, '\0')};
    call* const receiving[2] = {&this->make_call(), &this->make_call()};
    std::vector<std::int32_t> seen;
    for (std::size_t i = 0; i != 2; ++i) {
      const handle other = all[1 - i].server;
      call& of_other = *receiving[1 - i];
      receiving[i]->and_then = [this, &seen, &of_other, other] {
        if (!of_other.ended) seen.push_back(this->io().peek(other));
      };
      this->io().recv(*receiving[i], all[i].server, writable(got[i]));
    }
    this->io().wait(mono_time::min());
    for (const connection& each : all) {
      ASSERT_EQ(::send(static_cast<int>(each.client), "x", 1, 0), 1);
    }
    ASSERT_TRUE(this->run_until_ended(*receiving[0], *receiving[1]));
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_GE(seen.front(), 1);
  }
}

TYPED_TEST(backend_peek_test, fails_on_what_is_no_connection) {
  EXPECT_EQ(this->io().peek(this->open()), -ENOTCONN);
}

}  // namespace ferrule::io::suite
