// The kernel has no memory to send or receive with on the client's side: that is said of this side,
// at once, and not of the server.
#include <gtest/gtest.h>

#include "ferrule/client/classify.hpp"
#include "ferrule/client/client_pool.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"

#include "failing_backend.hpp"
#include "ferrule/core/scope.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;
using answer = result<http::client_response, transport_failure>;

constexpr auto routes = route_table(route<"GET /">([] { return "hello"; }),
                                    route<"GET /large">([] { return std::string(300'000, 'x'); }),
                                    route<"POST /">([](body b) { return std::string(b.bytes); }));

/// A client whose backend fails on demand, and a server, each on a reactor of its own.
template <class World>
class client_shortage : public testing::Test {
 protected:
  client_shortage() {
    std::unique_ptr<io::backend> inner = world_.make();
    if (inner == nullptr) return;
    auto failing = std::make_unique<failing_backend>(std::move(inner));
    io_ = failing.get();
    io_->spares_inner = World::simulated;
    client_ = std::make_unique<reactor>(std::move(failing), 1);
    loop_ = std::make_unique<reactor>(world_.make(), 2);
    server_ = std::make_unique<http::server>(*loop_, service_);
    const auto at =
        World::simulated ? *address::parse("10.0.0.1", 0) : address::loopback_v4(0);
    EXPECT_EQ(server_->listen(at, {}), 0);
    at_ = origin::parse("http://" + server_->local().text());
  }
  ~client_shortage() override {
    if (server_ == nullptr) return;
    pool_.reset();
    bool drained = false;
    server_->drain(0ns, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &drained);
    EXPECT_TRUE(until([&] { return drained; }));
  }
  void SetUp() override {
    if (io_ == nullptr) GTEST_SKIP() << world_.why;
  }

  template <class Predicate>
  bool until(Predicate done) {
    for (int i = 0; i != 10'000; ++i) {
      if (done()) return true;
      client_->run_once(client_->now() + 1ms);
      loop_->run_once(mono_time::min());
    }
    return false;
  }
  static task<> ask_into(client_pool* pool, const origin* at, http::client_request what,
                         std::optional<answer>* into) {
    into->emplace(co_await pool->send(*at, what));
  }
  answer ask(http::client_request what) {
    std::optional<answer> got;
    stop_source stop;
    environment env{.loop = client_.get(), .stop = &stop};
    scope running(env);
    running.spawn(ask_into(&*pool_, &*at_, what, &got));
    EXPECT_TRUE(until([&] { return got.has_value() && running.empty(); }));
    return std::move(*got);
  }

  /// Begins a conversation of which each direction fails from then on.
  static task<> fail_stream(client_shortage* self, fallible direction, std::int32_t error,
                            std::optional<transport_failure>* why) {
    const bool sends = direction == fallible::send;
    http::client_request what{.target = "/large"};
    if (sends) what = {.verb = "POST", .streamed = http::streamed_body{}};
    auto stream = co_await self->pool_->open(*self->at_, what);
    EXPECT_TRUE(stream.has_value());
    self->io_->at_completion = [=](fallible which) { return which == direction ? error : 0; };
    if (sends) {
      const auto written = co_await stream->write("part");
      if (!written) *why = written.error();
    } else {
      std::uint64_t bytes = 0;
      while (const auto part = co_await stream->read()) bytes += part->size();
      EXPECT_LT(bytes, 300'000U);
      if (stream->failure() != nullptr) *why = *stream->failure();
    }
    self->io_->at_completion = [](fallible) { return 0; };
  }

  World world_;
  failing_backend* io_ = nullptr;
  std::unique_ptr<reactor> client_;
  std::unique_ptr<reactor> loop_;
  dispatcher<routes> service_;
  std::unique_ptr<http::server> server_;
  std::optional<origin> at_;
  std::optional<client_pool> pool_;
};

using worlds =
    testing::Types<io::suite::uring_world, io::suite::epoll_world, io::suite::simulated_world>;
TYPED_TEST_SUITE(client_shortage, worlds);

TYPED_TEST(client_shortage, is_said_of_this_side_and_at_once) {
  const std::string large(300'000, 'x');
  for (const std::string_view body : {std::string_view(), std::string_view(large)}) {
    const http::client_request what{.verb = body.empty() ? "GET" : "POST", .body = body};
    for (const fallible direction : {fallible::receive, fallible::send}) {
      for (const std::int32_t error : {-ENOBUFS, -ENOMEM}) {
        for (const bool at_start : {true, false}) {
          SCOPED_TRACE(testing::Message() << body.size() << (at_start ? " start " : " end ")
                                          << (direction == fallible::send) << error);
          this->pool_.emplace(client_pool_settings{.total_timeout = 5s});
          (at_start ? this->io_->at_start : this->io_->at_completion) = [=](fallible which) {
            return which == direction ? error : 0;
          };
          const mono_time begin = this->client_->now();
          const answer got = this->ask(what);
          this->io_->at_start = this->io_->at_completion = [](fallible) { return 0; };
          ASSERT_FALSE(got.has_value());
          EXPECT_STREQ(to_string(got.error().error), to_string(transport_error::no_resources));
          EXPECT_EQ(classify_failure(got.error().error), outcome_class::refused_here);
          EXPECT_TRUE(got.error().was_sent) << "who knows how much of it";
          EXPECT_LT(this->client_->now() - begin, 1s) << "nothing was waited for";
          EXPECT_TRUE(this->ask(what).has_value()) << "the shortage is over";
        }
      }
    }
  }
}

TYPED_TEST(client_shortage, in_the_middle_of_a_stream_is_said_of_this_side_too) {
  for (const fallible direction : {fallible::receive, fallible::send}) {
    for (const std::int32_t error : {-ENOBUFS, -ENOMEM}) {
      this->pool_.emplace(client_pool_settings{.total_timeout = 5s});
      std::optional<transport_failure> why;
      stop_source stop;
      environment env{.loop = this->client_.get(), .stop = &stop};
      scope running(env);
      running.spawn(TestFixture::fail_stream(this, direction, error, &why));
      ASSERT_TRUE(this->until([&] { return running.empty(); }));
      ASSERT_TRUE(why.has_value());
      EXPECT_STREQ(to_string(why->error), to_string(transport_error::no_resources));
      EXPECT_EQ(this->pool_->counts().connections_open, 0U);
      EXPECT_TRUE(this->ask({}).has_value()) << "the shortage is over";
    }
  }
}

}  // namespace
}  // namespace ferrule::test
