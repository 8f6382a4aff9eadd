// What only the io_uring backend has: a kernel that takes no submissions for want of memory.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <ctime>

#include "denied_calls.hpp"
#include "ferrule/io/backend.hpp"

namespace ferrule::io::suite {
namespace {

using namespace std::chrono_literals;

constexpr int not_granted = 77;

std::chrono::nanoseconds processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// What the backend has to submit by itself is enough for the kernel to refuse.
int sleep_while_nothing_is_taken(int error) {
  // Never destroyed: its end would have to be submitted.
  backend* const io = make_backend({.kind = backend_kind::uring}).io.release();
  if (io == nullptr) return not_granted;
  if (!deny_with_second_argument(SYS_io_uring_enter, error)) return 2;
  const std::chrono::nanoseconds used_before = processor_time();
  const mono_time until = io->now() + 100ms;
  if (io->wait(until) != 0) return 3;
  if (io->now() < until) return 4;
  if (processor_time() - used_before > 25ms) return 5;
  return 0;
}

TEST(uring_backend_test, SleepsWhileTheKernelHasNoMemoryToTakeSubmissions) {
  for (const int error : {EAGAIN, ENOMEM}) {
    const int code = exit_code_of([error] { return sleep_while_nothing_is_taken(error); });
    if (code == not_granted) GTEST_SKIP() << "no io_uring here";
    EXPECT_EQ(code, 0);
  }
}

}  // namespace
}  // namespace ferrule::io::suite
