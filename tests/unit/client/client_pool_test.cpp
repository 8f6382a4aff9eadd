#include "ferrule/client/client_pool.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/when_all.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/server_suite.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using sent = result<http::client_response, transport_failure>;

/// A pool and a server on one reactor.
template <class World>
class client_pool_test : public http::server_fixture<World> {
 protected:
  void TearDown() override {
    pool_.reset();
    http::server_fixture<World>::TearDown();
  }
  void start(const client_pool_settings& settings = {}) {
    this->listen();
    at_ = origin::parse("http://" + this->server_->local().text());
    pool_.emplace(settings);
  }
  template <class T>
  T run(task<T> work) {
    return *sync_wait(*this->loop_, std::move(work));
  }
  sent get(std::string_view target) { return run(pool_->send(*at_, {.target = target})); }

  std::optional<origin> at_;
  std::optional<client_pool> pool_;
};
TYPED_TEST_SUITE(client_pool_test, io::suite::worlds);

TYPED_TEST(client_pool_test, one_connection_is_used_again_and_again) {
  this->start();
  for (int i = 0; i < 10; ++i) {
    const sent answered = this->get("/plain");
    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->body(), "plain /plain");
  }
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
  EXPECT_EQ(this->pool_->counts().connections_idle, 1U);
  EXPECT_EQ(this->pool_->counts().requests, 10U);
}

TYPED_TEST(client_pool_test, a_request_that_takes_too_long_ends_and_so_does_its_connection) {
  this->start({.total_timeout = 50ms});
  const sent answered = this->get("/never");
  ASSERT_FALSE(answered.has_value());
  EXPECT_EQ(answered.error().error, transport_error::timeout);
  EXPECT_TRUE(answered.error().was_sent);
  EXPECT_EQ(this->pool_->counts().connections_open, 0U);
  EXPECT_TRUE(this->get("/plain").has_value());
}

TYPED_TEST(client_pool_test, a_connection_that_the_server_closed_is_replaced) {
  this->start();
  ASSERT_TRUE(this->get("/plain").has_value());
  this->drain(0ns);
  ASSERT_TRUE(this->until([&] { return this->drained_; }));
  sent answered = this->get("/plain");
  ASSERT_FALSE(answered.has_value());
  if (answered.error().error == transport_error::stale_connection) {  // the end is still under way
    answered = this->get("/plain");
    ASSERT_FALSE(answered.has_value());
  }
  EXPECT_EQ(answered.error().error, transport_error::connect_failed);
}

TYPED_TEST(client_pool_test, https_fails_clearly) {
  this->start();
  const auto secure = origin::parse("https://127.0.0.1");
  const sent answered = this->run(this->pool_->send(*secure, {}));
  ASSERT_FALSE(answered.has_value());
  EXPECT_EQ(answered.error().error, transport_error::unsupported_scheme);
  EXPECT_FALSE(answered.error().was_sent);
}

}  // namespace
}  // namespace ferrule
