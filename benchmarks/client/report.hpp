#pragma once
// What the clients say in the end: the same as bare-generator, so that scripts read all alike.

#include <time.h>

#include <chrono>
#include <cstdio>

namespace bench {

/// Counts from its making to `print`, the processor's time of the whole process included.
class call_report {
 public:
  void answered() noexcept { ++answered_; }

  void print() const {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    const auto count = static_cast<double>(answered_);
    std::printf(
        "{\"requests\":%zu,\"seconds\":%.3f,\"rate\":%.0f,\"client_us_per_request\":%.3f}\n",
        answered_, spent.count(), count / spent.count(), (cpu_us() - cpu_start_us_) / count);
  }

 private:
  static double cpu_us() noexcept {
    timespec cpu{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return static_cast<double>(cpu.tv_sec) * 1e6 + static_cast<double>(cpu.tv_nsec) * 1e-3;
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_start_us_ = cpu_us();
  std::size_t answered_ = 0;
};

}  // namespace bench
