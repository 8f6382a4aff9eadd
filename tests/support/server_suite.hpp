#pragma once
// A server and its clients on one reactor, over any backend.

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "backend_suite.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/io/reactor.hpp"
#include "ferrule/net/filtered.hpp"
#include "handshake_filter.hpp"
#include "scripted_service.hpp"

namespace ferrule::http {

/// A client that sends bytes as they are, or through a filter, and collects what comes back.
class raw_client {
 public:
  raw_client(reactor& loop, const address& to, std::unique_ptr<net::byte_filter> filter = nullptr)
      : loop_(loop), filter_(std::move(filter)) {
    const std::int32_t made = io().open(to.family(), SOCK_STREAM);
    EXPECT_GE(made, 0);
    socket_ = io::handle{made};
    io().option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
    connecting_.and_then = [this] {
      if (connecting_.result != 0) return;
      io().recv_start(receiving, socket_);
      if (filter_ != nullptr) {
        begin_filter();
      } else if (sending_ != nullptr) {
        sending_->start(io(), socket_);
      }
    };
    io().connect(connecting_, socket_, to);
  }
  raw_client(const raw_client&) = delete;
  ~raw_client() {
    if (!closed_) close();
    while (!closing_.ended) loop_.run_once();
  }

  bool connected() const { return connecting_.ended && connecting_.result == 0; }
  /// Sends once connected. One send at a time; `sent()` tells when the next may follow.
  void send(std::string text) {
    if (filter_ != nullptr) {
      plain_to_send_ += text;
      if (connected()) pass_filter();
      return;
    }
    sending_ = std::make_unique<io::suite::sender>(std::move(text));
    if (connected()) sending_->start(io(), socket_);
  }
  bool sent() const {
    return plain_to_send_.empty() && to_send_.empty() && (sending_ == nullptr || sending_->ended);
  }
  /// Reads nothing until `read_on`.
  void pause() { io().cancel(receiving); }
  bool paused() const { return receiving.ended && receiving.result == -ECANCELED; }
  void read_on() {
    receiving.ended = false;
    io().recv_start(receiving, socket_);
  }
  void send_fin() { io().shutdown(socket_, SHUT_WR); }
  /// Closes; with `reset` the server sees a reset instead of FIN.
  void close(bool reset = false) {
    closed_ = true;
    if (reset) io().option(socket_, SOL_SOCKET, SO_LINGER, 0);
    io().close(closing_, socket_);
  }
  /// Of the socket; not in the simulated network.
  int descriptor() const { return static_cast<int>(socket_); }
  const std::string& received() const { return filter_ == nullptr ? receiving.bytes : plain_; }
  /// The server sent FIN (result 0) or reset the connection (an error).
  bool ended() const { return receiving.ended; }

  io::suite::receiver receiving;

 private:
  io::backend& io() { return loop_.io(); }

  void begin_filter() {
    filter_->begin(to_send_);
    receiving.and_then = [this] { pass_filter(); };
    pass_filter();
  }
  void pass_filter() {
    buffer plain;
    const std::string_view came = std::string_view(receiving.bytes).substr(filtered_);
    filtered_ = receiving.bytes.size();
    if (!came.empty()) filter_->receive(came, plain, to_send_);
    plain_ += plain.view();
    if (filter_->is_ready()) {
      filter_->send(plain_to_send_, to_send_);
      plain_to_send_.clear();
    }
    if (to_send_.empty() || (sending_ != nullptr && !sending_->ended)) return;
    sending_ = std::make_unique<io::suite::sender>(std::string(to_send_.view()));
    to_send_.clear();
    sending_->and_then = [this] { pass_filter_later(); };
    sending_->start(io(), socket_);
  }
  /// Not from inside the sender that is about to be replaced.
  void pass_filter_later() {
    if (to_send_.empty() || closed_) return;
    spent_ = std::move(sending_);
    pass_filter();
  }

  reactor& loop_;
  const std::unique_ptr<net::byte_filter> filter_;
  buffer to_send_;             // changed by the filter
  std::string plain_to_send_;  // until the filter is ready
  std::string plain_;          // received
  std::size_t filtered_ = 0;   // of the received bytes
  std::unique_ptr<io::suite::sender> spent_;
  io::handle socket_;
  io::suite::call connecting_;
  io::suite::call closing_;
  std::unique_ptr<io::suite::sender> sending_;
  bool closed_ = false;
};

/// Puts each connection behind a filter.
struct filtering_source final : net::protocol_source {
  explicit filtering_source(net::protocol_source& of_inner) noexcept : inner(of_inner) {}
  std::unique_ptr<net::protocol> make(net::protocol_owner& owner) override {
    using filter = net::handshake_filter;
    return std::make_unique<net::filtered>(std::make_unique<filter>(filter::side::server), inner,
                                           owner);
  }
  net::protocol_source& inner;
};

/// A world whose servers and clients speak through a filter.
template <class World>
struct filtered_world : World {
  static constexpr bool filtered = true;
};
template <class World>
inline constexpr bool is_filtered = requires { World::filtered; };

/// The fixture: a world, its reactor, and a listening server with a scripted service.
template <class World>
class server_fixture : public testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<io::backend> made = world_.make();
    if (made == nullptr) GTEST_SKIP() << world_.why;
    loop_ = std::make_unique<reactor>(std::move(made), 1);
  }
  void TearDown() override {
    if (server_ != nullptr) {
      if (!server_->draining()) drain(std::chrono::nanoseconds(0));
      EXPECT_TRUE(until([&] { return drained_; }));
      EXPECT_EQ(service_.running, 0);
      EXPECT_EQ(server_->counters().connections_open, 0U);
    }
    server_.reset();
    loop_.reset();
  }

  void listen(const server_limits& limits = {}, const io::socket_options& options = {}) {
    server_ = std::make_unique<server>(*loop_, service_, limits);
    filtering_ = std::make_unique<filtering_source>(server_->http1());
    if (is_filtered<World>) server_->speak(*filtering_);
    const auto at = World::simulated ? *address::parse("10.0.0.1", 0) : address::loopback_v4(0);
    ASSERT_EQ(server_->listen(at, options), 0);
  }
  std::unique_ptr<raw_client> connect() {
    using filter = net::handshake_filter;
    return std::make_unique<raw_client>(
        *loop_, server_->local(),
        is_filtered<World> ? std::make_unique<filter>(filter::side::client) : nullptr);
  }
  void drain(std::chrono::nanoseconds grace) {
    server_->drain(
        grace, [](void* self) noexcept { static_cast<server_fixture*>(self)->drained_ = true; },
        this);
  }
  /// Runs the loop until `done()`; false when that takes suspiciously long.
  template <class Predicate>
  bool until(Predicate done) {
    for (int batches = 0; batches < 1'000'000; ++batches) {
      if (done()) return true;
      const mono_time before = loop_->now();
      loop_->run_once(before + std::chrono::seconds(5));
      if (!World::simulated && loop_->now() - before >= std::chrono::seconds(5)) return done();
    }
    return false;
  }

  World world_;
  scripted_service service_;
  std::unique_ptr<reactor> loop_;
  std::unique_ptr<filtering_source> filtering_;
  std::unique_ptr<server> server_;
  bool drained_ = false;
};

/// A request without a body, as most tests send it.
inline std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

}  // namespace ferrule::http
