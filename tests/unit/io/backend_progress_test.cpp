// Conformance of every backend: how much of what was sent the peer has taken.

#include "support/backend_suite.hpp"

namespace ferrule::io::suite {

template <class World>
class backend_progress_test : public backend_suite<World> {
 protected:
  /// Also while nothing that was started ends.
  template <class Predicate>
  bool becomes(Predicate done) {
    const mono_time end = this->io().now() + std::chrono::seconds(10);
    while (!done() && this->io().now() < end) {
      this->io().wait(this->io().now() + std::chrono::milliseconds(1));
    }
    return done();
  }
};
TYPED_TEST_SUITE(backend_progress_test, worlds);

TYPED_TEST(backend_progress_test, is_what_the_peers_kernel_took_while_a_send_is_pending) {
  const connection c = this->connect();
  const std::int64_t before = this->io().progress(c.server).acknowledged;
  ASSERT_GE(before, 0);
  EXPECT_EQ(this->io().progress(c.server).left, 0);
  // More than both sides' kernels take.
  constexpr std::int64_t size = TypeParam::simulated ? 1'000'000 : 20'000'000;
  sender& sending = this->make_sender(std::string(size, 'x'));
  sending.start(this->io(), c.server);
  const auto taken = [&] { return this->io().progress(c.server).acknowledged - before; };
  ASSERT_TRUE(
      this->becomes([&] { return taken() > 0 && this->io().progress(c.server).left > 0; }));
  EXPECT_LT(taken(), size);
  EXPECT_FALSE(sending.ended) << "or this test says nothing";

  receiver& receiving = this->make_receiver();
  this->io().recv_start(receiving, c.client);
  ASSERT_TRUE(this->run_until([&] { return receiving.bytes.size() == std::size_t{size}; }));
  ASSERT_TRUE(this->becomes([&] { return this->io().progress(c.server).left == 0; }));
  EXPECT_EQ(taken(), size);
}

}  // namespace ferrule::io::suite
