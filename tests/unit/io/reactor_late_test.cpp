// A loop that comes late, because its process or machine stood still, takes what came meanwhile
// before it lets timers run.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "ferrule/io/reactor.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::io {
namespace {

using namespace std::chrono_literals;

struct noting_timer : timer {
  explicit noting_timer(std::function<void()> then)
      : timer([](timer& t) noexcept { static_cast<noting_timer&>(t).on_expiry(); }),
        on_expiry(std::move(then)) {}
  std::function<void()> on_expiry;
};

/// Keeps the thread from its loop.
void stand_still(std::chrono::nanoseconds span) {
  const mono_time until = mono_time::clock::now() + span;
  while (mono_time::clock::now() < until) {
  }
}

template <class World>
class late_timers : public testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<backend> made = world_.make();
    if (made == nullptr) GTEST_SKIP() << world_.why;
    loop_ = std::make_unique<reactor>(std::move(made), 1);
  }
  backend& io() { return loop_->io(); }

  template <class Done>
  bool run_until(Done done) {
    const mono_time end = loop_->now() + 30s;
    while (!done() && loop_->now() < end) loop_->run_once(end);
    return done();
  }

  World world_;
  std::unique_ptr<reactor> loop_;
};

TYPED_TEST_SUITE(late_timers, suite::kernel_worlds);

// More sockets than one call of the kernel's tells of, than there are buffers and than the queues
// have places.
TYPED_TEST(late_timers, do_not_overtake_input_that_is_already_here) {
  constexpr std::size_t connections = 400;
  suite::acceptor accepting;
  const auto listener =
      static_cast<handle>(this->io().listen(address::loopback_v4(0), {.backlog = 1024}));
  address at;
  this->io().local(listener, at);
  this->io().accept_start(accepting, listener);
  std::vector<int> clients;
  for (std::size_t i = 0; i < connections; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(clients.back(), at.data(), at.size()), 0);
  }
  ASSERT_TRUE(this->run_until([&] { return accepting.accepted.size() == connections; }));
  std::vector<suite::receiver> receiving(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    this->io().recv_start(receiving[i], accepting.accepted[i]);
  }
  this->loop_->run_once(mono_time::min());

  for (const int client : clients) ASSERT_EQ(::send(client, "in time", 7, 0), 7);
  std::size_t seen = 0;
  bool fired = false;
  noting_timer deadline([&] {
    fired = true;
    for (const suite::receiver& each : receiving) seen += each.bytes == "in time" ? 1 : 0;
  });
  this->loop_->arm(deadline, this->loop_->now() + 1ms);
  stand_still(300ms);
  ASSERT_TRUE(this->run_until([&] { return fired; }));
  EXPECT_EQ(seen, connections);

  for (const int client : clients) ::close(client);
  this->loop_.reset();
}

// The pause is counted from when it begins, not from the clock's last reading.
TYPED_TEST(late_timers, are_not_later_by_what_came_before_the_wait) {
  const mono_time read_at = this->loop_->now();
  stand_still(50ms);
  const mono_time until = read_at + 60ms;
  this->io().wait(until);
  EXPECT_GE(this->loop_->now(), until);
  EXPECT_LT(this->loop_->now(), read_at + 100ms);
}

}  // namespace
}  // namespace ferrule::io
