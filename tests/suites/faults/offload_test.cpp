// Blocking work is done even where there is no memory to hand it to a thread.
#include <gtest/gtest.h>
#include <signal.h>

#include <array>

#include "support/backend_suite.hpp"
#include "support/counted.hpp"

namespace ferrule::io::suite {

template <class World>
class offload_without_memory : public backend_suite<World> {
 protected:
  /// Offloads much work while the n-th allocation fails; returns whether one did.
  bool offload_all(std::uint64_t n, shortage kind) {
    struct job : call {
      int runs = 0;
    };
    std::array<job, 100> jobs;
    const std::unique_ptr<backend> io = this->make();  // no thread yet
    failing_allocation memory(n, kind);
    memory.switch_on(true);
    for (job& each : jobs) {
      io->offload(each, [](operation& op) noexcept { ++static_cast<job&>(op).runs; });
    }
    memory.switch_on(false);
    const mono_time end = io->now() + std::chrono::seconds(30);
    for (const job& each : jobs) {
      while (!each.ended && io->now() < end) io->wait(end);
      EXPECT_TRUE(each.ended);
      EXPECT_EQ(each.result, 0);
      EXPECT_EQ(each.runs, 1);
    }
    return memory.struck();
  }
};
TYPED_TEST_SUITE(offload_without_memory, kernel_worlds);

TYPED_TEST(offload_without_memory, runs_each_work_once) {
  for (const shortage kind : {shortage::once, shortage::lasting}) {
    std::uint64_t n = 1;
    while (this->offload_all(n, kind) && !testing::Test::HasFailure()) ++n;
    EXPECT_GT(n, 2U) << "a thread takes memory in two places";
  }
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0) << "signals come as before";
}

}  // namespace ferrule::io::suite
