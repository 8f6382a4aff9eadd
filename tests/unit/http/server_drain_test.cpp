// How a server ends: nothing that was accepted or received is lost, and whoever waits is told.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "support/no_descriptors_left.hpp"
#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

template <class World>
class server_drain : public server_fixture<World> {
 protected:
  void run_for(std::chrono::nanoseconds span) {
    const mono_time end = this->loop_->now() + span;
    while (this->loop_->now() < end) this->loop_->run_once(end);
  }
};
TYPED_TEST_SUITE(server_drain, io::suite::worlds);

bool says_close(std::string_view answer) {
  return answer.find("\r\nConnection: close\r\n") != answer.npos;
}

TYPED_TEST(server_drain, a_connection_without_a_request_keeps_its_time) {
  this->listen({.header_timeout = 10s, .drain_idle_timeout = 1ms});
  const auto client = this->connect();
  ASSERT_TRUE(this->until([&] { return client->connected(); }));
  this->drain(10s);
  this->run_for(80ms);
  client->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("plain /plain"));
  EXPECT_TRUE(says_close(client->received()));
}

TYPED_TEST(server_drain, an_idle_connection_may_bring_one_more_request) {
  this->listen({.drain_idle_timeout = 10s});
  const auto client = this->connect();
  client->send(get("/plain?1"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("?1"); }));
  this->drain(10s);
  this->run_for(80ms);
  client->send(get("/plain?2"));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("?2"));
  EXPECT_TRUE(says_close(client->received()));
}

TYPED_TEST(server_drain, an_idle_connection_that_brings_nothing_is_closed) {
  this->listen({.drain_idle_timeout = 20ms});
  const auto client = this->connect();
  client->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return client->received().ends_with("plain /plain"); }));
  const mono_time began = this->loop_->now();
  this->drain(1h);
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_GE(this->loop_->now() - began, 20ms);
  EXPECT_EQ(client->receiving.result, 0) << "FIN, not a reset";
  client->close();
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
}

TYPED_TEST(server_drain, answers_every_request_that_is_here_and_says_close_with_the_last) {
  this->listen();
  const auto client = this->connect();
  const std::string requests =
      get("/slow?1") + get("/plain?2") + get("/async?3") + get("/plain?4");
  client->send(requests);
  ASSERT_TRUE(this->until([&] {
    return this->service_.running == 1 &&
           this->server_->counters().bytes_received == requests.size();
  }));
  this->drain(10s);
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("plain /plain?4")) << client->received();
  const std::size_t last = client->received().rfind("HTTP/1.1 200");
  EXPECT_FALSE(says_close(client->received().substr(0, last)));
  EXPECT_TRUE(says_close(client->received().substr(last)));
}

TYPED_TEST(server_drain, an_answer_that_promised_to_go_on_is_kept_to) {
  this->listen({.output_bytes_max = 10'000});
  const auto client = this->connect();
  client->send(get("/length/100000"));
  ASSERT_TRUE(this->until([&] { return client->received().size() > 1000; }));
  this->drain(10s);
  ASSERT_TRUE(this->until([&] { return client->received().size() > 100'000; }));
  EXPECT_FALSE(says_close(client->received()));
  this->run_for(80ms);
  client->send(get("/plain"));
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("plain /plain"));
  EXPECT_TRUE(says_close(client->received()));
}

TYPED_TEST(server_drain, handlers_are_told_at_its_start) {
  this->listen();
  const auto client = this->connect();
  client->send(get("/drain"));
  ASSERT_TRUE(this->until([&] { return this->service_.running == 1; }));
  const mono_time began = this->loop_->now();
  this->drain(1h);
  ASSERT_TRUE(this->until([&] { return client->ended(); }));
  EXPECT_TRUE(client->received().ends_with("async /drain"));
  EXPECT_LE(this->loop_->now() - began, 5s);
  EXPECT_EQ(this->server_->counters().handlers_stopped, 0U);
}

TYPED_TEST(server_drain, ends_by_its_grace_whatever_its_clients_do) {
  this->listen({.drain_idle_timeout = 1h});
  const auto fresh = this->connect();
  const auto idle = this->connect();
  idle->send(get("/plain"));
  ASSERT_TRUE(this->until([&] {
    return fresh->connected() && idle->received().ends_with("plain /plain");
  }));
  this->drain(10ms);
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
}

using simulated_server_drain = server_drain<io::suite::simulated_world>;

// What the client's kernel and the server's hold together; the server's own memory has the rest.
constexpr std::size_t held_by_kernels = 2 * 65536;

TEST_F(simulated_server_drain, resets_a_response_that_only_fin_would_end_when_some_is_unsent) {
  listen();
  for (const std::size_t size : {held_by_kernels / 2, held_by_kernels + 40'000}) {
    const bool has_unsent = size > held_by_kernels;
    const auto client = connect();
    ASSERT_TRUE(until([&] { return client->connected(); }));
    client->pause();
    client->send("GET /stream/" + std::to_string(size) + " HTTP/1.0\r\n\r\n");
    run_for(1s);
    ASSERT_TRUE(client->paused());
    ASSERT_EQ(service_.running, 0) << "the handler has written all of it";
    if (has_unsent) {
      drain(0s);
      ASSERT_TRUE(until([&] { return drained_; }));
    }
    client->read_on();
    ASSERT_TRUE(until([&] { return client->ended(); }));
    EXPECT_EQ(client->receiving.result < 0, has_unsent);
  }
}

template <class World>
using server_drain_on_kernel = server_drain<World>;
TYPED_TEST_SUITE(server_drain_on_kernel, io::suite::kernel_worlds);

/// A client that knows nothing of the loop: all it sends lies in the kernel.
class outside_client {
 public:
  explicit outside_client(const address& to) {
    EXPECT_EQ(::connect(socket_, to.data(), to.size()), 0);
  }
  outside_client(const outside_client&) = delete;
  ~outside_client() { ::close(socket_); }
  void send(std::string_view text) {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  /// What has come by now.
  std::string receive() {
    std::string text(4096, '\0');
    const ssize_t got = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    EXPECT_TRUE(got >= 0 || errno == EAGAIN) << "a reset";
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TYPED_TEST(server_drain_on_kernel, answers_what_waits_to_be_accepted) {
  this->listen({.linger_timeout = 10ms});
  std::vector<std::unique_ptr<outside_client>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<outside_client>(this->server_->local()));
    clients.back()->send(get("/plain?" + std::to_string(i)));
  }
  this->drain(10s);
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string answer = clients[i]->receive();
    EXPECT_TRUE(answer.ends_with("/plain?" + std::to_string(i))) << i << answer;
    EXPECT_TRUE(says_close(answer));
  }
}

TYPED_TEST(server_drain_on_kernel, answers_what_kept_connections_have_sent) {
  this->listen({.linger_timeout = 10ms});
  std::vector<std::unique_ptr<outside_client>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<outside_client>(this->server_->local()));
    clients.back()->send(get("/plain?first"));
  }
  for (const auto& client : clients) {
    ASSERT_TRUE(this->until([&] { return client->receive().ends_with("?first"); }));
    client->send(get("/plain?second"));
  }
  this->drain(10s);
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  for (const auto& client : clients) EXPECT_TRUE(client->receive().ends_with("?second"));
}

TYPED_TEST(server_drain_on_kernel, ends_kept_connections_also_without_descriptors) {
  this->listen({.linger_timeout = 10ms});
  outside_client client(this->server_->local());
  client.send(get("/plain?first"));
  ASSERT_TRUE(this->until([&] { return client.receive().ends_with("?first"); }));
  const io::suite::no_descriptors_left exhausted;
  const mono_time began = this->loop_->now();
  this->drain(1h);
  client.send(get("/plain?second"));
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  EXPECT_LE(this->loop_->now() - began, 10s);
  EXPECT_TRUE(client.receive().ends_with("?second"));
}

TYPED_TEST(server_drain_on_kernel, kept_connections_make_room_for_those_that_wait) {
  this->listen({.drain_idle_timeout = 10ms, .linger_timeout = 10ms});
  outside_client kept(this->server_->local());
  kept.send(get("/plain?kept"));
  ASSERT_TRUE(this->until([&] { return kept.receive().ends_with("?kept"); }));
  std::vector<std::unique_ptr<outside_client>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<outside_client>(this->server_->local()));
    waiting.back()->send(get("/plain?waits"));
  }
  const io::suite::no_descriptors_left exhausted;
  this->drain(1h);
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  for (const auto& client : waiting) {
    const std::string answer = client->receive();
    EXPECT_TRUE(answer.ends_with("?waits")) << answer;
  }
}

TYPED_TEST(server_drain_on_kernel, begins_no_new_connection) {
  this->listen();
  this->drain(10s);
  const int late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const address& to = this->server_->local();
  EXPECT_EQ(::connect(late, to.data(), to.size()), -1);
  EXPECT_EQ(errno, EINPROGRESS) << "it is tried again after a second, at whoever listens then";
  EXPECT_TRUE(this->until([&] { return this->drained_; }));
  EXPECT_EQ(this->server_->counters().connections_accepted, 0U);
  ::close(late);
}

}  // namespace
}  // namespace ferrule::http
