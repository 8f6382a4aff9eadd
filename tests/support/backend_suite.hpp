#pragma once
/// @file
/// What the conformance tests share: the worlds a backend can live in, operations that note how
/// they went, and a fixture that makes sockets through the seam alone, so that every backend,
/// the simulated one included, has to pass the same tests.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/io/backend.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::io::suite {

/// On the kernel, with a backend of the wanted kind or none.
struct kernel_world {
  static constexpr bool simulated = false;
  std::unique_ptr<backend> make(const backend_options& options) {
    made_backend made = make_backend(options);
    why = std::move(made.why);
    return std::move(made.io);
  }
  std::string why;
};

struct uring_world : kernel_world {
  std::unique_ptr<backend> make() {
    return kernel_world::make({.kind = backend_kind::uring, .queue_entries = 256});
  }
};

/// Always short of receive buffers and of room in its queues.
struct cramped_uring_world : kernel_world {
  std::unique_ptr<backend> make() {
    return kernel_world::make({.kind = backend_kind::uring,
                               .queue_entries = 4,
                               .receive_buffers = 2,
                               .receive_buffer_bytes = 64});
  }
};

struct epoll_world : kernel_world {
  std::unique_ptr<backend> make() { return kernel_world::make({.kind = backend_kind::epoll}); }
};

/// On a virtual network and clock.
struct simulated_world {
  static constexpr bool simulated = true;
  std::unique_ptr<backend> make() { return network.make_backend("10.0.0.1"); }
  test::sim_world network{1};
  std::string why;
};

/// On a virtual network whose packets are late and whose reads bring little.
struct troubled_simulated_world : simulated_world {
  troubled_simulated_world() {
    network.everywhere().delay = 0.3;
    network.everywhere().short_read = 0.5;
  }
};

using kernel_worlds = testing::Types<uring_world, cramped_uring_world, epoll_world>;
using worlds = testing::Types<uring_world, cramped_uring_world, epoll_world, simulated_world,
                              troubled_simulated_world>;

/// Notes how it went.
struct call : operation {
  call() : operation(note) {}
  static void note(operation& op, const completion& c) noexcept {
    auto& self = static_cast<call&>(op);
    EXPECT_FALSE(self.ended) << "called after the last completion";
    EXPECT_EQ(self.pending(), c.more);
    self.result = c.result;
    self.ended = !c.more;
    if (self.and_then != nullptr) self.and_then();
  }
  std::int32_t result = -1;
  bool ended = false;
  std::function<void()> and_then;
};

/// Collects connections.
struct acceptor : operation {
  acceptor() : operation(note) {}
  static void note(operation& op, const completion& c) noexcept {
    auto& self = static_cast<acceptor&>(op);
    EXPECT_FALSE(self.ended);
    if (c.result >= 0) self.accepted.push_back(static_cast<handle>(c.result));
    self.result = c.result;
    self.ended = !c.more;
  }
  std::vector<handle> accepted;
  std::int32_t result = 0;
  bool ended = false;
};

/// Collects bytes.
struct receiver : operation {
  receiver() : operation(note) {}
  static void note(operation& op, const completion& c) noexcept {
    auto& self = static_cast<receiver&>(op);
    EXPECT_FALSE(self.ended);
    EXPECT_EQ(c.more, !c.bytes.empty()) << "the last completion brings no bytes, all others do";
    if (c.more) {
      EXPECT_EQ(static_cast<std::size_t>(c.result), c.bytes.size());
    }
    self.bytes.append(reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size());
    self.result = c.result;
    self.ended = !c.more;
    if (self.and_then != nullptr) self.and_then();
  }
  std::string bytes;
  std::int32_t result = -1;
  bool ended = false;
  std::function<void()> and_then;
};

/// Sends text; a `call` that keeps what it refers to.
struct sender : call {
  explicit sender(std::string what) : text(std::move(what)) {}
  void start(backend& io, handle to) {
    ended = false;
    part = {text.data(), text.size()};
    io.send(*this, to, {&part, 1});
  }
  std::string text;
  iovec part{};
};

/// Bytes that differ by place and by `salt`, so that nothing can be swapped unseen.
inline std::string pattern(std::size_t size, std::size_t salt = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i + salt + (i >> 8U) * 7) % 26);
  }
  return text;
}

inline std::span<std::byte> writable(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

struct connection {
  handle client;
  handle server;
};

template <class World>
class backend_suite : public testing::Test {
 protected:
  static constexpr bool simulated = World::simulated;

  void SetUp() override {
    if (io_ == nullptr) GTEST_SKIP() << world_.why;
  }

  // Operations live until the backend is gone, so that a test may end with some pending.
  call& make_call() { return keep<call>(); }
  acceptor& make_acceptor() { return keep<acceptor>(); }
  receiver& make_receiver() { return keep<receiver>(); }
  sender& make_sender(std::string text) { return keep<sender>(std::move(text)); }

  backend& io() { return *io_; }
  std::unique_ptr<backend> make() { return world_.make(); }
  void destroy_backend() { io_.reset(); }

  /// Runs the backend until `done()` is true; false when that takes too long.
  template <class Done>
  bool run_until(Done done) {
    const mono_time end = io_->now() + std::chrono::seconds(30);
    while (!done()) {
      if (io_->now() >= end) return false;
      io_->wait(end);
    }
    return true;
  }
  template <class... Operations>
  bool run_until_ended(const Operations&... all) {
    return run_until([&] { return (all.ended && ...); });
  }

  handle listen(const socket_options& options = {}) {
    const std::int32_t made = io_->listen(address::loopback_v4(0), options);
    EXPECT_GE(made, 0);
    return static_cast<handle>(made);
  }
  handle open(int type = SOCK_STREAM) {
    const std::int32_t made = io_->open(AF_INET, type);
    EXPECT_GE(made, 0);
    return static_cast<handle>(made);
  }
  address local(handle socket) {
    address at;
    EXPECT_EQ(io_->local(socket, at), 0);
    return at;
  }

  /// `count` connections to a listener that is closed again.
  std::vector<connection> connect(std::size_t count) {
    const handle listener = listen();
    acceptor& accepting = make_acceptor();
    io_->accept_start(accepting, listener);
    std::vector<connection> made;
    for (std::size_t i = 0; i < count; ++i) {
      call& connecting = make_call();
      const handle client = open();
      io_->connect(connecting, client, local(listener));
      EXPECT_TRUE(
          run_until([&] { return connecting.ended && accepting.accepted.size() > made.size(); }));
      EXPECT_EQ(connecting.result, 0);
      if (connecting.result != 0) throw std::runtime_error("no connection");
      made.push_back({client, accepting.accepted.back()});
    }
    close(listener);
    EXPECT_EQ(accepting.result, -ECANCELED);
    return made;
  }
  connection connect() { return connect(1).front(); }

  void close(handle socket) {
    call& closing = make_call();
    io_->close(closing, socket);
    EXPECT_FALSE(closing.ended);
    EXPECT_TRUE(run_until_ended(closing));
    EXPECT_EQ(closing.result, 0);
  }

  /// Lets whatever is under way arrive: a byte goes through a connection of its own.
  void let_things_happen() {
    const connection other = connect();
    receiver& receiving = make_receiver();
    sender& sending = make_sender("x");
    io_->recv_start(receiving, other.server);
    sending.start(*io_, other.client);
    EXPECT_TRUE(run_until([&] { return receiving.bytes == "x" && sending.ended; }));
    close(other.client);
    close(other.server);
  }

 private:
  template <class Operation, class... Arguments>
  Operation& keep(Arguments&&... arguments) {
    const auto made = std::make_shared<Operation>(std::forward<Arguments>(arguments)...);
    operations_.push_back(made);
    return *made;
  }

  std::vector<std::shared_ptr<void>> operations_;
  World world_;
  std::unique_ptr<backend> io_ = world_.make();
};

}  // namespace ferrule::io::suite
