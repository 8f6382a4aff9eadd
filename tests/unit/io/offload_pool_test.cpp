#include "io/offload_pool.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <barrier>
#include <semaphore>
#include <set>
#include <thread>
#include <vector>

namespace ferrule::io {
namespace {

/// Of a backend, only what a pool uses.
class woken_backend final : public backend {
 public:
  std::string_view name() const noexcept override { return "woken"; }
  std::int32_t listen(const address&, const socket_options&) override { return -ENOTSUP; }
  std::int32_t open(int, int) override { return -ENOTSUP; }
  std::int32_t release(handle) noexcept override { return -ENOTSUP; }
  std::int32_t adopt(int) override { return -ENOTSUP; }
  std::int32_t local(handle, address&) override { return -ENOTSUP; }
  std::int32_t peer(handle, address&) override { return -ENOTSUP; }
  std::int32_t peek(handle) noexcept override { return -ENOTSUP; }
  send_progress progress(handle) noexcept override { return {}; }
  std::int32_t option(handle, int, int, int) override { return -ENOTSUP; }
  std::int32_t stop_listening(handle) override { return -ENOTSUP; }
  std::int32_t accept_waiting(handle) override { return -ENOTSUP; }
  void shutdown(handle, int) noexcept override {}
  void close(operation&, handle) override {}
  void drop(handle) noexcept override {}
  void accept_start(operation&, handle) override {}
  void connect(operation&, handle, const address&) override {}
  void recv_start(operation&, handle) override {}
  void recv(operation&, handle, std::span<std::byte>) override {}
  void send(operation&, handle, std::span<const iovec>) override {}
  void recv_from(operation&, handle, std::span<std::byte>, address&) override {}
  void send_to(operation&, handle, std::span<const std::byte>, const address&) override {}
  void read_at(operation&, handle, std::span<std::byte>, std::uint64_t) override {}
  void write_at(operation&, handle, std::span<const std::byte>, std::uint64_t) override {}
  void sync(operation&, handle) override {}
  void poll(operation&, int, short) override {}
  void offload(operation&, void (*)(operation&) noexcept) override {}
  void cancel(operation&) noexcept override {}
  unsigned wait(mono_time) override { return 0; }
  mono_time now() const noexcept override { return {}; }
  wall_time date() const noexcept override { return {}; }
  void wake() noexcept override { wakes.release(); }

  std::counting_semaphore<> wakes{0};
};

struct job : operation {
  std::binary_semaphore* started = nullptr;
  std::binary_semaphore* go_on = nullptr;
  std::thread::id ran_on;
  bool signals_blocked = false;
  int runs = 0;  // not atomic: the pool must order it
};

void run(operation& op) noexcept {
  auto& self = static_cast<job&>(op);
  if (self.started != nullptr) self.started->release();
  if (self.go_on != nullptr) self.go_on->acquire();
  self.ran_on = std::this_thread::get_id();
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  self.signals_blocked = sigismember(&mask, SIGTERM) == 1;
  ++self.runs;
}

/// Waits for `count` operations to come back.
std::vector<operation*> collect(woken_backend& owner, offload_pool& pool, std::size_t count) {
  std::vector<operation*> all;
  while (all.size() < count) {
    owner.wakes.acquire();
    for (operation* op = pool.take_finished(); op != nullptr; op = op->next) all.push_back(op);
  }
  return all;
}

TEST(offload_pool, RunsWorkOnAnotherThreadAndGivesItBack) {
  woken_backend owner;
  offload_pool pool(owner);
  EXPECT_EQ(pool.take_finished(), nullptr);
  job one;
  pool.submit(one, run);
  EXPECT_EQ(collect(owner, pool, 1), std::vector<operation*>{&one});
  EXPECT_EQ(one.runs, 1);
  EXPECT_NE(one.ran_on, std::this_thread::get_id());
  EXPECT_EQ(pool.take_finished(), nullptr);
}

TEST(offload_pool, LeavesSignalsToTheOtherThreads) {
  woken_backend owner;
  offload_pool pool(owner);
  job one;
  pool.submit(one, run);
  collect(owner, pool, 1);
  EXPECT_TRUE(one.signals_blocked);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

TEST(offload_pool, RunsEachOfManyOnceOnABoundedNumberOfThreads) {
  woken_backend owner;
  offload_pool pool(owner, 3);
  std::vector<job> jobs(1000);
  for (job& each : jobs) pool.submit(each, run);
  const auto finished = collect(owner, pool, jobs.size());
  EXPECT_EQ(std::set<operation*>(finished.begin(), finished.end()).size(), jobs.size());
  std::set<std::thread::id> threads;
  for (const job& each : jobs) {
    EXPECT_EQ(each.runs, 1);
    threads.insert(each.ran_on);
  }
  EXPECT_LE(threads.size(), 3U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(offload_pool, RunsAsManyAtOnceAsThereAreThreads) {
  static std::barrier<> all_running(4);  // passed only by four threads at a time
  woken_backend owner;
  offload_pool pool(owner, 4);
  std::vector<job> jobs(4);
  for (job& each : jobs) {
    pool.submit(each, [](operation&) noexcept { all_running.arrive_and_wait(); });
  }
  EXPECT_EQ(collect(owner, pool, 4).size(), 4U);
}

TEST(offload_pool, AWorkThatIsDoneCanBeSubmittedAgain) {
  woken_backend owner;
  offload_pool pool(owner, 1);
  job one;
  for (int i = 1; i <= 100; ++i) {
    pool.submit(one, run);
    collect(owner, pool, 1);
    ASSERT_EQ(one.runs, i);
  }
}

TEST(offload_pool, WithdrawsOnlyWhatHasNotStarted) {
  woken_backend owner;
  offload_pool pool(owner, 1);
  std::binary_semaphore started{0};
  std::binary_semaphore go_on{0};
  job running;
  running.started = &started;
  running.go_on = &go_on;
  job waiting;
  pool.submit(running, run);
  pool.submit(waiting, run);
  started.acquire();
  EXPECT_FALSE(pool.withdraw(running));
  EXPECT_TRUE(pool.withdraw(waiting));
  EXPECT_FALSE(pool.withdraw(waiting));
  go_on.release();
  EXPECT_EQ(collect(owner, pool, 1), std::vector<operation*>{&running});
  EXPECT_FALSE(pool.withdraw(running));
  EXPECT_EQ(waiting.runs, 0);
}

TEST(offload_pool, ItsEndWaitsForWhatRuns) {
  woken_backend owner;
  std::binary_semaphore started{0};
  std::binary_semaphore go_on{0};
  job running;
  running.started = &started;
  running.go_on = &go_on;
  std::thread releaser;
  {
    offload_pool pool(owner, 1);
    pool.submit(running, run);
    started.acquire();
    releaser = std::thread([&go_on] { go_on.release(); });
  }
  EXPECT_EQ(running.runs, 1);
  releaser.join();
}

TEST(offload_pool, WithNoThreadToBeHadItRunsTheWorkItself) {
  woken_backend owner;
  offload_pool pool(owner, 0);
  job one;
  pool.submit(one, run);
  EXPECT_EQ(collect(owner, pool, 1), std::vector<operation*>{&one});
  EXPECT_EQ(one.ran_on, std::this_thread::get_id());
}

}  // namespace
}  // namespace ferrule::io
