#pragma once
// The end of the process: signals begin it, and no reactor or thread can put it off for ever.

#include <semaphore.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>

#include "crew.hpp"

namespace ferrule {

/// Turns the first SIGTERM or SIGINT into a drain of all workers; the second ends the process. Both
/// are unblocked, should whoever started it have had them blocked. Once the drain's grace and a
/// margin have passed the process ends whatever its workers do, for which a thread of its own
/// waits. If the process was stopped meanwhile, or the machine stood still, workers have another
/// margin. One a process. Made and destroyed on the main thread.
class end_watch {
 public:
  /// `all` must outlive it. Throws std::system_error when no thread can be started.
  end_watch(crew& all, std::chrono::nanoseconds grace, std::string_view program);
  end_watch(const end_watch&) = delete;
  end_watch& operator=(const end_watch&) = delete;
  /// Everything has ended in time.
  ~end_watch();

 private:
  static void on_signal(int number);
  void watch() noexcept;
  bool wait_for_end() noexcept;
  std::chrono::nanoseconds wait_until(std::chrono::nanoseconds end) noexcept;

  static inline end_watch* watching_ = nullptr;
  crew& all_;
  const std::chrono::nanoseconds grace_;
  const std::string_view program_;
  volatile std::sig_atomic_t signal_ = 0;  // the first that came
  std::atomic<bool> finished_{false};
  sem_t changed_;  // of which a signal handler may tell
  std::thread thread_;
};

}  // namespace ferrule
