#include "end_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "ferrule/app/run_service.hpp"
#include "ferrule/observe/log.hpp"
#include "option_values.hpp"

namespace ferrule {
namespace {

/// Of CLOCK_MONOTONIC.
std::chrono::nanoseconds steady_now() noexcept {
  timespec read{};
  ::clock_gettime(CLOCK_MONOTONIC, &read);
  return std::chrono::seconds(read.tv_sec) + std::chrono::nanoseconds(read.tv_nsec);
}

}  // namespace

end_watch::end_watch(crew& all, std::chrono::nanoseconds grace, std::string_view program)
    : all_(all), grace_(grace), program_(program) {
  ::sem_init(&changed_, 0, 0);
  watching_ = this;
  sigset_t everything;
  sigset_t before;
  ::sigfillset(&everything);
  ::pthread_sigmask(SIG_SETMASK, &everything, &before);  // the thread inherits it
  thread_ = std::thread([this] { watch(); });
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGTERM, SIGINT}) {
    ::sigaction(number, &action, nullptr);
    ::sigdelset(&before, number);  // or nothing but SIGKILL would end it
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

end_watch::~end_watch() {
  finished_ = true;
  ::sem_post(&changed_);
  thread_.join();
  // The semaphore stays: a signal may still come.
}

void end_watch::on_signal(int number) {
  if (watching_->signal_ != 0) ::_exit(128 + number);
  watching_->signal_ = number;
  ::sem_post(&watching_->changed_);
}

void end_watch::watch() noexcept {
  while (::sem_wait(&changed_) != 0) {
  }
  if (finished_) return;
  const auto asked = steady_now();
  all_.drain();
  if (wait_for_end()) return;
  const auto taken = std::chrono::floor<std::chrono::milliseconds>(steady_now() - asked);
  try {
    log(log_level::error, fmt::format("{} is ended by force, {} after it was asked to: {}",
                                      program_, duration_text(taken), all_.still_running()));
  } catch (...) {  // there is no memory for the words
    log(log_level::error, "ended by force, for it did not end in time");
  }
  flush_log();
  ::_exit(exit_code_forced);
}

/// Whether everything has ended in time.
bool end_watch::wait_for_end() noexcept {
  constexpr auto stood_still_after = std::chrono::milliseconds(200);
  auto end = steady_now() + std::min<std::chrono::nanoseconds>(grace_, std::chrono::hours(1000)) +
             forced_end_after;
  while (!finished_) {
    const auto late_by = wait_until(end);
    if (late_by < stood_still_after) break;
    end += late_by + forced_end_after;
  }
  return finished_;
}

/// Until everything has ended or `end` has come; returns how late it is.
std::chrono::nanoseconds end_watch::wait_until(std::chrono::nanoseconds end) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(end);
  const timespec until{seconds.count(), (end - seconds).count()};
  while (!finished_) {
    if (::sem_clockwait(&changed_, CLOCK_MONOTONIC, &until) != 0 && errno == ETIMEDOUT) break;
  }
  return steady_now() - end;
}

}  // namespace ferrule
