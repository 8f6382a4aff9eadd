// Where a server listens: Unix sockets on every backend, and what it is given by others.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
class server_listener : public server_fixture<World> {
 protected:
  void TearDown() override {
    server_fixture<World>::TearDown();
    ::unlink(path_.c_str());
  }
  std::unique_ptr<server> make(const server_limits& limits = {}) {
    return std::make_unique<server>(*this->loop_, this->service_, limits);
  }
  void listen_at_path(const server_limits& limits = {}) {
    this->server_ = make(limits);
    ASSERT_EQ(this->server_->listen(at_, {}), 0);
    EXPECT_EQ(this->server_->local(), at_);
  }

  const std::string path_ =
      testing::TempDir() + "ferrule-server-" + std::to_string(::getpid()) + ".sock";
  const address at_ = *address::unix_socket(path_);
};
TYPED_TEST_SUITE(server_listener, io::suite::worlds);

TYPED_TEST(server_listener, serves_the_clients_of_a_unix_socket) {
  this->listen_at_path();
  const auto one = this->connect();
  const auto other = this->connect();
  one->send(get("/plain?1") + get("/async?2") + get("/length/300000"));
  other->send("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(this->until([&] { return other->ended(); }));
  EXPECT_EQ(other->receiving.result, 0) << "FIN";
  EXPECT_TRUE(other->received().starts_with("HTTP/1.1 200")) << other->received();
  ASSERT_TRUE(this->until([&] { return one->received().size() > 300'000; }));
  EXPECT_NE(one->received().find("plain /plain?1"), std::string::npos);
  EXPECT_NE(one->received().find("async /async?2"), std::string::npos);
}

TYPED_TEST(server_listener, takes_clients_of_a_unix_socket_for_no_single_one) {
  this->listen_at_path({.connections_per_address_max = 1});
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i != 3; ++i) {
    clients.push_back(this->connect());
    clients.back()->send(get("/plain"));
  }
  for (const auto& each : clients) {
    ASSERT_TRUE(this->until([&] { return each->received().ends_with("plain /plain"); }));
  }
}

TYPED_TEST(server_listener, leaves_its_path_to_the_next_when_it_drains) {
  this->listen_at_path({.drain_idle_timeout = 20ms});
  const auto idle = this->connect();
  const auto waiting = this->connect();  // whom it may not have accepted yet
  ASSERT_TRUE(this->until([&] { return idle->connected() && waiting->connected(); }));
  this->drain(10s);
  std::unique_ptr<server> next = this->make();
  ASSERT_EQ(next->listen(this->at_, {}), 0);
  for (const auto& each : {&idle, &waiting}) {
    (*each)->send(get("/plain"));
    ASSERT_TRUE(this->until([&] { return (*each)->ended(); }));
    EXPECT_TRUE((*each)->received().ends_with("plain /plain"));
  }
  ASSERT_TRUE(this->until([&] { return this->drained_; }));
  std::swap(this->server_, next);
  this->drained_ = false;
  const auto later = this->connect();
  later->send(get("/plain"));
  EXPECT_TRUE(this->until([&] { return later->received().ends_with("plain /plain"); }));
}

TYPED_TEST(server_listener, that_is_given_up_can_be_reached_no_more) {
  this->listen_at_path();
  this->server_->give_up();
  const auto late = this->connect();
  this->loop_->run_once(this->loop_->now() + 100ms);
  EXPECT_FALSE(late->connected());
}

template <class World>
class server_adopted_listener : public server_listener<World> {
 protected:
  /// A listening socket of another's; what is given to a server is a copy.
  class foreign_socket {
   public:
    foreign_socket() {
      EXPECT_EQ(::listen(fd_, 16), 0);
      socklen_t size = sizeof at_;
      EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at_), &size), 0);
    }
    foreign_socket(const foreign_socket&) = delete;
    ~foreign_socket() { ::close(fd_); }
    int copy() const { return ::dup(fd_); }
    std::uint16_t port() const { return ntohs(at_.sin_port); }

   private:
    int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at_{};
  };
};
TYPED_TEST_SUITE(server_adopted_listener, io::suite::kernel_worlds);

TYPED_TEST(server_adopted_listener, leaves_what_waits_there_to_the_next) {
  const typename TestFixture::foreign_socket passed;
  this->server_ = this->make();
  ASSERT_EQ(this->server_->adopt(passed.copy()), 0);
  EXPECT_EQ(this->server_->local().port(), passed.port());
  const address at = address::loopback_v4(passed.port());
  const auto early = this->connect();
  early->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return early->received().ends_with("plain /plain"); }));

  this->drain(0s);
  raw_client late(*this->loop_, at);
  late.send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return this->drained_ && late.connected(); }));
  EXPECT_EQ(late.received(), "");
  this->server_ = this->make();
  this->drained_ = false;
  ASSERT_EQ(this->server_->adopt(passed.copy()), 0);
  EXPECT_TRUE(this->until([&] { return late.received().ends_with("plain /plain"); }));
}

TYPED_TEST(server_adopted_listener, is_refused_where_there_is_none) {
  this->server_ = this->make();
  EXPECT_EQ(this->server_->adopt(999'999), -EBADF);
}

}  // namespace
}  // namespace ferrule::http
